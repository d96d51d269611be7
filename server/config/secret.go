// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

const redacted = "[redacted]"

// maxSecretFile is the longest secret read from a file, in bytes.
const maxSecretFile = 4096

// Secret is a text of the configuration that is never printed: every verb, slog and every encoder show "[redacted]".
type Secret string

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

// readSecret reads a secret from a file, without the line break at its end. Errors do not quote the content.
func readSecret(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("a directory")
	case info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0: // who may read it is for checkOpen
		return "", fmt.Errorf("mode %04o lets everybody write it", info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(raw), "\r\n")
	switch {
	case len(raw) > maxSecretFile:
		return "", errors.New("longer than 4096 bytes")
	case text == "":
		return "", errors.New("the file is empty")
	}
	return Secret(text), nil
}

// reveal returns the texts of several secrets.
func reveal(list []Secret) []string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.Reveal()
	}
	return texts
}
