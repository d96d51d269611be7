// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// RequestLife is how long a login may take, from where it was begun to its session.
const RequestLife = 10 * time.Minute

// ErrOver says that a login has come to its end before, or was begun too long ago.
var ErrOver = errors.New("the login is over")

// Book keeps requests and sessions. All fields are required. Safe for concurrent use.
type Book struct {
	Store  store.Logins
	Sealer Sealer
	Clock  clock.Clock
	NewID  func() string // UUIDv7
}

// Begin adds a request for an application. fill completes it and may be nil. Errors: those of the store.
func (b *Book) Begin(ctx context.Context, app *store.LoginApplication, by store.LoginEntrance, fill func(*store.LoginRequest)) (store.LoginRequest, error) {
	now := b.Clock.Now()
	r := store.LoginRequest{
		ID: b.NewID(), Seller: app.Seller, AppID: app.AppID, Entrance: by, Step: store.LoginBegun,
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(RequestLife),
	}
	if fill != nil {
		fill(&r)
	}
	Note(&r, Step{Name: StepBegun, At: now})
	return r, b.Store.AddLoginRequest(ctx, &r)
}

// Open reads a request that has not come to its end. Errors: ErrOver, store.ErrNotFound, those of the store.
func (b *Book) Open(ctx context.Context, id string) (store.LoginRequest, error) {
	r, err := b.Store.LoginRequest(ctx, id)
	if err == nil && b.over(&r) {
		err = ErrOver
	}
	return r, err
}

func (b *Book) over(r *store.LoginRequest) bool {
	return r.Step != store.LoginBegun && r.Step != store.LoginAsked || !b.Clock.Now().Before(r.ExpiresAt)
}

// Change changes a request that has not come to its end. Errors: ErrOver, store.ErrNotFound, change's, those of the store.
func (b *Book) Change(ctx context.Context, id string, change func(*store.LoginRequest) error) (store.LoginRequest, error) {
	return b.Store.ChangeLoginRequest(ctx, id, func(r *store.LoginRequest) error {
		if b.over(r) {
			return ErrOver
		}
		r.UpdatedAt = b.Clock.Now()
		return change(r)
	})
}

// Fail ends a request at a step; its fault becomes the reason. A request that is over stays as it is.
func (b *Book) Fail(ctx context.Context, id string, end store.LoginStep, steps ...Step) error {
	_, err := b.Change(ctx, id, func(r *store.LoginRequest) error {
		Note(r, steps...)
		r.Step, r.Reason, r.Held = end, cmp.Or(steps[len(steps)-1].Fault, "UNKNOWN"), nil
		return nil
	})
	if errors.Is(err, ErrOver) {
		return nil
	}
	return err
}

// After adds what has happened after a login has led to a session; one that has not is left as it is. What is lost of it costs nobody
// anything. Errors: store.ErrNotFound, those of the store.
func (b *Book) After(ctx context.Context, id string, name StepName) error {
	now := b.Clock.Now()
	_, err := b.Store.ChangeLoginRequest(ctx, id, func(r *store.LoginRequest) error {
		if r.Step == store.LoginDone {
			Note(r, Step{Name: name, At: now})
			r.UpdatedAt = now
		}
		return nil
	})
	return err
}

// Entry is who is let in.
type Entry struct {
	Request  string // the ID of the request that it ends
	App      *store.LoginApplication
	Protocol store.LoginProtocol
	TenantID string
	UserName string
	Held     Held
	Life     time.Duration // of the session
	Before   string        // the session's cookie that the browser has already; empty for none
}

// Enter makes a session and ends its request with it. Of several for one request one alone makes a session. The session that the browser
// had in the application before is over. token is the browser's cookie. Errors: ErrOver, those of the store.
func (b *Book) Enter(ctx context.Context, e Entry) (s store.LoginSession, token string, err error) {
	now := b.Clock.Now()
	token, digest := NewToken()
	s = store.LoginSession{
		ID: b.NewID(), Seller: e.App.Seller, AppID: e.App.AppID, TenantID: e.TenantID, UserName: e.UserName, Protocol: e.Protocol,
		Digest: digest, CreatedAt: now, LastAt: now, ExpiresAt: now.Add(e.Life), Logout: store.Logout{LogoutState: store.LogoutNone},
	}
	r, err := b.Open(ctx, e.Request)
	if err != nil {
		return store.LoginSession{}, "", err
	}
	s.Entrance = r.Entrance
	if s.Upstream, err = SealHeld(b.Sealer, e.Held, store.LoginSessionContext(s.ID)); err != nil {
		return store.LoginSession{}, "", err
	}
	if err := b.Store.AddLoginSession(ctx, &s); err != nil {
		return store.LoginSession{}, "", err
	}
	_, err = b.Change(ctx, e.Request, func(r *store.LoginRequest) error {
		Note(r, Step{Name: StepSession, At: now})
		r.Step, r.Reason, r.SessionID, r.TenantID, r.Held = store.LoginDone, "", s.ID, e.TenantID, nil
		return nil
	})
	if err != nil { // nobody has its cookie, and nothing was given out for it
		_, _ = b.End(ctx, s.ID, e.App, store.EndReplaced)
		return store.LoginSession{}, "", err
	}
	if e.Before != "" {
		if old, err := b.Store.LoginSessionOf(ctx, Digest(e.Before)); err == nil && old.AppID == s.AppID {
			_, _ = b.End(ctx, old.ID, e.App, store.EndReplaced) // what is left of it ends by its time
		}
	}
	return s, token, nil
}

// Of is the session of a browser's cookie in an application, if it is alive. idle is how long nobody may use it; zero for ever. Whether its
// person may still log in is the gate's to say. Errors: store.ErrNotFound, those of the store.
func (b *Book) Of(ctx context.Context, app *store.LoginApplication, cookie string, idle time.Duration) (store.LoginSession, error) {
	if cookie == "" {
		return store.LoginSession{}, store.ErrNotFound
	}
	s, err := b.Store.LoginSessionOf(ctx, Digest(cookie))
	if err == nil && (s.AppID != app.AppID || s.Seller != app.Seller || !Alive(&s, b.Clock.Now(), idle)) {
		err = store.ErrNotFound
	}
	return s, err
}

// Alive says whether a session has not ended, by itself or by its time. idle is how long nobody may use it; zero for ever.
func Alive(s *store.LoginSession, now time.Time, idle time.Duration) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && (idle <= 0 || now.Before(s.LastAt.Add(idle)))
}

// End ends a session; app is nil when its application is gone. One that has ended stays as it is, under its first reason. Errors:
// store.ErrNotFound, those of the store.
func (b *Book) End(ctx context.Context, id string, app *store.LoginApplication, reason store.LoginEnd) (store.LoginSession, error) {
	now := b.Clock.Now()
	return b.Store.ChangeLoginSession(ctx, id, func(s *store.LoginSession) error {
		Ended(s, app, reason, now)
		return nil
	})
}

// Ended ends a session, and has its application told where it wants to be. It does nothing to one that has ended.
func Ended(s *store.LoginSession, app *store.LoginApplication, reason store.LoginEnd, now time.Time) {
	if !s.EndedAt.IsZero() {
		return
	}
	s.EndedAt, s.EndReason, s.Upstream, s.JudgeAt = now, reason, nil, time.Time{}
	if app != nil && app.Settings.BackChannelURI != "" {
		s.Logout = store.Logout{LogoutState: store.LogoutPending, LogoutDueAt: now}
	}
}

// touchEvery is how often the use of a session is written.
const touchEvery = time.Minute

// Touch remembers that a session was used. Errors: store.ErrNotFound, those of the store.
func (b *Book) Touch(ctx context.Context, s *store.LoginSession) error {
	now := b.Clock.Now()
	if now.Before(s.LastAt.Add(touchEvery)) {
		return nil
	}
	_, err := b.Store.ChangeLoginSession(ctx, s.ID, func(s *store.LoginSession) error {
		if s.EndedAt.IsZero() && now.After(s.LastAt) {
			s.LastAt = now
		}
		return nil
	})
	return err
}

// TicketLife is how long a ticket counts.
const TicketLife = time.Minute

// Ticket gives a ticket out for a session. Errors: those of the store.
func (b *Book) Ticket(ctx context.Context, s *store.LoginSession, request string) (string, error) {
	token, digest := NewToken()
	now := b.Clock.Now()
	return token, b.Store.AddLoginGrants(ctx, store.LoginGrant{
		Digest: digest, Kind: store.LoginTicket, SessionID: s.ID, RequestID: request, CreatedAt: now, ExpiresAt: now.Add(TicketLife),
	})
}
