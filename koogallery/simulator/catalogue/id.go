// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// The shape of ids.
const (
	MaxID      = 64        // characters of any id
	FirstLine  = "-000001" // ends the id of an order's first line
	SecondLine = "-000002"

	orderPrefix = "CS"
	stampLayout = "0601021504"
	tailLen     = 5
	exampleTail = "DEMO1"
)

// RandomID returns a string that nobody has returned before.
func RandomID() string { return rand.Text() }

// Token returns 64 upper-case hexadecimal characters, the shape of the
// marketplace's nonces (saas-v2 §1).
func Token(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// UUID returns a version 4 UUID, the shape of the marketplace's business ids.
func UUID(seed string) string {
	sum := sha256.Sum256([]byte("uuid\x00" + seed))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// OrderID returns CS, the minute in Beijing, and five letters or digits.
func OrderID(now time.Time, seed string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	sum := sha256.Sum256([]byte("order\x00" + seed))
	tail := make([]byte, tailLen)
	for i := range tail {
		tail[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return orderPrefix + now.In(beijing).Format(stampLayout) + string(tail)
}

// ExampleOrderID returns the order id of the examples, that of the minute.
func ExampleOrderID(now time.Time) string {
	return orderPrefix + now.In(beijing).Format(stampLayout) + exampleTail
}

// MinuteOf returns the minute that an order id names.
func MinuteOf(orderID string) (time.Time, error) {
	head := len(orderPrefix) + len(stampLayout)
	if len(orderID) < head {
		return time.Time{}, errors.New("no order id")
	}
	return time.ParseInLocation(stampLayout, orderID[len(orderPrefix):head], beijing)
}

// LicenseCode returns an authorisation code of License 2.0 (saas-v1 §5.1).
func LicenseCode(seed string) string {
	const digits = 30
	return "PL" + Token("code\x00" + seed)[:digits]
}

// IsOrderID tells whether id has the shape of an order id: CS, ten digits,
// letters or digits, at most 64 characters.
func IsOrderID(id string) bool {
	head := len(orderPrefix) + len(stampLayout)
	if len(id) <= head || len(id) > MaxID || id[:len(orderPrefix)] != orderPrefix {
		return false
	}
	for i := len(orderPrefix); i < len(id); i++ {
		c := id[i]
		digit := '0' <= c && c <= '9'
		letter := 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !digit && (i < head || !letter) {
			return false
		}
	}
	return true
}

// IsLineOf tells whether line is order, a hyphen and six digits.
func IsLineOf(line, order string) bool {
	rest, ok := strings.CutPrefix(line, order+"-")
	if !ok || len(rest) != len(FirstLine)-1 || len(line) > MaxID {
		return false
	}
	return strings.Trim(rest, "0123456789") == ""
}
