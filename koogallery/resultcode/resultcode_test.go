// SPDX-License-Identifier: Apache-2.0

package resultcode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// The table of saas-v2 §7, and the licence rows of saas-v1-and-license §7.
func TestCodes(t *testing.T) {
	t.Parallel()
	want := []string{
		"000000", "000001", "000002", "000003", "000004", "000005",
		"000100", "000101", "000102", "000103", "000104", "000105", "000106", "000107",
		"000900", "000901", "000902", "000903",
	}
	var got []string
	for _, c := range resultcode.All() {
		got = append(got, string(c))
		if !c.Known() || resultcode.Meaning(c) == "" || resultcode.MeaningZH(c) == "" {
			t.Errorf("%s has no meaning", c)
		}
		if resultcode.Meaning(c) == resultcode.Meaning("?") || resultcode.MeaningZH(c) == resultcode.MeaningZH("?") {
			t.Errorf("%s reads as unknown", c)
		}
		if c.Success() != (c == "000000") {
			t.Errorf("%s.Success() = %v", c, c.Success())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("codes %v, want %v", got, want)
	}
	if n := len(resultcode.Common()); n != 6 {
		t.Errorf("%d common codes", n)
	}
	if n := len(resultcode.Creation()); n != 8 {
		t.Errorf("%d creation codes", n)
	}
	if n := len(resultcode.License()); n != 4 {
		t.Errorf("%d license codes", n)
	}
	resultcode.Common()[0] = "changed"
	if resultcode.Common()[0] != resultcode.Success {
		t.Error("the list is shared")
	}
	if resultcode.Code("0000004").Known() || resultcode.Code("").Known() {
		t.Error("unknown codes are known")
	}
	if resultcode.Meaning("424242") == "" || resultcode.MeaningZH("424242") == "" {
		t.Error("unknown codes have an empty meaning")
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	prefix := "invalid request parameters: "
	room := resultcode.MaxMessage - len(prefix)
	tests := []struct {
		name, detail, want string
	}{
		{"none", "", "invalid request parameters"},
		{"blank", " \t\r\n ", "invalid request parameters"},
		{"only control", "\x00\x1b\u009f", "invalid request parameters"},
		{"detail", "instanceId is empty", prefix + "instanceId is empty"},
		{"line breaks", "a\r\nb\n\n\tc ", prefix + "a b c"},
		{"control", "a\x00b\x1b[31mc\u0085d", prefix + "ab[31mc d"},
		{"direction marks", "a\u202eb\u2066c\ufeffd", prefix + "abcd"},
		{"separators", "a\u2028b", prefix + "a b"},
		{"invalid UTF-8", "a\xff\xfeb", prefix + "ab"},
		{"Chinese", "实例不存在", prefix + "实例不存在"},
		{"exact", strings.Repeat("界", room), prefix + strings.Repeat("界", room)},
		{"one too many", strings.Repeat("界", room+1), prefix + strings.Repeat("界", room)},
		{"two units each", strings.Repeat("😀", 1000), prefix + strings.Repeat("😀", room/2)},
		{"huge", strings.Repeat("x", 10_000_000), prefix + strings.Repeat("x", room)},
		{"no blank at the cut", strings.Repeat("x", room-1) + " y", prefix + strings.Repeat("x", room-1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := resultcode.Message(resultcode.InvalidParam, tt.detail); got != tt.want {
				t.Errorf("Message = %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("000000", "")
	f.Add("000002", "a\r\nb")
	f.Add("zz", strings.Repeat("😀 ", 300))
	f.Add("000005", "\xff\u202e\x00")
	f.Fuzz(func(t *testing.T, code, detail string) {
		got := resultcode.Message(resultcode.Code(code), detail)
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > resultcode.MaxMessage {
			t.Fatalf("Message(%q, %q) = %q", code, detail, got)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("control character in %q", got)
		}
	})
}

func ExampleMessage() {
	fmt.Println(resultcode.Message(resultcode.Success, ""))
	fmt.Println(resultcode.Message(resultcode.InvalidParam, "instanceId is empty"))
	// Output:
	// success
	// invalid request parameters: instanceId is empty
}
