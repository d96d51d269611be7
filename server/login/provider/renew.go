// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
)

const (
	// renewing is for how long nobody else renews while one does.
	renewing = 30 * time.Second
	// renewAgain is when it is tried again after the centre could not be asked.
	renewAgain = time.Minute
)

// errNotDue says that the tokens of the authentication centre need not be renewed, or that somebody does it already.
var errNotDue = errors.New("not due")

// renew renews the tokens of the authentication centre when they are over and the centre has given a refresh_token; where it has not,
// nobody is asked (second-reading C20). A centre that refuses ends the session; one that cannot be asked does not, since its outage is not
// the person's fault, and is asked again a minute later. Errors: those of the token address.
func (p *Provider) renew(ctx context.Context, app *store.LoginApplication, s *store.LoginSession) error {
	now := p.clock.Now()
	var held session.Held
	due := func(h session.Held) bool { return h.Refresh != "" && !now.Before(h.Until) }
	if h, err := session.HeldOf(p.cfg.Book.Sealer, s); err != nil {
		return p.broken(ctx, err)
	} else if !due(h) {
		return nil
	}
	// Of several at once, in whichever replica, one asks: a refresh_token may count once.
	err := p.change(ctx, s.ID, func(h *session.Held) error {
		if !due(*h) {
			return errNotDue
		}
		held = *h
		h.Until = now.Add(renewing)
		return nil
	})
	if errors.Is(err, errNotDue) {
		return nil
	}
	if err != nil {
		return p.broken(ctx, err)
	}
	var tokens upstream.Tokens
	tenant, err := p.cfg.Gate.Tenant(ctx, *app, s.TenantID)
	if err == nil {
		tokens, err = p.cfg.Upstream.Refresh(ctx, tenant.Tenant, upstream.Secret(held.Refresh))
	}
	var fault *upstream.Fault
	var refusal *gate.Refusal
	switch {
	case errors.As(err, &fault) && fault.Kind == upstream.RefreshRefused:
		p.cfg.Log.InfoContext(ctx, "the authentication centre does not renew a login; its session is over", "app_id", app.AppID, "session_id", s.ID)
		if end := p.judge.End(ctx, app, s, store.EndUpstream); !isEnded(end) {
			return p.broken(ctx, end)
		}
		return invalidGrant()
	case errors.As(err, &fault), errors.As(err, &refusal):
		p.cfg.Log.WarnContext(ctx, "a login was not renewed at the authentication centre; its session goes on", "app_id", app.AppID, "session_id", s.ID, "error", err)
		held.Until = now.Add(renewAgain)
	case err != nil:
		return p.broken(ctx, err)
	default:
		held.Access, held.Refresh, held.Until = string(tokens.Access), string(tokens.Refresh), now.Add(tokens.Life)
	}
	err = p.change(ctx, s.ID, func(h *session.Held) error {
		*h = held
		return nil
	})
	if err != nil && !errors.Is(err, errNotDue) {
		return p.broken(ctx, err)
	}
	return nil
}

// change changes what is held of an active session. Errors: errNotDue when it has ended, change's, those of the store and the sealer.
func (p *Provider) change(ctx context.Context, id string, change func(*session.Held) error) error {
	_, err := p.store.ChangeLoginSession(ctx, id, func(s *store.LoginSession) error {
		if !s.EndedAt.IsZero() {
			return errNotDue
		}
		h, err := session.HeldOf(p.cfg.Book.Sealer, s)
		if err != nil {
			return err
		}
		if err := change(&h); err != nil {
			return err
		}
		s.Upstream, err = session.SealHeld(p.cfg.Book.Sealer, h, store.LoginSessionContext(id))
		return err
	})
	return err
}
