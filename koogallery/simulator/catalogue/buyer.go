// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// Buyer is the invented customer of an order. It is shown in query order and
// nowhere else: printing and logging give a constant text. The number range is
// unassigned, the domain reserved.
type Buyer struct {
	MobilePhone, Email   string
	CustomerID, Customer string
	UserID, UserName     string
}

// NewBuyer derives a customer from a seed, the same one for the same seed.
func NewBuyer(seed string) Buyer {
	sum := sha256.Sum256([]byte("buyer\x00" + seed))
	n := binary.BigEndian.Uint64(sum[:8])
	number := n % 100_000_000
	return Buyer{
		MobilePhone: fmt.Sprintf("154%08d", number),
		Email:       fmt.Sprintf("buyer%08d@example.com", number),
		CustomerID:  hex.EncodeToString(sum[:16]),
		Customer:    fmt.Sprintf("示例科技%04d有限公司", number%10_000),
		UserID:      hex.EncodeToString(sum[16:]),
		UserName:    fmt.Sprintf("demo_user_%04d", number%10_000),
	}
}

// Format implements fmt.Formatter and prints nothing of the content.
func (Buyer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "buyer[redacted]") }

// LogValue implements slog.LogValuer with a constant text.
func (Buyer) LogValue() slog.Value { return slog.StringValue("[redacted]") }
