// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"strings"
	"testing"
)

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "1": "1", "0.0001": "0.0001", "12.50": "12.5", "99999999.9999": "99999999.9999", "007": "7", "00000000000000000001": "1", "1.0": "1",
	} {
		if got, err := ParseAmount(text); err != nil || got.String() != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "+1", "-1", "1e3", "1,5", " 1", "0x1", "1.00000", "100000000", strings.Repeat("0", 20) + "1", "١"} {
		if a, err := ParseAmount(text); err == nil {
			t.Errorf("%q: %v", text, a)
		}
	}
	for a, want := range map[Amount]string{-1: "-0.0001", -15000: "-1.5", 1<<63 - 1: "922337203685477.5807", -1 << 63: "-922337203685477.5808"} {
		if a.String() != want {
			t.Errorf("%d: %s", int64(a), a)
		}
	}
	var a Amount
	if err := a.UnmarshalText([]byte("1.5")); err != nil || a != 15000 || a.UnmarshalText([]byte("x")) == nil {
		t.Error(a, err)
	}
}
