// SPDX-License-Identifier: Apache-2.0

package decimal_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/store"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]store.Units{
		"0": 0, "1": 10_000, "007": 70_000, "0.0001": 1, "12.5": 125_000, "1.50": 15_000, "1.2345": 12_345,
		"99999999.9999": decimal.Max, "0.1": 1000, "0.3": 3000,
	} {
		if got, err := decimal.Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", ".", ".5", "1.", "-1", "+1", "1e3", " 1", "1 ", "1,5", "123456789", "1.23456", "1.2.3", "0x1", "１", "NaN", "1_0",
	} {
		if got, err := decimal.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", text, got)
		}
	}
}

func TestFormat(t *testing.T) {
	for u, want := range map[store.Units]string{
		0: "0", 1: "0.0001", 10: "0.001", 10_000: "1", 125_000: "12.5", -1: "-0.0001", -25_000: "-2.5", decimal.Max: "99999999.9999",
		math.MaxInt64: "922337203685477.5807", math.MinInt64: "-922337203685477.5808",
	} {
		if got := decimal.Format(u); got != want {
			t.Errorf("Format(%d) = %q, want %q", int64(u), got, want)
		}
	}
}

// FuzzParse holds Parse to exact arithmetic, and Format to its inverse.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "1.5", "99999999.9999", "0.0001", "-1", "1e9", "00000001.10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := decimal.Parse(text)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok || exact.Cmp(big.NewRat(int64(u), 10_000)) != 0 {
			t.Fatalf("%q is not %d ten-thousandths", text, u)
		}
		again, err := decimal.Parse(decimal.Format(u))
		if err != nil || again != u {
			t.Fatalf("%q became %q and %d", text, decimal.Format(u), again)
		}
		if strings.HasSuffix(decimal.Format(u), ".") || u < 0 || u > decimal.Max {
			t.Fatalf("%q became %q", text, decimal.Format(u))
		}
	})
}
