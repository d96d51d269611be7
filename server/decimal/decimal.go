// SPDX-License-Identifier: Apache-2.0

// Package decimal turns amounts between the text of the wire and [store.Units], exactly: no amount is ever a float.
package decimal

import (
	"errors"
	"strconv"
	"strings"

	"github.com/koogate/koogate/store"
)

// The bounds of an amount: the marketplace takes twelve digits, four of them behind the point (open-apis §3.1).
const (
	Digits = 8 // before the point
	Places = 4 // behind it
)

// Max is the largest amount that Parse returns, 99999999.9999.
const Max store.Units = 999_999_999_999

// ErrSyntax says that a text is no amount within the bounds.
var ErrSyntax = errors.New("decimal: want 1 to 8 digits and at most 4 more behind a point")

const scale = 10_000

// Parse reads an amount: 1 to 8 digits, and behind a point 1 to 4 more. No sign, no exponent, no spaces. Errors: ErrSyntax.
func Parse(text string) (store.Units, error) {
	whole, part, point := strings.Cut(text, ".")
	if len(whole) < 1 || len(whole) > Digits || point && len(part) < 1 || len(part) > Places {
		return 0, ErrSyntax
	}
	var units store.Units
	for _, digits := range []string{whole, part + "0000"[len(part):]} {
		for _, d := range []byte(digits) {
			if d < '0' || d > '9' {
				return 0, ErrSyntax
			}
			units = units*10 + store.Units(d-'0')
		}
	}
	return units, nil
}

// Format writes an amount of any size without needless zeros: "12.5", "3", "-0.0001".
func Format(u store.Units) string {
	sign, n := "", uint64(u)
	if u < 0 {
		sign, n = "-", -n // two's complement: right for the smallest number too
	}
	text := sign + strconv.FormatUint(n/scale, 10)
	if rest := n % scale; rest != 0 {
		text += "." + strings.TrimRight(strconv.FormatUint(scale+rest, 10)[1:], "0")
	}
	return text
}
