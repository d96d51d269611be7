// SPDX-License-Identifier: Apache-2.0

package rewrite_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/rewrite"
)

// Only what is changed is written anew.
func TestOnlyValuesChange(t *testing.T) {
	const text = " {\"b\" : \"x\", \"a\":[ \"x\", -1.50e3 , {\"x\":null,\"c\":\"\\u00e9\\/\"}, true,false,[] ],\"b\":{ } , \"n\":12} \n"
	const want = " {\"b\" : \"<y>\", \"a\":[ \"<y>\", -1.50e3 , {\"x\":null,\"C\":\"\\u00e9\\/\"}, true,false,[] ],\"b\":{ } , \"n\":7} \n"
	var seen []string
	got, err := rewrite.Edit([]byte(text), func(v rewrite.Value) string {
		seen = append(seen, v.Name+"="+v.Text)
		switch v.Text {
		case "x":
			return "<y>"
		case "12":
			return "7"
		}
		return v.Text
	}, func(name string) string { return strings.Replace(name, "c", "C", 1) })
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if all := strings.Join(seen, " "); all != "b=x a=x a=-1.50e3 c=é/ n=12" {
		t.Errorf("saw %s", all)
	}
	for _, bad := range []string{"", "{", `{"a":"` + "\xff" + `"}`, strings.Repeat("[", 70) + strings.Repeat("]", 70), "{} {}"} {
		if _, err := rewrite.Edit([]byte(bad), func(v rewrite.Value) string { return v.Text }, nil); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// Whatever comes in, nothing panics, and what nobody changes stays.
func FuzzEdit(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\"\\",null,{"b":{}}]}`))
	f.Add([]byte(`"x"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		same, err := rewrite.Edit(text, func(v rewrite.Value) string { return v.Text }, nil)
		if err == nil && !bytes.Equal(same, text) {
			t.Errorf("%q became %q", text, same)
		}
		other, err := rewrite.Edit(text, func(v rewrite.Value) string { return "1" + strings.TrimLeft(v.Text, "-0") }, nil)
		if err == nil && !json.Valid(other) && !bytes.ContainsAny(text, ".eE") {
			t.Errorf("%q became %q", text, other)
		}
	})
}
