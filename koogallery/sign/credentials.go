// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every printed form of a secret looks like.
const redacted = "[redacted]"

// Credentials are the keys of the open APIs (open-apis §6.4). They are not the
// access key that signs production-interface calls.
//
// Formatting with any verb, logging with slog and encoding as JSON show
// "[redacted]". The protection needs fmt to reach the methods: do not keep a
// value of this type in an unexported field of a struct that gets printed.
type Credentials struct {
	// AccessKey (AK) names the caller. Required, printable ASCII without comma or blank.
	AccessKey string

	// SecretKey (SK) is the HMAC key. Required.
	SecretKey string

	// SecurityToken accompanies temporary credentials and is sent in X-Security-Token. Optional.
	SecurityToken string
}

// Format implements fmt.Formatter and prints nothing of the content.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sign.Credentials"+redacted) }

// String returns a constant text.
func (Credentials) String() string { return "sign.Credentials" + redacted }

// GoString returns a constant text.
func (Credentials) GoString() string { return "sign.Credentials" + redacted }

// LogValue implements slog.LogValuer with a constant text.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a constant text.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

func (c Credentials) validate() error {
	if c.SecretKey == "" || !isToken(c.AccessKey) {
		return ErrCredentials
	}
	for i := range len(c.SecurityToken) {
		if b := c.SecurityToken[i]; b <= ' ' || b > '~' {
			return ErrCredentials
		}
	}
	return nil
}

// isToken reports whether s can stand in an Authorization parameter.
func isToken(s string) bool {
	if s == "" || len(s) > maxAccessKey {
		return false
	}
	for i := range len(s) {
		if b := s[i]; b <= ' ' || b > '~' || b == ',' {
			return false
		}
	}
	return true
}
