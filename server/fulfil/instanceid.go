// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// digestInstance is what the digests of instance IDs begin with, so that no other digest equals one.
const digestInstance = "koogate/instance/1"

// DerivedID is the instance ID that follows from the key of a creating line: a UUID of version 8 (RFC 9562) from a digest
// under the keyset. Whoever repeats the call after a restore, into whatever database, gets it again (ADR 29), and nobody
// without the keyset can tell it from a random one or make it up.
func (s *Service) DerivedID(k store.LineKey) (string, error) {
	digest, err := s.Sealer.Digest(digestInstance, k.Seller, k.OrderID, k.OrderLineID, k.ProductID)
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return store.UUID(digest), nil
}

// firstID is the instance ID that an admission tries first. The database decides: a line that was admitted before keeps the
// ID that it has, whatever the endpoint's rule was then or is at another replica.
func (s *Service) firstID(c NewInstance) (string, error) {
	if s.Given != nil {
		if id := s.Given(c.key()); id != "" {
			return id, nil
		}
	}
	if c.Endpoint.BusinessID {
		return c.BusinessID, nil
	}
	return s.DerivedID(c.key())
}
