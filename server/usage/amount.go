// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/koogate/koogate/store"
)

// scale is how many units make one.
const scale = 10000

// maxAmount is the greatest amount of one record: 8 digits before and 4 behind the point (open-apis §3.1, Double(12,4)).
const maxAmount store.Units = 99_999_999_9999

// ParseAmount reads a decimal of 1 to 8 digits before and at most 4 behind the point, exactly; ok is false for anything
// else: no sign, no exponent, no blanks.
func ParseAmount(text string) (amount store.Units, ok bool) {
	whole, fraction, point := strings.Cut(text, ".")
	if len(whole) < 1 || len(whole) > 8 || len(fraction) > 4 || point && fraction == "" || !digits(whole) || !digits(fraction) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+fraction+"0000"[len(fraction):], 10, 64)
	return store.Units(n), err == nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// FormatAmount writes an amount without zeros at its end: 12.5, 0.0001, 7.
func FormatAmount(amount store.Units) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	text := sign + strconv.FormatInt(int64(amount/scale), 10)
	if rest := amount % scale; rest != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%04d", rest), "0")
	}
	return text
}
