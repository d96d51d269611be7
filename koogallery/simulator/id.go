// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

const (
	orderPrefix = "CS"
	firstLine   = "-000001"
	secondLine  = "-000002"
	tailLen     = 5
	maxID       = 64
	stampLayout = "0601021504"
)

// randomID is the default of Config.NewID.
func randomID() string { return rand.Text() }

// token returns 64 upper-case hexadecimal characters, the shape of the
// marketplace's nonces (saas-v2 §1).
func token(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// uuid returns a version 4 UUID, the shape of the marketplace's business ids.
func uuid(seed string) string {
	sum := sha256.Sum256([]byte("uuid\x00" + seed))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// orderID returns CS, the minute in Beijing, and five letters or digits.
func orderID(now time.Time, seed string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	sum := sha256.Sum256([]byte("order\x00" + seed))
	tail := make([]byte, tailLen)
	for i := range tail {
		tail[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return orderPrefix + now.In(beijing).Format(stampLayout) + string(tail)
}

// licenseCode returns an authorisation code of License 2.0 (saas-v1 §5.1).
func licenseCode(seed string) string {
	const digits = 30
	return "PL" + token("code\x00" + seed)[:digits]
}

// isOrderID tells whether id has the shape of an order id: CS, ten digits,
// letters or digits, at most 64 characters.
func isOrderID(id string) bool {
	head := len(orderPrefix) + len(stampLayout)
	if len(id) <= head || len(id) > maxID || id[:len(orderPrefix)] != orderPrefix {
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

// isLineOf tells whether line is order, a hyphen and six digits.
func isLineOf(line, order string) bool {
	rest, ok := strings.CutPrefix(line, order+"-")
	if !ok || len(rest) != len(firstLine)-1 || len(line) > maxID {
		return false
	}
	return strings.Trim(rest, "0123456789") == ""
}
