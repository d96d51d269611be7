// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"testing"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", "订单 😀 a\u0301 é": "订单 😀 a\u0301 é", "a\nb\tc": `a\u000ab\u0009c`, "\x1b[0m": `\u001b[0m`, "\u202eabc\u2069": `\u202eabc\u2069`,
		"\u009b": `\u009b`, "\xff\xc4\xe3": `\xff\xc4\xe3`, "\ufffd": "\ufffd", "\u200d": "\u200d", "\x7f\x00\r": `\u007f\u0000\u000d`,
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := visible("a\n\tb\r", "\n\t"); got != "a\n\tb\\u000d" {
		t.Errorf("%q", got)
	}
	terminaltest.Tame(t, "the hostile text", Cell(terminaltest.Hostile))
}
