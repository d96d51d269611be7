// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// heard keeps what the facade tells of its calls.
type heard struct {
	mu      sync.Mutex
	entries []journal.Entry
}

func (h *heard) Take(e journal.Entry) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := e.Body; b != nil { // the facade uses its buffers again
		e.Body = &journal.Body{Door: b.Door, Activity: b.Activity, Request: bytes.Clone(b.Request), Answer: bytes.Clone(b.Answer)}
	}
	h.entries = append(h.entries, e)
	return "call-1"
}

func (h *heard) Room() bool { return true }

func (h *heard) Name(time.Time) string { return "call-1" }

// last is the entry of the latest call, and how many there were.
func (h *heard) last() (journal.Entry, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.entries) == 0 {
		return journal.Entry{}, 0
	}
	return h.entries[len(h.entries)-1], len(h.entries)
}

func withJournal(j facade.Journal) option {
	return func(c *facade.Config, d *facade.Deps) {
		d.Calls = j
		for i := range c.Endpoints {
			c.Endpoints[i].Used = func(key string, _ time.Time) string { return "id-of-" + key[len(key)-4:] }
		}
	}
}

const order = `{"activity":"newInstance","orderId":"CS1","orderLineId":"CS1-1","businessId":"b-1","productId":"p","testFlag":"0"}`

// Each call to an endpoint is told once, after its answer, with what it was about and, where its signature held and it is no look, with what was said.
func TestEachCallIsTold(t *testing.T) {
	h := &heard{}
	r := newRig(t, withJournal(h))
	r.call(order)
	e, _ := h.last()
	if e.Identity == "" || e.TraceID == "" || e.Request != len(order) || e.Answer < 20 {
		t.Errorf("the first call is told as %+v", e)
	}
	trace, identity := e.TraceID, e.Identity
	if b := e.Body; b == nil || string(b.Request) != order || b.Door != "/v2/" || b.Activity != "" || !strings.Contains(string(b.Answer), `"b-1"`) {
		t.Errorf("what was said is told as %+v", b)
	}
	e.TraceID, e.Identity, e.Request, e.Answer, e.Body = "", "", 0, 0, nil
	if want := (journal.Entry{
		Seller: "demo-seller", Endpoint: "demo", Family: "saas_v2", Activity: "newInstance", OrderID: "CS1", InstanceID: "b-1", KeyID: "id-of-0001",
		Code: "000000", Status: 200, Arrived: noon,
	}); e != want {
		t.Errorf("the call is told as\n%+v, want\n%+v", e, want)
	}
	if !strings.Contains(r.log.String(), "call_id=call-1") {
		t.Errorf("the log does not name the record:\n%s", r.log)
	}
	r.call(strings.Replace(order, `"p"`, `"p","saasExtendParams":"other"`, 1))
	if e, n := h.last(); n != 2 || e.Identity != identity || e.TraceID != trace {
		t.Errorf("a repetition that differs in what does not tell orders apart is told as %+v", e)
	}
	r.call(strings.Replace(order, "CS1-1", "CS1-2", 1))
	if e, _ := h.last(); e.Identity == identity {
		t.Error("another line is told as a repetition")
	}
	for _, c := range []struct {
		name, body string
		q          request
		want       journal.Entry
	}{
		{"a look", `{"activity":"queryInstance","instanceId":"b-1, b-2"}`, request{}, journal.Entry{
			Family: "saas_v2", Activity: "queryInstance", InstanceID: "b-1", OrderID: "CS1", Look: "b-1, b-2", Code: "000000", KeyID: "id-of-0001",
		}},
		{"what is not served", `{"activity":"sing"}`, request{}, journal.Entry{Code: "000002", KeyID: "id-of-0001"}},
		{"a forged call", order, request{signature: strings.Repeat("A", 64)}, journal.Entry{Code: "000001", Cause: store.CauseKey, Reason: "signature"}},
		{"a call that was made before", order, request{nonce: "n1"}, journal.Entry{Code: "000001", Cause: store.CauseNonce, Reason: "replay"}},
		{"an old call", order, request{timestamp: "1764000000000"}, journal.Entry{Code: "000002", Cause: store.CauseClock, Reason: "stale"}},
		{"a long call", `{"a":"` + strings.Repeat("x", 70<<10) + `"}`, request{}, journal.Entry{Code: "000002", Cause: store.CauseSize, Reason: "body_too_large"}},
		{"the second key", order, request{key: key2}, journal.Entry{
			Family: "saas_v2", Activity: "newInstance", OrderID: "CS1", InstanceID: "b-1", Code: "000000", KeyID: "id-of-0002",
		}},
	} {
		_, before := h.last()
		r.call(c.body, c.q)
		e, n := h.last()
		if n != before+1 {
			t.Errorf("%s is told %d times", c.name, n-before)
		}
		if said := e.Body != nil && string(e.Body.Request) == c.body; said != (c.want.Cause == "" && c.want.Look == "") {
			t.Errorf("%s: what was said is told as %+v", c.name, e.Body)
		}
		c.want.Seller, c.want.Endpoint, c.want.Status, c.want.Arrived = "demo-seller", "demo", 200, noon
		e.TraceID, e.Identity, e.Request, e.Answer, e.Doubt, e.Body = "", "", 0, 0, nil, nil
		if e != c.want {
			t.Errorf("%s is told as\n%+v, want\n%+v", c.name, e, c.want)
		}
	}
	r.call(order, request{endpoint: "nowhere"})
	if e, _ := h.last(); e.Seller+e.Endpoint+e.OrderID != "" || e.Cause != store.CauseKey {
		t.Errorf("a call to an endpoint that nobody has is told as %+v", e)
	}
}

// stuck is a store of calls that answers no more.
type stuck struct {
	store.Calls

	asked chan struct{}
}

func (s stuck) RecordCalls(ctx context.Context, _ []store.Call, _ []store.CallRefusal) error {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return ctx.Err()
}

// Answers do not change and do not wait while the journal's database hangs.
func TestAHangingJournalDelaysNoAnswer(t *testing.T) {
	plain := newRig(t)
	st := stuck{asked: make(chan struct{}, 1)}
	var j *journal.Journal
	r := newRig(t, func(_ *facade.Config, d *facade.Deps) {
		j = journal.New(journal.Deps{
			Store: st, Clock: d.Clock, NewID: storetest.NewID, Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
		})
		d.Calls = j
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = j.Flush(ctx) })
	defer running.Wait()
	defer cancel()
	r.call(order)
	running.Go(func() { _ = j.Flush(ctx) })
	<-st.asked // and it answers no more
	for range 200 {
		if a, b := r.call(order), plain.call(order); a.body != b.body || a.status != b.status {
			t.Fatalf("the answer is %s, want %s", a.body, b.body)
		}
	}
}
