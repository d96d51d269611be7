// SPDX-License-Identifier: Apache-2.0

package client

import (
	"fmt"
	"io"
)

// Secret is a text that prints as ***, whatever prints it: package fmt, log/slog or encoding/json.
type Secret string

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
