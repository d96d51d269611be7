// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/store"
)

// errToken says that a token does not count, whatever the reason.
var errToken = errors.New("the token does not count")

// bearer is what a token stands for, as of now. Errors: errToken; all others are ours.
func (p *Provider) bearer(ctx context.Context, token string, kinds ...store.LoginGrantKind) (store.LoginGrant, store.LoginSession, gate.Right, error) {
	g, s, err := p.store.LoginGrant(ctx, session.Digest(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && (!slices.Contains(kinds, g.Kind) || !g.UsedAt.IsZero() || !p.clock.Now().Before(g.ExpiresAt)) {
		return g, s, gate.Right{}, errToken
	}
	if err != nil {
		return g, s, gate.Right{}, err
	}
	app, err := p.store.LoginApplication(ctx, s.AppID)
	if errors.Is(err, store.ErrNotFound) {
		if end := p.judge.End(ctx, nil, &s, store.EndApplicationClosed); !isEnded(end) {
			return g, s, gate.Right{}, end
		}
		return g, s, gate.Right{}, errToken
	}
	if err != nil {
		return g, s, gate.Right{}, err
	}
	right, err := p.judge.Stands(ctx, &app, &s)
	if isEnded(err) {
		err = errToken
	}
	return g, s, right, err
}

func isEnded(err error) bool {
	var ended *standing.Ended
	return errors.As(err, &ended)
}

// UserInfo implements op.Server: who it is now, not who it was when the token was given.
func (s server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	g, _, right, err := s.p.bearer(ctx, r.Data.AccessToken, store.LoginAccess)
	switch {
	case errors.Is(err, errToken):
		refusal := &oidc.Error{ErrorType: "invalid_token", Description: "the access token does not count, or its session is over"}
		return nil, op.NewStatusError(refusal, http.StatusUnauthorized)
	case err != nil:
		return nil, s.p.broken(ctx, err)
	}
	claims, err := s.p.cfg.Gate.Claims(ctx, right, strings.Fields(g.Scopes))
	if err != nil {
		return nil, s.p.broken(ctx, err)
	}
	return op.NewResponse(claims), nil
}

// Introspect implements op.Server (RFC 7662). A token of another app is none.
func (s server) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	verified, err := s.p.verify(ctx, r.Data.ClientCredentials)
	if err != nil {
		return nil, err
	}
	app := verified.GetID()
	inactive := op.NewResponse(map[string]any{"active": false})
	digest := session.Digest(r.Data.Token)
	_, row, err := s.p.store.LoginGrant(ctx, digest)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && row.AppID != app:
		return inactive, nil
	case err != nil:
		return nil, s.p.broken(ctx, err)
	}
	g, row, right, err := s.p.bearer(ctx, r.Data.Token, store.LoginAccess, store.LoginRefresh)
	switch {
	case errors.Is(err, errToken):
		return inactive, nil
	case err != nil:
		return nil, s.p.broken(ctx, err)
	}
	claims, err := s.p.cfg.Gate.Claims(ctx, right, []string{gate.ScopeOpenID})
	if err != nil {
		return nil, s.p.broken(ctx, err)
	}
	for name, value := range map[string]any{
		"active": true, "scope": g.Scopes, "client_id": app, "username": row.UserName, "iss": s.p.cfg.Issuer, "aud": app, "sid": row.ID,
		"iat": g.CreatedAt.Unix(), "exp": g.ExpiresAt.Unix(), "auth_time": row.CreatedAt.Unix(),
	} {
		claims[name] = value
	}
	if g.Kind == store.LoginAccess {
		claims["token_type"] = oidc.BearerToken
	}
	return op.NewResponse(claims), nil
}

// Revocation implements op.Server (RFC 7009). An access token ends alone; a refresh token ends its session with all that was given out for
// it. Another app's token, and none, is left as it is, and the answer is the same.
func (s server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	digest := session.Digest(r.Data.Token)
	g, row, err := s.p.store.LoginGrant(ctx, digest)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && row.AppID != r.Client.GetID():
	case err != nil:
		return nil, s.p.broken(ctx, err)
	case g.Kind == store.LoginAccess:
		if _, _, _, err := s.p.store.UseLoginGrant(ctx, digest, s.p.clock.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, s.p.broken(ctx, err)
		}
	case g.Kind == store.LoginRefresh: // the app has ended the session itself, so it is not told
		if err := s.p.judge.End(ctx, nil, &row, store.EndLoggedOut); !isEnded(err) {
			return nil, s.p.broken(ctx, err)
		}
	}
	return op.NewResponse(nil), nil
}
