// SPDX-License-Identifier: Apache-2.0

package production

import (
	"strconv"
	"strings"

	"github.com/koogate/koogate/server/errs"
)

// linear reads a quantity. The documents call it an integer; digits after a decimal point are dropped.
func linear(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" && fraction != "" {
		whole = "0"
	}
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return n, err == nil && n >= 0
}

// quantities reads the linear attributes of V1. value is the first that is given, amount before the others: that is the
// product's quantity (saas-v1 §1.1). Errors: INVALID_FIELD.
func quantities(amount, diskSize, bandWidth string) (value, disk, band int64, err error) {
	var numbers [3]int64
	found := false
	for i, q := range []struct{ field, text string }{{"amount", amount}, {"diskSize", diskSize}, {"bandWidth", bandWidth}} {
		n, ok := linear(q.text)
		if !ok {
			return 0, 0, 0, errs.BadField(q.field, "not a quantity")
		}
		numbers[i] = n
		if q.text != "" && !found {
			value, found = n, true
		}
	}
	return value, numbers[1], numbers[2], nil
}
