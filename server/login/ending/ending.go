// SPDX-License-Identifier: Apache-2.0

package ending

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Store is what the loop needs of the store.
type Store interface {
	LoginApplications(ctx context.Context, seller string) ([]store.LoginApplication, error)
	LoginApplication(ctx context.Context, appID string) (store.LoginApplication, error)
	ChangeLoginSession(ctx context.Context, id string, change func(*store.LoginSession) error) (store.LoginSession, error)
	JudgeLoginSessions(ctx context.Context, most int, now, until time.Time) ([]store.LoginSession, error)
	JudgedLoginSession(ctx context.Context, held store.LoginSession, next time.Time) error
	LeaseLogouts(ctx context.Context, most int, besides []string, now, until time.Time) ([]store.LoginSession, error)
	EndLogout(ctx context.Context, held store.LoginSession, judge func(*store.Logout)) error
	LogoutsPending(ctx context.Context) (store.LogoutBacklog, error)
	ForgetLogins(ctx context.Context, grants, sessions time.Time, limit int) (int, error)
}

// Judge says whether a session keeps its right.
type Judge interface {
	// Session returns why the right is gone; empty when it stays. An error says that nobody knows, and the session is judged later.
	Session(ctx context.Context, s store.LoginSession) (store.LoginEnd, error)
	// Subject is the sub by which the application knows a user.
	Subject(seller, tenantID, userName string) (string, error)
}

// Signer signs logout tokens.
type Signer interface {
	SignLogout(ctx context.Context, claims map[string]any) (string, error)
}

// Caller calls addresses that are allowed, without following redirects; see package outbound.
type Caller interface {
	Do(r *http.Request) (*http.Response, error)
}

// Deps are what the loop works with; all are required.
type Deps struct {
	Store   Store
	Judge   Judge
	Signer  Signer
	Caller  Caller
	Issuer  string      // of the logout tokens, as the applications know it
	Clock   clock.Clock // the store's, by which sessions and logouts are due
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Service is the loop. Safe for concurrent use.
type Service struct {
	Deps
	wake  chan struct{}
	slots chan struct{} // attempts that run

	mu   sync.Mutex
	busy map[string]int  // of these, by application
	sick map[string]bool // applications whose last attempt here failed
}

const (
	look        = 500 * time.Millisecond // how often it looks while there are applications
	lookIdle    = 2 * time.Second        // and while there are none
	lookAgain   = time.Second            // after a look that failed
	passLimit   = 15 * time.Second       // for one look, whatever the store does
	writeLimit  = 5 * time.Second
	handOut     = 10 * time.Second // for which sessions are handed out to be judged
	judgeBatch  = 100
	judgeAtOnce = 4

	forgetFirst  = time.Minute
	forgetEvery  = time.Hour
	forgetBatch  = 1000
	keepGrants   = 24 * time.Hour // requests and grants, after their time
	keepSessions = 90 * 24 * time.Hour
)

// New returns the loop.
func New(d Deps) *Service {
	return &Service{
		Deps: d, wake: make(chan struct{}, 1), slots: make(chan struct{}, atOnce), busy: make(map[string]int), sick: make(map[string]bool),
	}
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// Wake has the loop look at once: a session of this process has ended.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then waits for the attempts that run, which is no longer than [Limit] and a write. looked is told of every look
// that has succeeded. It returns nil.
func (s *Service) Run(ctx context.Context, looked func()) error {
	var running sync.WaitGroup
	defer running.Wait()
	forgetAt := s.now().Add(forgetFirst)
	for {
		rest, err := s.look(ctx, &running)
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sessions of logins were not looked at; it is tried again", "error", err)
			rest = lookAgain
		}
		if err == nil {
			looked()
		}
		if now := s.now(); !now.Before(forgetAt) {
			forgetAt = now.Add(s.forget(ctx))
		}
		if !clock.Wait(ctx, s.Clock, rest, s.wake) {
			return nil
		}
	}
}

// look makes one pass and returns how long to rest.
func (s *Service) look(ctx context.Context, running *sync.WaitGroup) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, passLimit)
	defer cancel()
	did, some, err := s.pass(ctx, running)
	switch {
	case did.more:
		return 0, err
	case some:
		return look, err
	}
	return lookIdle, err
}

// Done is what has come of a step.
type Done struct {
	Judged   int // sessions that were looked at
	Ended    int // of these, sessions that have ended
	Attempts int // to tell an application

	more bool // there may be more to judge
}

// Step does what is due now, until nothing is, and waits for the attempts: for who drives a process that runs nothing by itself. Errors: those of
// the store.
func (s *Service) Step(ctx context.Context) (all Done, err error) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		did, _, err := s.pass(ctx, &running)
		all.Judged, all.Ended, all.Attempts = all.Judged+did.Judged, all.Ended+did.Ended, all.Attempts+did.Attempts
		if err != nil {
			return all, err
		}
		running.Wait()
		if did.Judged == 0 && did.Attempts == 0 {
			return all, nil
		}
	}
}

// pass judges what is to be judged and starts the attempts that are due, as far as there is room. some says whether there are applications
// at all.
func (s *Service) pass(ctx context.Context, running *sync.WaitGroup) (did Done, some bool, err error) {
	list, err := s.Store.LoginApplications(ctx, "")
	if err != nil {
		return did, true, err
	}
	apps := make(map[string]*store.LoginApplication, len(list))
	for i := range list {
		apps[list[i].AppID] = &list[i]
	}
	if did, err = s.judge(ctx, apps); err != nil {
		return did, true, err
	}
	if did.Attempts, err = s.start(ctx, running); err != nil {
		return did, true, err
	}
	pending, err := s.Store.LogoutsPending(ctx)
	if err == nil {
		s.Metrics.LogoutsPending(pending.Sessions, age(pending.Since, s.now()))
	}
	return did, len(apps) > 0 || did.Judged > 0 || pending.Sessions > 0, err
}

func age(since, now time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return max(0, now.Sub(since))
}

// forget deletes what has had its time and returns when it is to be done next.
func (s *Service) forget(ctx context.Context) time.Duration {
	now := s.now()
	n, err := s.Store.ForgetLogins(ctx, now.Add(-keepGrants), now.Add(-keepSessions), forgetBatch)
	switch {
	case err != nil && ctx.Err() == nil:
		s.Log.WarnContext(ctx, "logins that have had their time were not removed; it is tried again", "error", err)
		return forgetFirst
	case n >= forgetBatch:
		return 0
	}
	return forgetEvery
}
