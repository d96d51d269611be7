// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/seal"
)

// t4 is the marketplace's own example (saas-v1 §11).
const t4 = "W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifSx7Im5hbWUiOiJ1c2VyTmFtZSIsInZhbHVlIjoiaHVhd2VpMTIzIn0seyJuYW1lIjoiY3VzdEVtYWlsIiwidmFsdWUiOiIxMjNAaHVhd2VpLmNvbSJ9XQ=="

func t4Params() []seal.Param {
	return []seal.Param{{"idNum", "352255555555656"}, {"userName", "huawei123"}, {"custEmail", "123@huawei.com"}}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestParseExtendParams(t *testing.T) {
	t.Parallel()
	const spread = `[{"name":"a","value":"??>>~~ÿÿ"}]` // both signs of either alphabet
	std, web := encoded(spread), base64.URLEncoding.EncodeToString([]byte(spread))
	if !strings.ContainsAny(std, "+") || !strings.ContainsAny(std, "/") {
		t.Fatal(std)
	}
	spreadParams := []seal.Param{{"a", "??>>~~ÿÿ"}}
	tests := []struct {
		name, in string
		want     []seal.Param
	}{
		{"T4", t4, t4Params()},
		{"no padding", strings.TrimRight(t4, "="), t4Params()},
		{"encoded once more", url.QueryEscape(t4), t4Params()},
		{"empty", "", nil},
		{"no parameters", encoded("[]"), nil},
		{"standard alphabet", std, spreadParams},
		{"URL alphabet", web, spreadParams},
		{"blanks for plus signs", strings.ReplaceAll(std, "+", " "), spreadParams},
		{"plus signs encoded once more", url.QueryEscape(std), spreadParams},
		{"white space", encoded(" [ { \"name\" : \"a\" ,\n \"value\" : \"b\" } ] \n"), []seal.Param{{"a", "b"}}},
		{"number as written", encoded(`[{"name":"a","value":1.50}]`), []seal.Param{{"a", "1.50"}}},
		{"truth", encoded(`[{"name":"a","value":true},{"name":"b","value":false}]`), []seal.Param{{"a", "true"}, {"b", "false"}}},
		{"null", encoded(`[{"name":"a","value":null}]`), []seal.Param{{"a", "null"}}},
		{"object", encoded(`[{"name":"a","value":{ "b": [ 1, "<" ] }}]`), []seal.Param{{"a", `{"b":[1,"<"]}`}}},
		{"array", encoded(`[{"name":"a","value":[ ]}]`), []seal.Param{{"a", "[]"}}},
		{"absent value", encoded(`[{"name":"a"}]`), []seal.Param{{"a", ""}}},
		{"value first", encoded(`[{"value":"b","name":"a"}]`), []seal.Param{{"a", "b"}}},
		{"other members", encoded(`[{"x":{"name":"z"},"name":"a","value":"b","Value":"c","NAME":"d"}]`), []seal.Param{{"a", "b"}}},
		{"repeated member", encoded(`[{"name":"a","value":"b","value":"c"}]`), []seal.Param{{"a", "c"}}},
		{"repeated parameter", encoded(`[{"name":"a","value":"b"},{"name":"a","value":"c"}]`), []seal.Param{{"a", "b"}, {"a", "c"}}},
		{"escapes", encoded(`[{"name":"\u0061","value":"\u5f20\"\/"}]`), []seal.Param{{"a", `张"/`}}},
		{"100 parameters", encoded("[" + strings.Repeat(`{"name":"a","value":""},`, 99) + `{"name":"a"}]`), slices.Repeat([]seal.Param{{"a", ""}}, 100)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := seal.ParseExtendParams(tt.in)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Fatalf("ParseExtendParams = %v, %v; want %v", got, err, tt.want)
			}
			again, err := seal.ParseExtendParams(seal.FormatExtendParams(got))
			if err != nil || !slices.Equal(again, got) {
				t.Errorf("round trip: %v, %v; want %v", again, err, got)
			}
		})
	}
	if got := seal.FormatExtendParams(t4Params()); got != t4 {
		t.Errorf("FormatExtendParams = %s, want %s", got, t4)
	}
}

func TestParseExtendParamsRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"not Base64":        "!",
		"blank":             " ",
		"cut Base64":        "A",
		"padding inside":    "AA==AAAA",
		"much padding":      t4 + "=",
		"bad escape":        "%zz",
		"encoded thrice":    url.QueryEscape(url.QueryEscape(t4)),
		"not JSON":          encoded("x"),
		"nothing":           encoded(" "),
		"cut":               encoded(`[{"name":"a","value":"b"}`),
		"trailing":          encoded(`[]]`),
		"two arrays":        encoded(`[][]`),
		"trailing comma":    encoded(`[{"name":"a"},]`),
		"object":            encoded(`{"name":"a","value":"b"}`),
		"null":              encoded(`null`),
		"text":              encoded(`"x"`),
		"element null":      encoded(`[null]`),
		"element text":      encoded(`["name"]`),
		"element array":     encoded(`[[]]`),
		"no name":           encoded(`[{"value":"b"}]`),
		"name in capitals":  encoded(`[{"Name":"a"}]`),
		"name null":         encoded(`[{"name":null}]`),
		"name a number":     encoded(`[{"name":1}]`),
		"not UTF-8":         encoded("[{\"name\":\"\xff\"}]"),
		"byte order mark":   encoded("\ufeff[]"),
		"101 parameters":    encoded("[" + strings.Repeat(`{"name":"a"},`, 100) + `{"name":"a"}]`),
		"more than 8192":    strings.Repeat("A", 8193),
		"deeply nested":     encoded(strings.Repeat("[", 6000)),
		"deeply nested too": encoded(`[{"name":"a","value":` + strings.Repeat("[", 6000)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := seal.ParseExtendParams(in); got != nil || !errors.Is(err, seal.ErrParams) {
				t.Errorf("ParseExtendParams = %v, %v; want ErrParams", got, err)
			}
		})
	}
}

func TestPlatformParams(t *testing.T) {
	t.Parallel()
	want := map[string]string{"tenantName": "张三", "tennantId": "t-1", "userId": "12"}
	for _, tt := range []struct {
		name string
		in   []seal.Param
		want map[string]string
	}{
		{"text", []seal.Param{{"a", "b"}, {"platformParams", `{"tenantName":"张三","tennantId":"t-1","userId":12}`}}, want},
		{"first one", []seal.Param{{"platformParams", `{"a":"1"}`}, {"platformParams", `{"a":"2"}`}}, map[string]string{"a": "1"}},
		{"empty object", []seal.Param{{"platformParams", `{}`}}, map[string]string{}},
		{"none", t4Params(), nil},
		{"no parameters", nil, nil},
		{"not JSON", []seal.Param{{"platformParams", `x`}}, nil},
		{"array", []seal.Param{{"platformParams", `[]`}}, nil},
		{"trailing", []seal.Param{{"platformParams", `{}{}`}}, nil},
		{"huge", []seal.Param{{"platformParams", `{"a":"` + strings.Repeat("x", 8192) + `"}`}}, nil},
	} {
		if got := seal.PlatformParams(tt.in); !maps.Equal(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	got, err := seal.ParseExtendParams(encoded(`[{"name":"platformParams","value":"{\"tenantName\":\"张三\",\"tennantId\":\"t-1\",\"userId\":\"12\"}"}]`))
	if err != nil || !maps.Equal(seal.PlatformParams(got), want) {
		t.Errorf("over the wire: %v, %v", got, err)
	}
}

func TestAllocationExtendParams(t *testing.T) { //nolint:paralleltest // measures the process
	fill := func(open, part, end string) string {
		return encoded(open + strings.Repeat(part, (6100-len(open)-len(end))/len(part)) + end)
	}
	for name, in := range map[string]string{
		"one long value":  fill(`[{"name":"a","value":"`, "x", `"}]`),
		"escapes":         fill(`[{"name":"a","value":"`, `\u0001`, `"}]`),
		"a long number":   fill(`[{"name":"a","value":`, `1`, `}]`),
		"numbers":         fill(`[{"name":"a","value":[0`, `,0`, `]}]`),
		"other members":   fill(`[{"name":"a"`, `,"":0`, `}]`),
		"100 parameters":  encoded("[" + strings.Repeat(`{"name":"a"},`, 99) + `{"name":"a"}]`),
		"many parameters": fill("[", `{"name":"a"},`, `{"name":"a"}]`),
		"no names":        fill("[", `{},`, `{}]`),
		"open arrays":     fill("[", "[", ""),
		"too long":        strings.Repeat("A", 1<<20),
		"escaped":         strings.Repeat("%41", 2700),
		"blanks":          strings.Repeat(" ", 8192),
	} {
		checkAllocation(t, name, len(in), func() { _, _ = seal.ParseExtendParams(in) })
	}
}

func FuzzExtendParams(f *testing.F) {
	for _, seed := range []string{
		t4, url.QueryEscape(t4), encoded(`[{"name":"a","value":{"b":[1.50,null,true]}}]`), encoded(`[{"value":null,"name":"\ud800"}]`),
		encoded(`[{"name":"platformParams","value":"{\"userId\":1}"}]`), "", " ", "%", encoded("[{}]"), encoded("[[[["),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check := func(in string) {
			checkFuzzed(t, len(in), func() { _, _ = seal.ParseExtendParams(in) })
			got, err := seal.ParseExtendParams(in)
			if err != nil {
				if got != nil || !errors.Is(err, seal.ErrParams) {
					t.Fatalf("%v, not a sentinel: %v", got, err)
				}
				return
			}
			seal.PlatformParams(got)
			made := seal.FormatExtendParams(got)
			if len(made) > 8192 { // control characters grow
				return
			}
			again, err := seal.ParseExtendParams(made)
			if err != nil || !slices.Equal(again, got) {
				t.Fatalf("round trip: %q, %v; want %q", again, err, got)
			}
		}
		check(s)
		check(encoded(s))
	})
}
