// SPDX-License-Identifier: Apache-2.0

package ending

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// judgeEvery is how often a session is judged that nothing has marked: the time of an instance may be over without any call.
const judgeEvery = time.Hour

// judge judges one batch of sessions. A session of which nobody knows is judged when it is handed out again.
func (s *Service) judge(ctx context.Context, apps map[string]*store.LoginApplication) (did Done, err error) {
	now := s.now()
	list, err := s.Store.JudgeLoginSessions(ctx, judgeBatch, now, now.Add(handOut))
	if err != nil {
		return did, err
	}
	var ended, failed atomic.Int64
	var first atomic.Pointer[error]
	var running sync.WaitGroup
	next := make(chan store.LoginSession)
	for range min(judgeAtOnce, len(list)) {
		running.Go(func() {
			for n := range next {
				over, err := s.judgeOne(ctx, apps[n.AppID], n)
				if over {
					ended.Add(1)
				}
				if err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	for _, n := range list {
		next <- n
	}
	close(next)
	running.Wait()
	if failed.Load() > 0 && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "sessions of logins were not judged; it is tried again", "sessions", failed.Load(), "error", *first.Load())
	}
	did.Judged, did.Ended, did.more = len(list), int(ended.Load()), len(list) == judgeBatch
	return did, nil
}

// judgeOne judges a session and ends it if its right is gone. app is nil when the application is gone.
func (s *Service) judgeOne(ctx context.Context, app *store.LoginApplication, n store.LoginSession) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if app != nil && app.Seller != n.Seller {
		app = nil
	}
	reason := store.EndExpired
	if s.alive(app, &n) {
		if reason, err = s.Judge.Session(ctx, n); err != nil {
			return false, err
		}
	}
	if reason == "" {
		return false, s.Store.JudgedLoginSession(ctx, n, s.next(app, &n))
	}
	var after store.LoginSession
	after, err = s.Store.ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error {
		ended = false
		if !x.EndedAt.IsZero() || reason == store.EndExpired && s.alive(app, x) { // somebody has ended it, or used it, meanwhile
			return nil
		}
		ended = true
		session.Ended(x, app, reason, s.now())
		return nil
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case ended:
		s.Metrics.LoginEnded(string(reason))
	case after.EndedAt.IsZero():
		return false, s.Store.JudgedLoginSession(ctx, n, s.now()) // whoever uses it may have no right to
	}
	return ended, nil
}

func (s *Service) alive(app *store.LoginApplication, n *store.LoginSession) bool {
	return session.Alive(n, s.now(), idle(app))
}

// idle is how long nobody may use a session of an application; of one that is gone nobody may use any, which the judge says.
func idle(app *store.LoginApplication) time.Duration {
	if app == nil {
		return 0
	}
	return registry.Idle(app.Settings)
}

// next is when a session is judged next that keeps its right.
func (s *Service) next(app *store.LoginApplication, n *store.LoginSession) time.Time {
	at := s.now().Add(judgeEvery)
	for _, over := range []time.Time{n.ExpiresAt, n.LastAt.Add(idle(app))} {
		if over.After(s.now()) && over.Before(at) {
			at = over
		}
	}
	return at
}
