// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// Store is what the desk reads.
type Store interface {
	LoginApplication(ctx context.Context, appID string) (store.LoginApplication, error)
	LoginRequest(ctx context.Context, id string) (store.LoginRequest, error)
	ListLoginRequests(ctx context.Context, q store.ListQuery) ([]store.LoginRequest, error)
	LoginSession(ctx context.Context, id string) (store.LoginSession, error)
	ListLoginSessions(ctx context.Context, q store.ListQuery) ([]store.LoginSession, error)
}

// Redeem takes a ticket of an application, once, and returns the claims of its person. Errors: TICKET_REFUSED, INTERNAL,
// STORE_UNAVAILABLE.
type Redeem func(ctx context.Context, seller, appID, ticket string) (map[string]any, error)

// Deps are what the desk works with; all are required but Issuer and Redeem.
type Deps struct {
	Issuer string // empty where this process serves no logins
	Store  Store
	Apps   *registry.Service
	Book   *session.Book
	Redeem Redeem // nil where this process serves no logins
}

// Service is the desk. Safe for concurrent use.
type Service struct{ Deps }

// New returns the desk.
func New(d Deps) *Service { return &Service{Deps: d} }

// Session reads a session of a seller. Errors: LOGIN_SESSION_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Session(ctx context.Context, seller, id string) (store.LoginSession, error) {
	row, err := s.Store.LoginSession(ctx, id)
	if err == nil && row.Seller != seller {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.LoginSession{}, noSession(err, id)
	}
	return row, nil
}

// Sessions reads a page of sessions, filtered by app_id, tenant_id, user_name or state. Errors: STORE_UNAVAILABLE.
func (s *Service) Sessions(ctx context.Context, q store.ListQuery) ([]store.LoginSession, error) {
	list, err := s.Store.ListLoginSessions(ctx, q)
	return list, storefault.Told(err)
}

// End ends a session of a seller at once; its application is told. One that has ended stays as it is. Errors: LOGIN_SESSION_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) End(ctx context.Context, seller, id string) (store.LoginSession, error) {
	row, err := s.Session(ctx, seller, id)
	if err != nil || !row.EndedAt.IsZero() {
		return row, err
	}
	app, err := s.app(ctx, &row)
	if err != nil {
		return row, err
	}
	row, err = s.Book.End(ctx, id, app, store.EndRevoked)
	if err != nil {
		return store.LoginSession{}, noSession(err, id)
	}
	return row, nil
}

// app is the application of a session; nil when it is gone.
func (s *Service) app(ctx context.Context, row *store.LoginSession) (*store.LoginApplication, error) {
	app, err := s.Store.LoginApplication(ctx, row.AppID)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && app.Seller != row.Seller:
		return nil, nil //nolint:nilnil // an application that is gone is told nothing
	case err != nil:
		return nil, storefault.Told(err)
	}
	return &app, nil
}

// Ended says how many sessions EndAll has ended.
type Ended struct {
	Count int
	Last  *store.Cursor // of the last session that was looked at; nil when there are no more
}

// MostEnded is how many sessions EndAll ends at once.
const MostEnded = 200

// EndAll ends the active sessions of a seller that filter names, the oldest first and [MostEnded] at once; dry only counts them. after is
// the last one of an earlier call. One that cannot be ended ends the call: those before it are over. Errors: INVALID_FIELD for a filter that
// names nothing, STORE_UNAVAILABLE.
func (s *Service) EndAll(ctx context.Context, seller string, filter []store.Term, after *store.Cursor, dry bool) (Ended, error) {
	if len(filter) == 0 {
		return Ended{}, errs.BadField("filter", "must name an application, a tenant or a user, since it would end every session otherwise")
	}
	q := store.ListQuery{Seller: seller, Filter: append(filter[:len(filter):len(filter)], store.Term{Field: "state", Value: "ACTIVE"}), After: after, Limit: MostEnded}
	list, err := s.Store.ListLoginSessions(ctx, q)
	if err != nil {
		return Ended{}, storefault.Told(err)
	}
	var out Ended
	for i := range list {
		if !dry {
			switch _, err := s.End(ctx, seller, list[i].ID); {
			case errs.As(err).Reason == errs.LoginSessionNotFound && err != nil: // forgotten meanwhile
				continue
			case err != nil:
				return out, err
			}
		}
		out.Count++
	}
	if len(list) == MostEnded {
		last := PlaceOfSession(list[len(list)-1])
		out.Last = &last
	}
	return out, nil
}

// PlaceOfSession is where a session stands in a list.
func PlaceOfSession(row store.LoginSession) store.Cursor {
	return store.Cursor{CreatedAt: row.CreatedAt, ID: row.ID}
}

// Login reads a login of a seller. Errors: LOGIN_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Login(ctx context.Context, seller, id string) (store.LoginRequest, error) {
	r, err := s.Store.LoginRequest(ctx, id)
	if err == nil && r.Seller != seller {
		err = store.ErrNotFound
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.LoginRequest{}, errs.New(errs.NotFound, errs.LoginNotFound, "login %s does not exist, or its record has had its time", id)
	case err != nil:
		return store.LoginRequest{}, storefault.Told(err)
	}
	return r, nil
}

// Logins reads a page of logins, filtered by app_id, tenant_id, step or session_id. Errors: STORE_UNAVAILABLE.
func (s *Service) Logins(ctx context.Context, q store.ListQuery) ([]store.LoginRequest, error) {
	list, err := s.Store.ListLoginRequests(ctx, q)
	return list, storefault.Told(err)
}

// PlaceOfLogin is where a login stands in a list.
func PlaceOfLogin(r store.LoginRequest) store.Cursor {
	return store.Cursor{CreatedAt: r.CreatedAt, ID: r.ID}
}

// Trial is a login that lets nobody in.
type Trial struct {
	LoginID   string
	URL       string // to be opened in a browser
	ExpiresAt time.Time
}

// Try begins a trial of the login to an application. Errors: LOGIN_NOT_SERVED, LOGIN_APPLICATION_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) Try(ctx context.Context, seller, appID string) (Trial, error) {
	if s.Issuer == "" {
		return Trial{}, notServed()
	}
	app, err := s.Apps.Get(ctx, seller, appID)
	if err != nil {
		return Trial{}, err
	}
	r, err := s.Book.Begin(ctx, &app, store.LoginByTrial, nil)
	if err != nil {
		return Trial{}, storefault.Told(err)
	}
	return Trial{LoginID: r.ID, URL: registry.TrialURL(s.Issuer, r.ID), ExpiresAt: r.ExpiresAt}, nil
}

// Person tells who has come with a ticket. Errors: LOGIN_NOT_SERVED, TICKET_REFUSED, INTERNAL, STORE_UNAVAILABLE.
func (s *Service) Person(ctx context.Context, seller, appID, ticket string) (map[string]any, error) {
	if s.Deps.Redeem == nil {
		return nil, notServed()
	}
	return s.Deps.Redeem(ctx, seller, appID, ticket)
}

func notServed() error {
	return errs.New(errs.Precondition, errs.LoginNotServed, "this server serves no logins: listen.login is empty")
}

// Refused is TICKET_REFUSED. What was wrong with a ticket is told to nobody who may have guessed it.
func Refused(cause error) error {
	return errs.Wrap(cause, errs.Precondition, errs.TicketRefused,
		"the ticket does not count: it is unknown, was used, is older than 60 s, is another application's, or its person may not log in any more")
}

func noSession(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return errs.New(errs.NotFound, errs.LoginSessionNotFound, "session %s does not exist, or its record has had its time", id)
	}
	return storefault.Told(err)
}
