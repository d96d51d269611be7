// SPDX-License-Identifier: Apache-2.0

package ending

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

const (
	// Limit is how long one attempt may take, from connecting to the end of the answer.
	Limit = 5 * time.Second

	atOnce      = 256              // attempts of a process
	perApp      = 4                // of these, from which on an application gets no more
	perSick     = 1                // and one whose last attempt failed
	leaseFor    = 30 * time.Second // longer than an attempt and the writing of its end
	tokenLife   = 2 * time.Minute
	answerLimit = 64 << 10 // bytes of an answer that are read, so that its connection serves again
)

// event is the member of a token that makes it a logout token (Back-Channel Logout §2.4).
const event = "http://schemas.openid.net/event/backchannel-logout"

// start starts the attempts that are due, as far as there is room. An application that has as many as it may have is left out, so that one
// which does not answer holds up no other.
func (s *Service) start(ctx context.Context, running *sync.WaitGroup) (made int, err error) {
	for {
		free := s.take(perApp)
		if free == 0 {
			return made, nil
		}
		now := s.now()
		list, err := s.Store.LeaseLogouts(ctx, free, s.full(), now, now.Add(leaseFor))
		s.give(free - len(list))
		if err != nil || len(list) == 0 {
			return made, err
		}
		for _, n := range list {
			s.count(n.AppID, 1)
			running.Go(func() {
				failed := s.attempt(context.WithoutCancel(ctx), n) // a stop does not cut an attempt short; its limit bounds it
				s.mark(n.AppID, failed)
				s.count(n.AppID, -1)
				s.give(1)
				s.Wake()
			})
		}
		made += len(list)
	}
}

// take takes up to n places and returns how many.
func (s *Service) take(n int) (taken int) {
	for taken < n {
		select {
		case s.slots <- struct{}{}:
			taken++
		default:
			return taken
		}
	}
	return taken
}

func (s *Service) give(n int) {
	for range n {
		<-s.slots
	}
}

func (s *Service) count(app string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[app] += n; s.busy[app] == 0 {
		delete(s.busy, app)
	}
}

func (s *Service) mark(app string, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failed {
		s.sick[app] = true
	} else {
		delete(s.sick, app)
	}
}

// full are the applications that have as many attempts as they may have.
func (s *Service) full() (apps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for app, n := range s.busy {
		if n >= perApp || s.sick[app] && n >= perSick {
			apps = append(apps, app)
		}
	}
	return apps
}

// attempt makes one attempt at a leased logout and writes what came of it. When that cannot be written, or the token cannot be made, the
// lease ends and it is attempted again.
func (s *Service) attempt(ctx context.Context, n store.LoginSession) (failed bool) {
	ctx, span := s.Tracer.Start(telemetry.As(ctx, telemetry.RoleLogin), "login logout", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	telemetry.Set(span, telemetry.Seller(n.Seller), telemetry.AppID(n.AppID), telemetry.LoginSession(n.ID), telemetry.Attempt(int(n.LogoutAttempts)+1))
	a, err := s.tell(ctx, n)
	if err != nil {
		telemetry.Fail(span, "not made")
		s.Log.WarnContext(ctx, "the end of a login session was not told to its application: the token could not be made; it is tried again",
			"seller", n.Seller, "app_id", n.AppID, "session_id", n.ID, "error", err)
		return false // which says nothing of the application
	}
	write, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	now := s.now()
	var ended store.Logout
	err = s.Store.EndLogout(write, n, func(l *store.Logout) {
		judgeAnswer(n.ID, l, a, now)
		ended = *l
	})
	s.Metrics.LogoutAttempt(a.outcome(), a.took)
	telemetry.Set(span, telemetry.Outcome(a.outcome()), telemetry.HTTPStatus(a.status), telemetry.State(string(ended.LogoutState)))
	if a.fault != "" {
		telemetry.Fail(span, string(a.fault))
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrFenced): // another attempt counts
	case err != nil:
		s.Log.WarnContext(ctx, "the outcome of a logout was not recorded; it is attempted again",
			"seller", n.Seller, "app_id", n.AppID, "session_id", n.ID, "error", err)
	case ended.LogoutState == store.LogoutGivenUp:
		s.Metrics.LogoutGivenUp(string(a.fault))
		s.Log.WarnContext(ctx, "an application was not told of the end of a session, and that is given up: to whoever asks, the session has ended",
			"seller", n.Seller, "app_id", n.AppID, "session_id", n.ID, "reason", ended.LogoutReason)
	}
	return a.fault != ""
}

// tell sends a logout token. An error says that there is none, and nothing was sent.
func (s *Service) tell(ctx context.Context, n store.LoginSession) (answer, error) {
	brief, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	app, err := s.Store.LoginApplication(brief, n.AppID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (app.Seller != n.Seller || app.Settings.BackChannelURI == ""):
		return answer{fault: FaultNoAddress}, nil
	case err != nil:
		return answer{}, err
	}
	sub, err := s.Judge.Subject(n.Seller, n.TenantID, n.UserName)
	if err != nil {
		return answer{}, err
	}
	now := s.now()
	token, err := s.Signer.SignLogout(brief, map[string]any{
		"iss": s.Issuer, "aud": n.AppID, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "jti": "logout-" + n.ID, "sub": sub, "sid": n.ID,
		"events": map[string]any{event: map[string]any{}},
	})
	if err != nil {
		return answer{}, err
	}
	return s.post(ctx, app.Settings.BackChannelURI, token), nil
}

// post makes one call.
func (s *Service) post(ctx context.Context, to, token string) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	began := s.Clock.Now()
	defer func() { a.took = max(0, s.Clock.Now().Sub(began)) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return answer{fault: FaultUnreachable}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Koogate")
	resp, err := s.Caller.Do(r)
	if err != nil {
		return answer{fault: Fault(outbound.Why(ctx, err))}
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, answerLimit)) // the status has said it all
	return answerOf(resp, s.now())
}
