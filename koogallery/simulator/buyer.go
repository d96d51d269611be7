// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// buyer is the invented customer of an order. It is shown in query order and
// nowhere else: printing and logging give a constant text. The number range is
// unassigned, the domain reserved.
type buyer struct {
	mobilePhone, email   string
	customerID, customer string
	userID, userName     string
}

// newBuyer derives a customer from a seed, the same one for the same seed.
func newBuyer(seed string) buyer {
	sum := sha256.Sum256([]byte("buyer\x00" + seed))
	n := binary.BigEndian.Uint64(sum[:8])
	number := n % 100_000_000
	return buyer{
		mobilePhone: fmt.Sprintf("154%08d", number),
		email:       fmt.Sprintf("buyer%08d@example.com", number),
		customerID:  hex.EncodeToString(sum[:16]),
		customer:    fmt.Sprintf("示例科技%04d有限公司", number%10_000),
		userID:      hex.EncodeToString(sum[16:]),
		userName:    fmt.Sprintf("demo_user_%04d", number%10_000),
	}
}

// Format implements fmt.Formatter and prints nothing of the content.
func (buyer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "buyer[redacted]") }

// LogValue implements slog.LogValuer with a constant text.
func (buyer) LogValue() slog.Value { return slog.StringValue("[redacted]") }
