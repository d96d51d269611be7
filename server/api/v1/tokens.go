// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"strings"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

const prefixScope = "SCOPE_"

// tokens serves TokenService.
type tokens struct {
	koogatev1.UnimplementedTokenServiceServer

	sellers *seller.Keeper
}

// GetToken implements TokenService.
func (s *tokens) GetToken(ctx context.Context, r *koogatev1.GetTokenRequest) (*koogatev1.GetTokenResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.sellers.Token(ctx, owner, r.GetTokenId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetTokenResponse{Token: bearerOf(t)}, nil
}

// ListTokens implements TokenService.
func (s *tokens) ListTokens(ctx context.Context, r *koogatev1.ListTokensRequest) (*koogatev1.ListTokensResponse, error) {
	l := list[seller.BearerToken]{
		name: "tokens", fields: fields{"name": nil, "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy)}, read: s.sellers.Tokens,
		place: func(t seller.BearerToken) store.Cursor { return store.Cursor{CreatedAt: t.CreatedAt, ID: t.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListTokensResponse{Tokens: each(rows, bearerOf), NextPageToken: next}, nil
}

// CreateToken implements TokenService.
func (s *tokens) CreateToken(ctx context.Context, r *koogatev1.CreateTokenRequest) (*koogatev1.CreateTokenResponse, error) {
	p, ok := access.From(ctx)
	if !ok || p.Seller == "" {
		return nil, errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
	}
	if r.GetEndTime() != nil && r.GetEndTime().CheckValid() != nil {
		return nil, errs.BadField("end_time", "is no time")
	}
	t := seller.Token{Name: r.GetName(), Queues: r.GetQueues()}
	for _, scope := range r.GetScopes() {
		t.Scopes = append(t.Scopes, strings.ToLower(strings.TrimPrefix(scope.String(), prefixScope)))
	}
	x, made, err := s.sellers.CreateToken(ctx, p, t, timeOf(r.GetEndTime()), r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	answer := &koogatev1.CreateTokenResponse{Token: bearerOf(x), Secret: made.Reveal()}
	if r.GetValidateOnly() {
		answer.Token.TokenId, answer.Token.Etag = "", ""
	}
	return answer, nil
}

// DeleteToken implements TokenService.
func (s *tokens) DeleteToken(ctx context.Context, r *koogatev1.DeleteTokenRequest) (*koogatev1.DeleteTokenResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetTokenId(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	if err := s.sellers.EndToken(ctx, a, r.GetForce()); err != nil {
		return nil, err
	}
	return &koogatev1.DeleteTokenResponse{}, nil
}

func bearerOf(t seller.BearerToken) *koogatev1.Token {
	m := &koogatev1.Token{
		TokenId: t.ID, Seller: t.Seller, Name: t.Name, Queues: t.Queues, State: keyState(t.State), ManagedBy: managedBy(t.ManagedBy),
		EndTime: timestamp(t.NotAfter), LastUseTime: timestamp(t.LastUsedAt), CreateTime: timestamp(t.CreatedAt),
		UpdateTime: timestamp(t.UpdatedAt), Etag: seller.Etag(t.Version),
	}
	for _, scope := range t.Scopes {
		m.Scopes = append(m.Scopes, koogatev1.Scope(koogatev1.Scope_value[prefixScope+strings.ToUpper(string(scope))]))
	}
	return m
}
