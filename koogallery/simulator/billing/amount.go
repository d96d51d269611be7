// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"errors"
	"strconv"
	"strings"
)

// Amount is an exact decimal with four digits behind the point, counted in
// ten-thousandths: 12.5 is 125000. In JSON it is a string.
type Amount int64

// Unit is 1 as an Amount.
const Unit Amount = 10_000

// Form of a usage value: a Double(12,4) of at most 20 characters (open-apis §3.1).
const (
	amountDecimals = 4
	amountWhole    = 8
	amountLen      = 20
)

var errAmount = errors.New("want a decimal with at most 8 digits before and 4 behind the point")

// ParseAmount reads digits with at most one point, no sign and no exponent: at
// most 12 digits, 4 of them behind the point.
func ParseAmount(s string) (Amount, error) {
	whole, decimals, point := strings.Cut(s, ".")
	if s == "" || len(s) > amountLen || whole == "" || (point && decimals == "") || strings.Trim(whole+decimals, "0123456789") != "" {
		return 0, errAmount
	}
	if len(decimals) > amountDecimals || len(strings.TrimLeft(whole, "0")) > amountWhole {
		return 0, errAmount
	}
	n, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", amountDecimals-len(decimals)), 10, 64)
	if err != nil {
		return 0, errAmount
	}
	return Amount(n), nil
}

// String prints a without superfluous zeros.
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -n
	}
	decimals := strconv.FormatUint(n%uint64(Unit), 10)
	text := sign + strconv.FormatUint(n/uint64(Unit), 10)
	if decimals == "0" {
		return text
	}
	return text + "." + strings.TrimRight(strings.Repeat("0", amountDecimals-len(decimals))+decimals, "0")
}

// MarshalText implements encoding.TextMarshaler with String.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseAmount.
func (a *Amount) UnmarshalText(text []byte) error {
	n, err := ParseAmount(string(text))
	if err == nil {
		*a = n
	}
	return err
}
