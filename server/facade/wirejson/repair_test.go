// SPDX-License-Identifier: Apache-2.0

package wirejson_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// Text that only describes is repaired and the repair is told without the text; what was sent stays beside where the field
// could not hold it.
func TestDescriptiveTextIsRepaired(t *testing.T) {
	long := strings.Repeat("名", 300)
	for name, c := range map[string]struct{ body, want, extra, repair string }{
		"half an emoji":      {`{"productInfo":{"productName":"a\ud83d"}}`, "a\ufffd", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"the other half":     {`{"productInfo":{"productName":"\ude00b"}}`, "\ufffdb", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"half, then a whole": {`{"productInfo":{"productName":"\ud83d\ud83d\ude00"}}`, "\ufffd😀", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"NUL":                {`{"productInfo":{"productName":"a\u0000b"}}`, "a\ufffdb", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"GBK":                {"{\"productInfo\":{\"productName\":\"\xc4\xe3\"}}", "\ufffd", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"mark":               {"\ufeff" + `{"productInfo":{"productName":"a"}}`, "a", "", "the body began with a byte order mark"},
		"text of JSON":       {`{"productInfo":"[{\"productName\":\"a\\ud83d\"}]"}`, "a\ufffd", "", "productInfo: productName: not valid text, U+FFFD in its place"},
		"too long":           {`{"productInfo":{"productName":"` + long + `"}}`, "", "", "productInfo: productName: longer than the contract, cut and kept whole beside"},
		"an object":          {`{"productInfo":{"productName":{"zh":"名"}}}`, "", "", "productInfo: productName: not a text, left out and kept beside"},
		"unknown members":    {"{\"x\":\"\xff\"}", "", "{\"x\":\"\ufffd\"}", "members that the contract does not know: not valid text, U+FFFD in its place"},
		"nothing":            {`{"productInfo":{"productName":"名😀"}}`, "名😀", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var o wirejson.Object
			var m productionv1.ChangeInstanceCheckRequest
			if err := o.Parse([]byte(c.body)); err != nil {
				t.Fatal(err)
			}
			if err := codec(t).Decode(&o, &m); err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(m.GetProductInfo()) > 0 {
				got = m.GetProductInfo()[0].GetProductName()
			}
			if c.want != "" && got != c.want || c.want == "" && strings.Contains(got, "zh") || c.extra != "" && m.GetExtraJson() != c.extra {
				t.Errorf("name %q, extra %q", got, m.GetExtraJson())
			}
			var want []string
			if c.repair != "" {
				want = []string{c.repair}
			}
			if !slices.Equal(o.Repairs(), want) {
				t.Errorf("repairs %q, want %q", o.Repairs(), want)
			}
			if strings.Contains(strings.Join(o.Repairs(), ""), "名") {
				t.Error("the text is told")
			}
			if o.Reset(); len(o.Repairs()) != 0 {
				t.Error("Reset keeps repairs")
			}
		})
	}
}

// What identifies or decides is taken as it was sent or refused.
func TestIdentifyingTextIsNeverRepaired(t *testing.T) {
	for _, text := range []string{`a\ud83d`, `\udc00`, `a\u0000b`, "a\xff"} {
		for _, body := range []string{
			`{"instanceId":"` + text + `"}`, `{"activity":"` + text + `"}`, `{"productInfo":{"productId":"` + text + `"}}`,
			`{"productInfo":{"linearValue":"` + text + `"}}`,
		} {
			var o wirejson.Object
			if err := o.Parse([]byte(body)); err != nil {
				t.Fatal(err)
			}
			err := codec(t).Decode(&o, new(productionv1.ChangeInstanceCheckRequest))
			if f := (*wirejson.FieldError)(nil); !errors.As(err, &f) || f.Msg != "must be valid text" {
				t.Errorf("%q: %v", body, err)
			}
		}
	}
}

// The user name of the Kit is a key; that of a purchase describes the buyer. One broken name costs nobody else.
func TestRepairsOfALongList(t *testing.T) {
	var o wirejson.Object
	var m productionv1.AuthSyncRequest
	if err := o.Parse([]byte(`{"userList":[{"userName":"a","name":"\ud83d"},{"userName":"b","name":"ok"}]}`)); err != nil {
		t.Fatal(err)
	}
	if err := kitCodec(t).Decode(&o, &m); err != nil {
		t.Fatal(err)
	}
	if l := m.GetUserList(); len(l) != 2 || l[0].GetName() != "\ufffd" || l[1].GetName() != "ok" || len(o.Repairs()) != 1 {
		t.Errorf("%v %q", l, o.Repairs())
	}
	if err := o.Parse([]byte(`{"userList":[{"userName":"a\ud83d"}]}`)); err != nil {
		t.Fatal(err)
	}
	m.Reset()
	if err := kitCodec(t).Decode(&o, &m); err != nil {
		t.Fatal(err)
	}
	if l := m.GetUserList(); len(l) != 1 || l[0].GetUserName() != "" { // its place is kept, and the handler passes it over
		t.Errorf("a key that is no text is taken: %v", l)
	}
}
