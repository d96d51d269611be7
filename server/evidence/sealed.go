// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"

	"github.com/koogate/koogate/store"
)

// FieldExtra is the member of an event's data that holds the digest of what is sealed beside the event. Events of earlier releases
// hold the sealed value itself, as extraSealed.
const FieldExtra = "extraDigest"

// saltSize is how many random bytes go before a sealed value, so that its digest gives nothing away once they are erased.
const saltSize = 32

// Sealer encrypts what must not be readable at rest.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Sealed is a value that an event keeps sealed beside it. As a member of the event's data it is its digest, which the chain
// commits to: so the value can be sealed anew under another key, or erased, and the chain still holds.
type Sealed struct {
	Digest string // SHA-256 over salt and value
	Text   []byte // salt and value, sealed
}

// MarshalJSON implements json.Marshaler.
func (s Sealed) MarshalJSON() ([]byte, error) { return json.Marshal(s.Digest) }

// Seal seals a value with a fresh salt.
func Seal(s Sealer, plain []byte, context string) (Sealed, error) {
	salted := make([]byte, saltSize, saltSize+len(plain))
	if _, err := rand.Read(salted); err != nil {
		return Sealed{}, errors.New("evidence: no randomness")
	}
	salted = append(salted, plain...)
	text, err := s.Seal(salted, context)
	return Sealed{Digest: digestOfSealed(salted), Text: text}, err
}

// Unseal opens what Seal returned for the same context and holds it to its digest.
func Unseal(s Sealer, text []byte, digest, context string) ([]byte, error) {
	salted, err := s.Open(text, context)
	if err != nil {
		return nil, err
	}
	if len(salted) < saltSize || digestOfSealed(salted) != digest {
		return nil, errors.New("evidence: the sealed value is not the one that the event was made with")
	}
	return salted[saltSize:], nil
}

func digestOfSealed(salted []byte) string {
	d := newDigester("koogate/sealed/1")
	d.text(string(salted))
	return d.hex()
}

// SealContext is the context that binds a sealed value to its event: the order, or for the directory's the tenant.
func SealContext(e *store.Event) string {
	var data struct {
		TenantID *string `json:"tenantId"`
	}
	if strings.HasPrefix(e.Kind, "directory.") && json.Unmarshal([]byte(e.Data), &data) == nil && data.TenantID != nil {
		return TenantContext(e.Seller, e.InstanceID, *data.TenantID)
	}
	return OrderContext(e.Seller, e.OrderID)
}

// OrderContext binds what is sealed beside an event to its order.
func OrderContext(seller, orderID string) string { return "event/" + seller + "/" + orderID }

// TenantContext binds what is sealed beside an event of the directory to its tenant.
func TenantContext(seller, instanceID, tenantID string) string {
	return "kit/" + seller + "/" + instanceID + "/" + tenantID
}

// digestIn is the digest that an event's data has of what is sealed beside it; empty when it has none.
func digestIn(e *store.Event) string {
	var data struct {
		Digest string `json:"extraDigest"`
	}
	if json.Unmarshal([]byte(e.Data), &data) != nil {
		return ""
	}
	return data.Digest
}
