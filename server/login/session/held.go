// SPDX-License-Identifier: Apache-2.0

package session

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
)

// Held is what is kept of a login at the authentication centre. It is personal and secret, and is sealed wherever it rests.
type Held struct {
	Access   string          `json:"access,omitempty"`  // empty after a login by CAS
	Refresh  string          `json:"refresh,omitempty"` // empty where none came (third-reading T42)
	Until    time.Time       `json:"until,omitzero"`    // of Access
	TenantID string          `json:"tenantId"`
	Person   upstream.Person `json:"person"`
}

// String hides everything from every %v.
func (Held) String() string { return "[held]" }

// GoString hides everything from every %#v.
func (Held) GoString() string { return "[held]" }

// Sealer seals values for one place each; a vault is one.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// SealHeld seals for a context of [store.LoginSessionContext] or [store.LoginRequestContext].
func SealHeld(s Sealer, h Held, context string) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return s.Seal(text, context)
}

// OpenHeld opens what SealHeld has sealed. Nothing is Held's zero value.
func OpenHeld(s Sealer, sealed []byte, context string) (h Held, err error) {
	if len(sealed) == 0 {
		return h, nil
	}
	text, err := s.Open(sealed, context)
	if err != nil {
		return h, err
	}
	err = json.Unmarshal(text, &h)
	return h, err
}

// HeldOf opens what is held for a session.
func HeldOf(s Sealer, row *store.LoginSession) (Held, error) {
	return OpenHeld(s, row.Upstream, store.LoginSessionContext(row.ID))
}
