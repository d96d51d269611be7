// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// direct carries requests to a handler of the same process, and loses them as a network would.
type direct struct {
	handler     http.Handler
	unreachable bool
}

// RoundTrip implements http.RoundTripper.
func (d *direct) RoundTrip(r *http.Request) (res *http.Response, err error) {
	if d.unreachable {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	defer func() {
		if cause := recover(); cause != nil {
			if cause != http.ErrAbortHandler { //nolint:errorlint // a value that was thrown
				panic(cause)
			}
			res, err = nil, io.ErrUnexpectedEOF
		}
	}()
	in := r.Clone(r.Context())
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "127.0.0.1:1"
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, in)
	return w.Result(), nil
}

// errDead is what a process that is no more gets from its store.
var errDead = errors.New("the process is dead")

// mortal is the store of one process, which dies of one of its calls: before it has an effect or after that is committed.
// From then on nothing works any more. It is for one goroutine.
type mortal struct {
	*sqlite.Store
	left  int // calls until death; 0 lives on
	after bool
	dead  bool
	last  string // the call that it died of
}

func call1[T any](m *mortal, name string, do func() (T, error)) (out T, err error) {
	if m.dead {
		return out, errDead
	}
	if m.left--; m.left == 0 {
		m.dead, m.last = true, "before "+name
		if m.after {
			m.last = "after " + name
			_, _ = do()
		}
		return out, errDead
	}
	return do()
}

func call0(m *mortal, name string, do func() error) error {
	_, err := call1(m, name, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// The calls of the usage domain.

func (m *mortal) Apply(ctx context.Context, c *store.Change) error {
	return call0(m, "Apply", func() error { return m.Store.Apply(ctx, c) })
}

func (m *mortal) Task(ctx context.Context, id string) (store.Task, error) {
	return call1(m, "Task", func() (store.Task, error) { return m.Store.Task(ctx, id) })
}

func (m *mortal) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	return call1(m, "Instances", func() ([]store.Instance, error) { return m.Store.Instances(ctx, seller, ids) })
}

func (m *mortal) Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error) {
	return call1(m, "Events", func() ([]store.Event, error) { return m.Store.Events(ctx, seller, orderID, after, limit) })
}

func (m *mortal) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	return call1(m, "AddUsage", func() ([]store.UsageOutcome, error) { return m.Store.AddUsage(ctx, raws) })
}

func (m *mortal) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	return call1(m, "CorrectUsage", func() (store.UsageOutcome, error) { return m.Store.CorrectUsage(ctx, c) })
}

func (m *mortal) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	return call1(m, "CloseUsage", func() ([]store.UsageRecord, error) { return m.Store.CloseUsage(ctx, seller, now, spans, limit) })
}

func (m *mortal) SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]store.UsageRecord, error) {
	return call1(m, "SendingUsage", func() ([]store.UsageRecord, error) { return m.Store.SendingUsage(ctx, seller, now, limit) })
}

func (m *mortal) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	return call0(m, "SettleUsage", func() error { return m.Store.SettleUsage(ctx, verdicts, now) })
}

func (m *mortal) ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (store.UsageRevived, error) {
	return call1(m, "ReviveUsage", func() (store.UsageRevived, error) { return m.Store.ReviveUsage(ctx, seller, instanceID, now, until) })
}

func (m *mortal) NextUsage(ctx context.Context, seller string) (at time.Time, ok bool, err error) {
	at, err = call1(m, "NextUsage", func() (at time.Time, err error) {
		at, ok, err = m.Store.NextUsage(ctx, seller)
		return at, err
	})
	return at, ok && err == nil, err
}

func (m *mortal) UsageAges(ctx context.Context, seller string) (store.UsageBacklog, error) {
	return call1(m, "UsageAges", func() (store.UsageBacklog, error) { return m.Store.UsageAges(ctx, seller) })
}

func (m *mortal) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	return call1(m, "ProveUsage", func() ([]store.UsageProof, error) { return m.Store.ProveUsage(ctx, seller, after, limit) })
}

func (m *mortal) Quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	return call1(m, "Quotas", func() ([]store.Quota, error) { return m.Store.Quotas(ctx, seller, instanceID) })
}
