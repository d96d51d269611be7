// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"encoding/json"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// Opener opens what is sealed.
type Opener interface {
	Open(sealed []byte, context string) ([]byte, error)
}

// The contexts name the row by the digest of its whole key, so that what is sealed for one row opens at no other.
func secretContext(a store.Application) string { return "directory/secret/" + a.ID() }
func profileContext(u store.User) string       { return "directory/profile/" + u.ID() }

func (s *Service) seal(plain []byte, context string) ([]byte, error) {
	sealed, err := s.Sealer.Seal(plain, context)
	if err != nil {
		return nil, fault(err)
	}
	return sealed, nil
}

// sealProfile seals what is known of a person. An empty profile is kept empty.
func (s *Service) sealProfile(u store.User, p Profile) ([]byte, error) {
	if p == (Profile{}) {
		return nil, nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fault(err)
	}
	return s.seal(text, profileContext(u))
}

func (s *Service) openProfile(u store.User) (Profile, error) { return OpenProfile(s.Sealer, u) }

// OpenSecret returns the client secret of an application's row. Errors: INTERNAL.
func OpenSecret(s Opener, a store.Application) (string, error) {
	secret, err := s.Open(a.ClientSecret, secretContext(a))
	if err != nil {
		return "", fault(err)
	}
	return string(secret), nil
}

// OpenProfile returns what a user's row knows of the person. Errors: INTERNAL.
func OpenProfile(s Opener, u store.User) (p Profile, err error) {
	if u.Profile == nil {
		return Profile{}, nil
	}
	text, err := s.Open(u.Profile, profileContext(u))
	if err != nil {
		return Profile{}, fault(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return Profile{}, fault(err)
	}
	return p, nil
}

// fault is an internal failure, such as a key that is missing from the keyset.
func fault(cause error) error {
	return errs.Wrap(cause, errs.Internal, errs.InternalFault, "internal error")
}

// extraContext binds the members that the contract does not know to the tenant that their call is about.
func extraContext(k store.TenantKey) string {
	return evidence.TenantContext(k.Seller, k.InstanceID, k.TenantID)
}
