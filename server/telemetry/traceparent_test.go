// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

const goodTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTraceparent(t *testing.T) {
	for in, want := range map[string]string{
		goodTraceparent:                   goodTraceparent,
		goodTraceparent[:53] + "00":       goodTraceparent[:53] + "00",
		goodTraceparent[:53] + "ff":       goodTraceparent, // unknown flags are not passed on
		"01" + goodTraceparent[2:]:        goodTraceparent,
		"cc" + goodTraceparent[2:] + "-x": goodTraceparent,
		"cc" + goodTraceparent[2:] + "x":  "",
		goodTraceparent + "-x":            "",
		goodTraceparent + "\n":            "",
		"ff" + goodTraceparent[2:]:        "",
		"0g" + goodTraceparent[2:]:        "",
		goodTraceparent[:54]:              "",
		strings.ToUpper(goodTraceparent):  "",
		strings.Replace(goodTraceparent, "0af7651916cd43dd8448eb211c80319c", strings.Repeat("0", 32), 1): "",
		strings.Replace(goodTraceparent, "b7ad6b7169203331", strings.Repeat("0", 16), 1):                 "",
		strings.ReplaceAll(goodTraceparent, "-", "_"):                                                    "",
		"": "",
	} {
		if got := Traceparent(FromTraceparent(t.Context(), in)); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	ctx := UnderOrder(t.Context(), "demo", "CS1")
	if FromTraceparent(ctx, "nonsense") != ctx {
		t.Error("an invalid traceparent changes the context")
	}
	if !trace.SpanContextFromContext(FromTraceparent(ctx, goodTraceparent)).IsRemote() {
		t.Error("the parent is not remote")
	}
}

func FuzzFromTraceparent(f *testing.F) {
	f.Add(goodTraceparent)
	f.Add("cc" + goodTraceparent[2:] + "-x")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		ctx := FromTraceparent(t.Context(), s)
		out := Traceparent(ctx)
		if out == "" {
			return
		}
		if len(out) != len(goodTraceparent) || !strings.HasPrefix(s[2:], out[2:53]) {
			t.Fatalf("%q became %q", s, out)
		}
		if again := Traceparent(FromTraceparent(t.Context(), out)); again != out {
			t.Fatalf("%q became %q", out, again)
		}
	})
}
