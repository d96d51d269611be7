// SPDX-License-Identifier: Apache-2.0

package standing

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// Judge says whether sessions stand. Both fields are required. Safe for concurrent use.
type Judge struct {
	Book *session.Book
	Gate *gate.Gate
}

// Ended is why a session does not stand.
type Ended struct{ Reason store.LoginEnd }

// Error implements error.
func (e *Ended) Error() string { return "the session is over: " + string(e.Reason) }

// Stands returns the right of a session's person, as of now, and remembers that the session was used. One that stands no longer is ended.
// Errors: *Ended, INTERNAL, STORE_UNAVAILABLE.
func (j *Judge) Stands(ctx context.Context, app *store.LoginApplication, s *store.LoginSession) (gate.Right, error) {
	switch {
	case !s.EndedAt.IsZero():
		return gate.Right{}, &Ended{s.EndReason}
	case s.AppID != app.AppID || s.Seller != app.Seller: // the application was deleted, and somebody else has its ID now
		return gate.Right{}, j.end(ctx, nil, s, store.EndApplicationClosed)
	case !session.Alive(s, j.Book.Clock.Now(), registry.Idle(app.Settings)):
		return gate.Right{}, j.end(ctx, app, s, store.EndExpired)
	}
	right, err := j.Gate.SessionRight(ctx, *app, *s)
	var refusal *gate.Refusal
	if errors.As(err, &refusal) {
		return gate.Right{}, j.end(ctx, app, s, refusal.Reason)
	}
	if err != nil {
		return gate.Right{}, err
	}
	if err := j.Book.Touch(ctx, s); err != nil && !errors.Is(err, store.ErrNotFound) {
		return gate.Right{}, storefault.Told(err)
	}
	return right, nil
}

// End ends a session for a reason, and says so. Errors: *Ended always but when the store fails: STORE_UNAVAILABLE.
func (j *Judge) End(ctx context.Context, app *store.LoginApplication, s *store.LoginSession, reason store.LoginEnd) error {
	return j.end(ctx, app, s, reason)
}

func (j *Judge) end(ctx context.Context, app *store.LoginApplication, s *store.LoginSession, reason store.LoginEnd) error {
	now, err := j.Book.End(ctx, s.ID, app, reason)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &Ended{reason}
	case err != nil:
		return storefault.Told(err)
	}
	return &Ended{now.EndReason}
}

// ErrTicket says that a ticket does not count: it is none, another application's, used before, or too old.
var ErrTicket = errors.New("the ticket does not count")

// Redeemed is whom a ticket stands for.
type Redeemed struct {
	Session store.LoginSession
	Claims  map[string]any // of every scope, with sid, auth_time (seconds since 1970) and session_expires_at (RFC 3339)
}

// Redeem takes a ticket of an application, once. A ticket that comes again is refused and nothing more: people reload pages that have one
// in their address. Errors: ErrTicket, *Ended, INTERNAL, STORE_UNAVAILABLE.
func (j *Judge) Redeem(ctx context.Context, seller, appID, ticket string) (Redeemed, error) {
	digest := session.Digest(ticket)
	g, s, err := j.Book.Store.LoginGrant(ctx, digest)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && (g.Kind != store.LoginTicket || s.AppID != appID || s.Seller != seller):
		return Redeemed{}, ErrTicket
	case err != nil:
		return Redeemed{}, storefault.Told(err)
	}
	now := j.Book.Clock.Now()
	if !now.Before(g.ExpiresAt) {
		return Redeemed{}, ErrTicket
	}
	_, s, first, err := j.Book.Store.UseLoginGrant(ctx, digest, now)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && !first:
		return Redeemed{}, ErrTicket
	case err != nil:
		return Redeemed{}, storefault.Told(err)
	}
	app, err := j.Book.Store.LoginApplication(ctx, appID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Redeemed{}, j.end(ctx, nil, &s, store.EndApplicationClosed)
	case err != nil:
		return Redeemed{}, storefault.Told(err)
	}
	right, err := j.Stands(ctx, &app, &s)
	if err != nil {
		return Redeemed{}, err
	}
	claims, err := j.Gate.Claims(ctx, right, gate.Scopes())
	if err != nil {
		return Redeemed{}, err
	}
	claims["sid"], claims["auth_time"] = s.ID, s.CreatedAt.Unix()
	claims["session_expires_at"] = s.ExpiresAt.UTC().Format(time.RFC3339)
	_ = j.Book.After(ctx, g.RequestID, session.StepTold) // who looks for it later misses a step, and nothing else is lost
	return Redeemed{s, claims}, nil
}
