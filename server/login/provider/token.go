// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/store"
)

// CodeExchange implements op.Server: a code is taken for tokens, once. Only what the code's own app has sent uses it up, so nobody else can
// spoil a login; an app that sends a code again has lost it to somebody, and its session ends (RFC 6749 §4.1.2).
func (s server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	c, ok := r.Client.(client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	digest := session.Digest(r.Data.Code)
	g, row, err := s.p.grant(ctx, &c.app, digest, store.LoginCode)
	if err != nil {
		return nil, err
	}
	if !g.UsedAt.IsZero() {
		return nil, s.p.reused(ctx, &c.app, &row)
	}
	request, err := s.p.store.LoginRequest(ctx, g.RequestID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, invalidGrant()
	}
	if err != nil {
		return nil, s.p.broken(ctx, err)
	}
	a, err := AskedOf(&request)
	if err != nil || a.RedirectURI != r.Data.RedirectURI || !verifier(r.Data.CodeVerifier) ||
		!oidc.VerifyCodeChallenge(&oidc.CodeChallenge{Challenge: a.Challenge, Method: oidc.CodeChallengeMethodS256}, r.Data.CodeVerifier) {
		return nil, invalidGrant()
	}
	now := s.p.clock.Now()
	if !now.Before(g.ExpiresAt) {
		return nil, invalidGrant()
	}
	_, row, first, err := s.p.store.UseLoginGrant(ctx, digest, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, invalidGrant()
	case err != nil:
		return nil, s.p.broken(ctx, err)
	case !first:
		return nil, s.p.reused(ctx, &c.app, &row)
	}
	right, err := s.p.stands(ctx, &c.app, &row)
	if err != nil {
		return nil, err
	}
	scopes := strings.Fields(g.Scopes)
	answer, err := s.p.give(ctx, gift{session: &row, right: right, request: g.RequestID, scopes: scopes, kept: scopes, nonce: a.Nonce})
	if err != nil {
		return nil, err
	}
	s.p.note(ctx, g.RequestID, session.StepTold)
	return op.NewResponse(answer), nil
}

// verifier says whether a text has the form of a code_verifier (RFC 7636 §4.1).
func verifier(text string) bool {
	return len(text) >= 43 && len(text) <= 128 && !slices.ContainsFunc([]byte(text), func(b byte) bool { return !unreserved(b) })
}

// RefreshToken implements op.Server: a refresh token is taken for newer tokens, once. Within [Leeway] it is taken once more, because the
// answer may have been lost; a token that comes again after that is in somebody else's hands, and its session ends.
func (s server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	c, ok := r.Client.(client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	digest := session.Digest(r.Data.RefreshToken)
	g, row, err := s.p.grant(ctx, &c.app, digest, store.LoginRefresh)
	if err != nil {
		return nil, err
	}
	now := s.p.clock.Now()
	if !now.Before(g.ExpiresAt) {
		return nil, invalidGrant()
	}
	kept := strings.Fields(g.Scopes)
	scopes := kept
	if len(r.Data.Scopes) > 0 {
		scopes = r.Data.Scopes
		if slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(kept, scope) }) {
			return nil, oidc.ErrInvalidScope().WithDescription("a scope was not granted before")
		}
	}
	right, err := s.p.stands(ctx, &c.app, &row)
	if err != nil {
		return nil, err
	}
	g, row, first, err := s.p.store.UseLoginGrant(ctx, digest, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, invalidGrant()
	case err != nil:
		return nil, s.p.broken(ctx, err)
	}
	give := gift{session: &row, right: right, request: g.RequestID, scopes: scopes, kept: kept}
	if !first {
		if now.Sub(g.UsedAt) > Leeway {
			return nil, s.p.reused(ctx, &c.app, &row)
		}
		give.again = session.Digest("again " + r.Data.RefreshToken)
	}
	if err := s.p.renew(ctx, &c.app, &row); err != nil {
		return nil, err
	}
	answer, err := s.p.give(ctx, give)
	if errors.Is(err, store.ErrConflict) { // it was given once more before
		return nil, s.p.reused(ctx, &c.app, &row)
	}
	if err != nil {
		return nil, err
	}
	return op.NewResponse(answer), nil
}

// grant reads what was given out to an app. Another app's counts as none, and is left as it is.
func (p *Provider) grant(ctx context.Context, app *store.LoginApplication, digest []byte, kind store.LoginGrantKind) (store.LoginGrant, store.LoginSession, error) {
	g, s, err := p.store.LoginGrant(ctx, digest)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && (g.Kind != kind || s.AppID != app.AppID):
		return g, s, invalidGrant()
	case err != nil:
		return g, s, p.broken(ctx, err)
	}
	return g, s, nil
}

// reused ends the session of a code or token that came twice.
func (p *Provider) reused(ctx context.Context, app *store.LoginApplication, s *store.LoginSession) error {
	var ended *standing.Ended
	if err := p.judge.End(ctx, app, s, store.EndReused); !errors.As(err, &ended) {
		return p.broken(ctx, err)
	}
	p.cfg.Log.WarnContext(ctx, "a code or refresh token of a login came twice; its session is over", "app_id", app.AppID, "session_id", s.ID)
	return invalidGrant()
}

// stands is the right of a session that stands, or what the token address answers.
func (p *Provider) stands(ctx context.Context, app *store.LoginApplication, s *store.LoginSession) (gate.Right, error) {
	right, err := p.judge.Stands(ctx, app, s)
	var ended *standing.Ended
	switch {
	case errors.As(err, &ended):
		return right, invalidGrant()
	case err != nil:
		return right, p.broken(ctx, err)
	}
	return right, nil
}

// gift is what tokens are given for.
type gift struct {
	session *store.LoginSession
	right   gate.Right
	request string
	scopes  []string // of the access token
	kept    []string // of the refresh token
	nonce   string
	again   []byte // a digest that may be taken once, so that this is given once; nil where that is certain
}

// give makes tokens. Errors: those of the token address, and store.ErrConflict when again was taken before.
func (p *Provider) give(ctx context.Context, g gift) (*oidc.AccessTokenResponse, error) {
	now := p.clock.Now()
	access, digest := session.NewToken()
	ends := earlier(now.Add(AccessLife), g.session.ExpiresAt)
	row := store.LoginGrant{
		Digest: digest, Kind: store.LoginAccess, SessionID: g.session.ID, RequestID: g.request, Scopes: strings.Join(g.scopes, " "), CreatedAt: now, ExpiresAt: ends,
	}
	grants, refresh := []store.LoginGrant{row}, ""
	if slices.Contains(g.kept, gate.ScopeOffline) {
		refresh, row.Digest = session.NewToken()
		row.Kind, row.Scopes, row.ExpiresAt = store.LoginRefresh, strings.Join(g.kept, " "), g.session.ExpiresAt
		grants = append(grants, row)
	}
	if g.again != nil {
		row.Digest, row.Kind, row.ExpiresAt, row.UsedAt = g.again, store.LoginRefresh, g.session.ExpiresAt, now
		grants = append(grants, row)
	}
	// The ID token comes first: what is kept of tokens is of tokens that somebody gets.
	id, err := p.idToken(ctx, g, access, now)
	if err != nil {
		return nil, p.broken(ctx, err)
	}
	switch err := p.store.AddLoginGrants(ctx, grants...); {
	case errors.Is(err, store.ErrStale):
		return nil, invalidGrant()
	case errors.Is(err, store.ErrConflict) && g.again != nil:
		return nil, store.ErrConflict
	case err != nil:
		return nil, p.broken(ctx, err)
	}
	return &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, RefreshToken: refresh, ExpiresIn: uint64(ends.Sub(now) / time.Second), IDToken: id, Scope: g.scopes,
	}, nil
}

// idToken says who it is, of which enterprise, and through what. Personal data is not in it but in userinfo: apps put ID tokens into
// addresses when they log somebody out.
func (p *Provider) idToken(ctx context.Context, g gift, access string, now time.Time) (string, error) {
	claims, err := p.cfg.Gate.Claims(ctx, g.right, []string{gate.ScopeOpenID})
	if err != nil {
		return "", err
	}
	hash, err := oidc.ClaimHash(access, keys.Algorithm)
	if err != nil {
		return "", err
	}
	for name, value := range map[string]any{
		"iss": p.cfg.Issuer, "aud": g.session.AppID, "azp": g.session.AppID, "sid": g.session.ID, "at_hash": hash,
		"iat": now.Unix(), "exp": earlier(now.Add(IDLife), g.session.ExpiresAt).Unix(), "auth_time": g.session.CreatedAt.Unix(),
	} {
		claims[name] = value
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return p.cfg.Keys.SignID(ctx, claims)
}
