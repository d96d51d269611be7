// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/config"
	"golang.org/x/sync/errgroup"
)

// The stop has two parts. First the process is a lame duck: it is not ready and serves on for the shutdown delay, so that a
// balancer finds out by its probes before a call is refused. Then the listeners close, the jobs end and the deps are released,
// all of it within the grace period, whatever does not answer.

// releaseShare is the part of the grace period that is kept for releasing the deps, and releaseMost the most of it.
const (
	releaseShare = 5
	releaseMost  = time.Second
)

// grace is the time in which the whole stop ends, from the first call on.
func (s *Server) grace(ctx context.Context) context.Context {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownGrace)
	context.AfterFunc(grace, cancel)
	return grace
}

// leave makes the server not ready and serves on for the shutdown delay. When a listener has failed there is no delay: the process
// ends for the fault.
func (s *Server) leave(ctx context.Context) {
	close(s.leaving)
	for _, d := range s.listeners {
		if d.leave != nil {
			d.leave()
		}
	}
	if s.cfg.ShutdownDelay <= 0 || ctx.Err() == nil {
		return
	}
	s.deps.Log.InfoContext(ctx, "not ready any more; still serving", "delay", s.cfg.ShutdownDelay)
	delay, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownDelay)
	defer cancel()
	<-delay.Done()
}

func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// parting asks the clients of a lame duck to open a new connection for their next call, which goes to another process then.
func (s *Server) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if over(s.leaving) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// drain ends waiting leases.
func (s *Server) drain() { s.drainOnce.Do(func() { close(s.draining) }) }

// stop closes the listeners in order, each within what is left of the grace period. Jobs come after the listeners that wait for
// them, and ops last, so that a probe can see the stop.
func (s *Server) stop(ctx context.Context, jobs func() error) {
	s.deps.Log.InfoContext(ctx, "stopping", "grace", s.cfg.ShutdownGrace)
	s.drain()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownGrace-min(s.cfg.ShutdownGrace/releaseShare, releaseMost))
	defer cancel()
	for _, d := range s.listeners {
		if d.name == config.ListenerOps {
			if err := within(ctx, jobs); err != nil {
				s.deps.Log.WarnContext(ctx, "jobs did not end in time; their leases end by themselves", "error", err)
			}
		}
		if err := d.stop(ctx); err != nil {
			s.deps.Log.WarnContext(ctx, "a listener was closed while calls were running; their answers are lost, their effects remain",
				"listener", d.name, "error", err)
		}
	}
}

// release gives the deps back: store, guard, telemetry. What does not answer is left to the end of the process: nothing that was
// answered is lost by it.
func (s *Server) release(ctx context.Context) error {
	s.outbound.Close()
	s.forward.Close()
	s.logins.Close()
	var group errgroup.Group
	for name, release := range map[string]func() error{
		"database": s.deps.Store.Close, "guard": s.deps.Guard.Close,
		"telemetry": func() error { return s.deps.Telemetry.Shutdown(ctx) },
	} {
		group.Go(func() error {
			err := within(ctx, release)
			if errors.Is(err, errNotInTime) {
				s.deps.Log.WarnContext(ctx, "a dependency was not closed in time", "dependency", name)
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// errNotInTime is what within returns when it gave up.
var errNotInTime = errors.New("server: not within the grace period")

// within waits for f, but not longer than ctx lasts.
func within(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errNotInTime
	}
}
