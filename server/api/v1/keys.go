// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// keys serves KeyService.
type keys struct {
	koogatev1.UnimplementedKeyServiceServer

	sellers *seller.Keeper
}

// GetKey implements KeyService.
func (s *keys) GetKey(ctx context.Context, r *koogatev1.GetKeyRequest) (*koogatev1.GetKeyResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	k, err := s.sellers.Key(ctx, owner, r.GetKeyId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetKeyResponse{Key: keyOf(k)}, nil
}

// ListKeys implements KeyService.
func (s *keys) ListKeys(ctx context.Context, r *koogatev1.ListKeysRequest) (*koogatev1.ListKeysResponse, error) {
	l := list[seller.EndpointKey]{
		name: "keys",
		fields: fields{
			"endpoint": nil, "purpose": stored(koogatev1.KeyPurpose(0), prefixKeyPurpose), "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy),
		},
		read:  s.sellers.Keys,
		place: func(k seller.EndpointKey) store.Cursor { return store.Cursor{CreatedAt: k.CreatedAt, ID: k.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListKeysResponse{Keys: each(rows, keyOf), NextPageToken: next}, nil
}

// GetKeyStatus implements KeyService.
func (s *keys) GetKeyStatus(ctx context.Context, r *koogatev1.GetKeyStatusRequest) (*koogatev1.GetKeyStatusResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.sellers.KeyStatus(ctx, owner, r.GetEndpoint())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetKeyStatusResponse{Keys: each(rows, func(x seller.KeyStatus) *koogatev1.KeyStatus {
		return &koogatev1.KeyStatus{Key: keyOf(x.EndpointKey), Verdict: keyVerdict(x.Verdict), SafeTime: timestamp(x.SafeAt)}
	})}, nil
}

// CreateKey implements KeyService.
func (s *keys) CreateKey(ctx context.Context, r *koogatev1.CreateKeyRequest) (*koogatev1.CreateKeyResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	k, secret, err := s.sellers.CreateKey(ctx, seller.NewKey{
		Seller: owner, Endpoint: r.GetEndpoint(), Use: keyUse(r.GetPurpose()), Secret: seller.Secret(r.GetSecret()),
		NotBefore: timeOf(r.GetStartTime()), NotAfter: timeOf(r.GetEndTime()),
	})
	if err != nil {
		return nil, err
	}
	made := &koogatev1.CreateKeyResponse{Key: keyOf(k)}
	if r.GetSecret() == "" {
		made.Secret = secret.Reveal()
	}
	return made, nil
}

// RetireKey implements KeyService.
func (s *keys) RetireKey(ctx context.Context, r *koogatev1.RetireKeyRequest) (*koogatev1.RetireKeyResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	k, err := s.sellers.RetireKey(ctx, seller.Retirement{
		Seller: owner, ID: r.GetKeyId(), End: timeOf(r.GetEndTime()), Force: r.GetForce(), Etag: r.GetEtag(),
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.RetireKeyResponse{Key: keyOf(k)}, nil
}

// DeleteKey implements KeyService.
func (s *keys) DeleteKey(ctx context.Context, r *koogatev1.DeleteKeyRequest) (*koogatev1.DeleteKeyResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.sellers.DeleteKey(ctx, owner, r.GetKeyId(), r.GetEtag()); err != nil {
		return nil, err
	}
	return &koogatev1.DeleteKeyResponse{}, nil
}

func keyOf(k seller.EndpointKey) *koogatev1.Key {
	return &koogatev1.Key{
		KeyId: k.ID, Seller: k.Seller, Endpoint: k.Owner, Purpose: keyPurpose(k.Use), State: keyState(k.State), ManagedBy: managedBy(k.ManagedBy),
		StartTime: timestamp(k.NotBefore), EndTime: timestamp(k.NotAfter), LastUseTime: timestamp(k.LastUsedAt), CreateTime: timestamp(k.CreatedAt),
		UpdateTime: timestamp(k.UpdatedAt), Etag: seller.Etag(k.Version),
	}
}

func keyPurpose(u store.KeyUseKind) koogatev1.KeyPurpose {
	return koogatev1.KeyPurpose(koogatev1.KeyPurpose_value[prefixKeyPurpose+string(u)])
}

func keyUse(p koogatev1.KeyPurpose) store.KeyUseKind {
	return store.KeyUseKind(p.String()[len(prefixKeyPurpose):])
}

func keyState(s seller.KeyState) koogatev1.KeyState {
	return koogatev1.KeyState(koogatev1.KeyState_value[prefixKeyState+string(s)])
}

func keyVerdict(v seller.KeyVerdict) koogatev1.KeyVerdict {
	return koogatev1.KeyVerdict(koogatev1.KeyVerdict_value[prefixKeyVerdict+string(v)])
}

func managedBy(m store.ManagedBy) koogatev1.ManagedBy {
	return koogatev1.ManagedBy(koogatev1.ManagedBy_value[prefixManagedBy+string(m)])
}
