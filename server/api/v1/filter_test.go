// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

var testFields = fields{"state": {"ACTIVE", "FROZEN"}, "order_id": nil, "queue": nil}

func TestFilter(t *testing.T) {
	for text, want := range map[string][]store.Term{
		"":                                     nil,
		"  \t ":                                nil,
		`state = "ACTIVE"`:                     {{Field: "state", Value: "ACTIVE"}},
		` state="ACTIVE"  `:                    {{Field: "state", Value: "ACTIVE"}},
		`order_id = ""`:                        {{Field: "order_id", Value: ""}},
		`order_id = "a\"\\"`:                   {{Field: "order_id", Value: `a"\`}},
		`order_id = "x AND y" AND queue = "q"`: {{Field: "order_id", Value: "x AND y"}, {Field: "queue", Value: "q"}},
		`order_id = "订单"AND queue="q"`:         {{Field: "order_id", Value: "订单"}, {Field: "queue", Value: "q"}},
		`queue = "` + strings.Repeat("好", 128) + `"`: {{Field: "queue", Value: strings.Repeat("好", 128)}},
	} {
		got, err := parseFilter(text, testFields)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestMalformedFilter(t *testing.T) {
	for text, part := range map[string]string{
		`seller = "x"`:                               "order_id, queue, state",
		`state`:                                      "followed by =",
		`state == "ACTIVE"`:                          "quoted",
		`state = ACTIVE`:                             "quoted",
		`state = "ACTIVE`:                            "closing quote",
		`state = "INSTANCE_STATE_ACTIVE"`:            "one of ACTIVE, FROZEN",
		`state = "active"`:                           "one of ACTIVE, FROZEN",
		`order_id = "a" OR queue = "b"`:              "joined by AND",
		`order_id = "a" and queue = "b"`:             "joined by AND",
		`order_id = "a" queue = "b"`:                 "joined by AND",
		`order_id = "a" AND`:                         "begins with",
		`AND order_id = "a"`:                         "begins with",
		`order_id = "a" ANDqueue = "b"`:              "joined by AND",
		`order_id="a" AND order_id="b"`:              "named twice",
		`order_id = "\n"`:                            "backslash",
		`order_id = "\`:                              "backslash",
		"order_id = \"a\nb\"":                        "control character",
		`queue = "` + strings.Repeat("x", 129) + `"`: "longer than",
		"queue = \"\xff\"":                           "longer than",
	} {
		_, err := parseFilter(text, testFields)
		var e *errs.Error
		if !errors.As(err, &e) || e.Reason != errs.FilterInvalid || e.Kind != errs.Invalid || !strings.Contains(e.Msg, part) {
			t.Errorf("%s: got %v, want FILTER_INVALID with %q", text, err, part)
		}
	}
}

// quote writes a value as the documents say.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestFilterRoundTrip(t *testing.T) {
	value := rapid.StringOfN(rapid.RuneFrom([]rune(`ab"\ =好AND`)), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		want := []store.Term{
			{Field: "queue", Value: value.Draw(t, "queue")}, {Field: "order_id", Value: value.Draw(t, "order")},
		}
		text := "queue = " + quote(want[0].Value) + " AND order_id = " + quote(want[1].Value)
		got, err := parseFilter(text, testFields)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s: got %v, %v; want %v", text, got, err, want)
		}
	})
}

func TestOrder(t *testing.T) {
	for text, desc := range map[string]bool{"": true, "create_time desc": true, " create_time  asc ": false} {
		if got, err := parseOrder(text); err != nil || got != desc {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"create_time", "id desc", "create_time DESC", "create_time desc, id asc", "desc create_time"} {
		var e *errs.Error
		if _, err := parseOrder(text); !errors.As(err, &e) || e.Reason != errs.FilterInvalid {
			t.Errorf("%q: got %v, want FILTER_INVALID", text, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`state = "ACTIVE" AND order_id = "a\"b\\"`)
	f.Add(`queue=""`)
	f.Add(`queue = "x" AND`)
	f.Add("queue = \"\xff\x00\"")
	f.Fuzz(func(t *testing.T, text string) {
		terms, err := parseFilter(text, testFields)
		if err != nil {
			var e *errs.Error
			if !errors.As(err, &e) || e.Reason != errs.FilterInvalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(terms) > len(testFields) {
			t.Fatalf("%d terms", len(terms))
		}
		var again []string
		for _, term := range terms {
			again = append(again, term.Field+"="+quote(term.Value))
		}
		back, err := parseFilter(strings.Join(again, " AND "), testFields)
		if err != nil || !slices.Equal(back, terms) {
			t.Fatalf("%q reads as %v, which reads back as %v, %v", text, terms, back, err)
		}
	})
}

func FuzzOrder(f *testing.F) {
	f.Add("")
	f.Add("create_time desc")
	f.Add("create_time,asc")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseOrder(text); err == nil {
			if w := strings.Join(strings.Fields(text), " "); w != "" && w != "create_time desc" && w != "create_time asc" {
				t.Fatalf("%q was accepted", text)
			}
		}
	})
}
