// SPDX-License-Identifier: Apache-2.0

package standing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type rig struct {
	*logintest.World
	*standing.Judge
	app store.LoginApplication
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{World: logintest.New(t, sqlitetest.Open(t))}
	book := &session.Book{Store: r.World.Store, Sealer: r.Vault, Clock: r.Clock, NewID: storetest.NewID}
	r.Judge = &standing.Judge{Book: book, Gate: gate.New(r.World.Store, r.Vault)}
	r.app = r.Application(func(a *store.LoginApplication) {
		a.Settings.BackChannelURI, a.Settings.Personal = "https://app.example.com/back-channel", []string{registry.PersonalMobile}
	})
	return r
}

// enter makes a session.
func (r *rig) enter(t *testing.T) store.LoginSession {
	t.Helper()
	l, err := r.Book.Begin(t.Context(), &r.app, store.LoginByApp, nil)
	r.Must(err)
	s, _, err := r.Book.Enter(t.Context(), session.Entry{
		Request: l.ID, App: &r.app, Protocol: store.LoginOAuth2, TenantID: logintest.Tenant, UserName: logintest.User, Life: 8 * time.Hour,
	})
	r.Must(err)
	return s
}

// stands is why a session does not stand; empty when it does.
func (r *rig) stands(t *testing.T, id string) store.LoginEnd {
	t.Helper()
	s, err := r.Book.Store.LoginSession(t.Context(), id)
	r.Must(err)
	_, err = r.Stands(t.Context(), &r.app, &s)
	var ended *standing.Ended
	if errors.As(err, &ended) {
		return ended.Reason
	}
	r.Must(err)
	return ""
}

// A session that does not stand ends under its first reason, and its application is to be told.
func TestASessionEndsWhenItIsUsed(t *testing.T) {
	for want, change := range map[store.LoginEnd]func(*rig){
		store.EndUserUnauthorised: func(r *rig) {
			r.Authorise("inst-CS1", logintest.Tenant, directory.Withdraw, logintest.Somebody(logintest.User))
		},
		store.EndInstanceFrozen:    func(r *rig) { r.State("inst-CS1", store.InstanceFrozen) },
		store.EndExpired:           func(r *rig) { r.Clock.Advance(8 * time.Hour) },
		store.EndApplicationClosed: func(r *rig) { r.app.State = store.LoginDisabled },
	} {
		r := newRig(t)
		r.Ready("CS1")
		s := r.enter(t)
		if got := r.stands(t, s.ID); got != "" {
			t.Fatalf("it does not stand: %s", got)
		}
		change(r)
		if got := r.stands(t, s.ID); got != want {
			t.Errorf("%s: %s", want, got)
		}
		row, err := r.Book.Store.LoginSession(t.Context(), s.ID)
		if err != nil || row.EndReason != want || row.LogoutState != store.LogoutPending || !row.EndedAt.Equal(r.Clock.Now()) {
			t.Errorf("%s: the row says %+v, %v", want, row.EndReason, err)
		}
		r.State("inst-CS1", store.InstanceReleased)
		r.app.State = store.LoginEnabled
		if got := r.stands(t, s.ID); got != want {
			t.Errorf("%s: later %s", want, got)
		}
	}
}

// An application that was deleted, and whose ID another seller has now, brings its sessions to nobody.
func TestASessionOfAnotherSeller(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	s := r.enter(t)
	r.app.Seller = "other"
	if got := r.stands(t, s.ID); got != store.EndApplicationClosed {
		t.Errorf("%q", got)
	}
	row, err := r.Book.Store.LoginSession(t.Context(), s.ID)
	if err != nil || row.LogoutState != store.LogoutNone {
		t.Errorf("another seller's application is told: %s, %v", row.LogoutState, err)
	}
}

type away struct{ gate.Store }

func (away) LoginFacts(context.Context, store.LoginKey, int) ([]store.LoginFact, error) {
	return nil, errors.New("the database is away")
}

// A store that is away ends no session.
func TestAStoreThatIsAway(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	s := r.enter(t)
	broken := &standing.Judge{Book: r.Book, Gate: gate.New(away{r.World.Store}, r.Vault)}
	_, err := broken.Stands(t.Context(), &r.app, &s)
	if errs.As(err).Reason != errs.StoreUnavailable {
		t.Error(err)
	}
	if got := r.stands(t, s.ID); got != "" {
		t.Errorf("it ended by %s", got)
	}
}

func TestATicketCountsOnce(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	s := r.enter(t)
	ticket := func() string {
		t.Helper()
		text, err := r.Book.Ticket(t.Context(), &s, "")
		r.Must(err)
		return text
	}
	redeem := func(seller, app, ticket string) error {
		_, err := r.Redeem(t.Context(), seller, app, ticket)
		return err
	}
	first := ticket()
	for name, err := range map[string]error{
		"another seller": redeem("other", logintest.App, first), "another application": redeem(logintest.Seller, "app-2", first),
		"no ticket": redeem(logintest.Seller, logintest.App, "x"), "nothing": redeem(logintest.Seller, logintest.App, ""),
	} {
		if !errors.Is(err, standing.ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var good atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := r.Redeem(t.Context(), logintest.Seller, logintest.App, first)
			switch {
			case err == nil:
				good.Add(1)
				if got.Session.ID != s.ID || got.Claims["user_name"] != logintest.User || got.Claims["sid"] != s.ID || got.Claims["phone_number"] != "13800000000" ||
					got.Claims["auth_time"] != s.CreatedAt.Unix() || fmt.Sprint(got.Claims["instance_ids"]) != "[inst-CS1]" {
					t.Errorf("%v", got.Claims)
				}
			case !errors.Is(err, standing.ErrTicket):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("a ticket counted %d times", good.Load())
	}
	if got := r.stands(t, s.ID); got != "" {
		t.Errorf("a page that was reloaded ended the session: %s", got)
	}
	late := ticket()
	r.Clock.Advance(session.TicketLife)
	if err := redeem(logintest.Seller, logintest.App, late); !errors.Is(err, standing.ErrTicket) {
		t.Errorf("too late: %v", err)
	}
	gone := ticket()
	r.State("inst-CS1", store.InstanceReleased)
	var ended *standing.Ended
	if err := redeem(logintest.Seller, logintest.App, gone); !errors.As(err, &ended) || ended.Reason != store.EndInstanceReleased {
		t.Errorf("a right that is gone: %v", err)
	}
}

// A code or a token is no ticket.
func TestWhatIsNoTicket(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	s := r.enter(t)
	for _, kind := range []store.LoginGrantKind{store.LoginCode, store.LoginAccess, store.LoginRefresh} {
		text, digest := session.NewToken()
		r.Must(r.Book.Store.AddLoginGrants(t.Context(), store.LoginGrant{
			Digest: digest, Kind: kind, SessionID: s.ID, CreatedAt: r.Clock.Now(), ExpiresAt: r.Clock.Now().Add(time.Hour),
		}))
		if _, err := r.Redeem(t.Context(), logintest.Seller, logintest.App, text); !errors.Is(err, standing.ErrTicket) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
