// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/evidence"
)

// proofs serves EvidenceService.
type proofs struct {
	koogatev1.UnimplementedEvidenceServiceServer

	keys *evidence.Keys
}

// ListEvidenceKeys implements EvidenceService.
func (p *proofs) ListEvidenceKeys(context.Context, *koogatev1.ListEvidenceKeysRequest) (*koogatev1.ListEvidenceKeysResponse, error) {
	m := &koogatev1.ListEvidenceKeysResponse{}
	for i, k := range p.keys.Public() {
		m.Keys = append(m.Keys, &koogatev1.EvidenceKey{KeyId: k.ID, PublicKey: k.PEM(), Signs: i == 0 && p.keys.Signs()})
	}
	return m, nil
}
