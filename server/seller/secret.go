// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a text that is never printed: every verb, slog and every encoder show "[redacted]".
type Secret string

// newSecret makes a secret of 52 characters.
func newSecret() Secret { return Secret(rand.Text() + rand.Text()) }

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the texts of several secrets.
func Reveal(list []Secret) []string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.Reveal()
	}
	return texts
}
