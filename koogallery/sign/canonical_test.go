// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"empty", ` { } `, `{}`},
		{"published bodies are canonical", newInstanceBody, newInstanceBody},
		{"sorted", `{"b":1,"a":2}`, `{"a":2,"b":1}`},
		{"prefix first", `{"ab":1,"a":2,"":3}`, `{"":3,"a":2,"ab":1}`},
		{"upper case before lower case", `{"a":1,"B":2}`, `{"B":2,"a":1}`},
		{"white space", "\t{\r\n\"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : 3 } }\n", `{"a":[1,2],"b":{"c":3}}`},
		{"top-level null dropped", `{"a":null,"b":1}`, `{"b":1}`},
		{"only nulls", `{"a":null}`, `{}`},
		{"nested null kept", `{"a":{"x":null},"b":[null]}`, `{"a":{"x":null},"b":[null]}`},
		{"nested order kept", `{"p":{"z":1,"a":[{"y":1,"b":2}]}}`, `{"p":{"z":1,"a":[{"y":1,"b":2}]}}`},
		{"number text kept", `{"a":1.0,"b":1e3,"c":-0,"d":0.10E+2,"e":12345678901234567890123}`, `{"a":1.0,"b":1e3,"c":-0,"d":0.10E+2,"e":12345678901234567890123}`},
		{"literals", `{"a":true,"b":false}`, `{"a":true,"b":false}`},
		{"no HTML escaping", `{"a":"<a href='x'>&amp;</a>"}`, `{"a":"<a href='x'>&amp;</a>"}`},
		{"HTML escapes undone", `{"a":"\u003c\u003E\u0026"}`, `{"a":"<>&"}`},
		{"escapes of letters undone", `{"a":"\u00e9\u4e2d\u6587\u0041"}`, `{"a":"é中文A"}`},
		{"surrogate pair", `{"a":"\ud83d\uDE00"}`, `{"a":"😀"}`},
		{"solidus", `{"a":"https:\/\/x"}`, `{"a":"https://x"}`},
		{"short escapes", `{"a":"\u0008\u0009\u000a\u000C\u000d\u0022\u005c"}`, `{"a":"\b\t\n\f\r\"\\"}`},
		{"control characters in upper case", `{"a":"\u0000\u001f\u000b"}`, `{"a":"\u0000\u001F\u000B"}`},
		{"DEL and line separators are plain", `{"a":"\u007f\u2028"}`, "{\"a\":\"\u007f\u2028\"}"},
		{"escaped names are compared decoded", `{"\u0062":1,"a":2}`, `{"a":2,"b":1}`},
		{"last wins", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"last wins, spelt differently", `{"a":1,"\u0061":2}`, `{"a":2}`},
		{"last wins, null", `{"a":1,"a":null}`, `{}`},
		{"last wins over null", `{"a":null,"a":1}`, `{"a":1}`},
		{"nested: first position, last value", `{"p":{"x":1,"y":2,"x":3}}`, `{"p":{"x":3,"y":2}}`},
		{"UTF-16 order as in Java", "{\"\uff5e\":1,\"😀\":2,\"\ud7ff\":3}", "{\"\ud7ff\":3,\"😀\":2,\"\uff5e\":1}"},
		{"UTF-16 order inside a common lead", "{\"é\":1,\"è\":2}", "{\"è\":2,\"é\":1}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := []byte(tt.in)
			got, err := sign.Canonical(in)
			if err != nil || string(got) != tt.want {
				t.Fatalf("Canonical = %s, %v; want %s", got, err, tt.want)
			}
			if string(in) != tt.in {
				t.Error("input was changed")
			}
			again, err := sign.Canonical(got)
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("not idempotent: %s, %v", again, err)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in string }{
		{"empty", ""}, {"blank", " "}, {"array", "[]"}, {"string", `"a"`}, {"null", "null"},
		{"byte order mark", "\ufeff{}"}, {"trailing", "{}x"}, {"two objects", "{}{}"}, {"NUL", "{}\x00"},
		{"open", `{`}, {"open member", `{"a"`}, {"no value", `{"a":`}, {"no colon", `{"a" 1}`}, {"comma", `{"a":1,}`},
		{"leading comma", `{,"a":1}`}, {"bare name", `{a:1}`}, {"single quotes", `{'a':1}`}, {"comment", `{/**/}`},
		{"open array", `{"a":[`}, {"array comma", `{"a":[1,]}`}, {"array no comma", `{"a":[1 2]}`},
		{"leading zero", `{"a":01}`}, {"plus", `{"a":+1}`}, {"dot", `{"a":.1}`}, {"dot end", `{"a":1.}`}, {"minus", `{"a":-}`},
		{"exponent", `{"a":1e}`}, {"exponent sign", `{"a":1e+-1}`}, {"NaN", `{"a":NaN}`}, {"Infinity", `{"a":-Infinity}`}, {"hex", `{"a":0x1}`},
		{"literal", `{"a":tru}`}, {"literal case", `{"a":True}`}, {"short literal", `{"a":n`},
		{"open string", `{"a":"`}, {"raw newline", "{\"a\":\"\n\"}"}, {"raw tab", "{\"a\":\"\t\"}"},
		{"unknown escape", `{"a":"\x"}`}, {"open escape", `{"a":"\`}, {"short hex", `{"a":"\u12"}`}, {"bad hex", `{"a":"\u12g4"}`},
		{"lone high surrogate", `{"a":"\ud800"}`}, {"lone low surrogate", `{"a":"\udc00"}`}, {"two high", `{"a":"\ud800\ud800"}`}, {"high then text", `{"a":"\ud800\n"}`},
		{"high then short", `{"a":"\ud800\u12"}`},
		{"invalid UTF-8", "{\"a\":\"\xff\"}"}, {"encoded surrogate", "{\"a\":\"\xed\xa0\x80\"}"}, {"overlong", "{\"a\":\"\xc0\xaf\"}"}, {"cut UTF-8", "{\"a\":\"\xe4\xb8"},
		{"nested bad member", `{"a":{"b":}}`}, {"nested open", `{"a":{`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.Canonical([]byte(tt.in))
			if got != nil || !errors.Is(err, sign.ErrJSON) {
				t.Errorf("Canonical = %q, %v; want ErrJSON", got, err)
			}
		})
	}
}

func TestCanonicalDepth(t *testing.T) {
	t.Parallel()
	arrays := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for name, tt := range map[string]struct {
		in   string
		want error
	}{
		"arrays at the limit":   {arrays(sign.MaxDepth - 1), nil},
		"arrays beyond":         {arrays(sign.MaxDepth), sign.ErrDepth},
		"objects at the limit":  {objects(sign.MaxDepth), nil},
		"objects beyond":        {objects(sign.MaxDepth + 1), sign.ErrDepth},
		"members beyond":        {`{` + strings.Repeat(`"":0,`, sign.MaxMembers) + `"":0}`, sign.ErrMembers},
		"members beyond below":  {`{"a":[{` + strings.Repeat(`"":0,`, sign.MaxMembers) + `"":0}]}`, sign.ErrMembers},
		"a million open arrays": {`{"a":` + strings.Repeat("[", 1_000_000), sign.ErrDepth},
	} {
		if _, err := sign.Canonical([]byte(tt.in)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// Allocation must stay in proportion to the input, whatever its shape.
// The test is not parallel, because it measures the whole process.
func TestCanonicalMemory(t *testing.T) { //nolint:paralleltest // see above
	const size = 64 << 10
	shapes := map[string]string{
		"many members": `{` + strings.Repeat(`"":0,`, sign.MaxMembers-1) + `"":0}`,
		"nested":       strings.Repeat(`{"a":`, sign.MaxDepth) + `"` + strings.Repeat("x", size) + `"` + strings.Repeat("}", sign.MaxDepth),
		"many objects": `{"a":[` + strings.Repeat(`{},`, size/3) + `{}]}`,
	}
	for name, in := range shapes {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := sign.Canonical([]byte(in))
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		allocated, limit := after.TotalAlloc-before.TotalAlloc, uint64(len(in))*2*sign.MaxDepth
		if allocated > limit {
			t.Errorf("%s: %d bytes allocated for %d of input, limit %d", name, allocated, len(in), limit)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		newInstanceBody, `{}`, `{"b":1,"a":{"d":[1,2.50,{"x":null}],"c":"\u00e9\ud83d\ude00\/"}}`,
		`{"a":1,"a":null,"\u0061":"<>&"}`, "{\"\uff5e\":1,\"😀\":2}", `{"a":"\u001f\b"}`, `{"a":-0.0e-1}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := sign.Canonical(in)
		if err != nil {
			if !errors.Is(err, sign.ErrJSON) {
				t.Fatalf("not a sentinel: %v", err)
			}
			return
		}
		if !json.Valid(in) {
			t.Fatalf("accepted invalid JSON %q", in)
		}
		if !json.Valid(got) {
			t.Fatalf("made invalid JSON %q of %q", got, in)
		}
		if len(got) > len(in) {
			t.Fatalf("grew from %d to %d", len(in), len(got))
		}
		again, err := sign.Canonical(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("not idempotent: %q then %q, %v", got, again, err)
		}
		assertSameMembers(t, in, got)
	})
}

// assertSameMembers compares with encoding/json as an independent reader.
func assertSameMembers(t *testing.T, in, got []byte) {
	t.Helper()
	var before, after map[string]json.RawMessage
	if json.Unmarshal(in, &before) != nil || json.Unmarshal(got, &after) != nil {
		t.Fatalf("encoding/json refuses %q or %q", in, got)
	}
	for name, value := range before {
		if string(value) == "null" {
			delete(before, name)
		}
	}
	if len(before) != len(after) {
		t.Fatalf("members differ: %q became %q", in, got)
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Fatalf("member %q lost: %q became %q", name, in, got)
		}
	}
}
