// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.opentelemetry.io/otel/codes"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func newRig(t *testing.T) *rig {
	t.Helper()
	c := clocktest.New(storetest.Epoch)
	return over(t, backendtest.SQLite(t, c.Now), c)
}

// verify holds a message to the public library of Standard Webhooks. The rig's time is not the machine's, so the library's own limit for the
// age of a message is left out.
func verify(t *testing.T, secret string, m message) error {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return w.VerifyIgnoringTimestamp(m.body, m.header)
}

// TestThePublicLibraryVerifiesADelivery, and the body is a CloudEvent that says what WatchEvents does.
func TestThePublicLibraryVerifiesADelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, secret := r.create("a")
	r.happen("CS1")
	r.step()
	got := r.target.take()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	m := got[0]
	if err := verify(t, secret, m); err != nil {
		t.Error(err)
	}
	if err := verify(t, "whsec_"+strings.Repeat("A", 43)+"=", m); err == nil {
		t.Error("another secret verifies it, too")
	}
	m.body = append(m.body, ' ')
	if err := verify(t, secret, m); err == nil {
		t.Error("another body is verified, too")
	}
	var e map[string]any
	if err := json.Unmarshal(m.body, &e); err != nil {
		t.Fatal(err)
	}
	id := webhook.MessageID(seller, "CS1", 1)
	for member, want := range map[string]any{
		"specversion": "1.0", "id": id, "source": "/koogate/sellers/" + seller, "type": "koogate.event.order.step", "subject": "CS1",
		"time": storetest.Epoch.UTC().Format(time.RFC3339Nano), "datacontenttype": "application/json",
	} {
		if e[member] != want {
			t.Errorf("%s is %v, want %v", member, e[member], want)
		}
	}
	if data, _ := e["data"].(map[string]any); data["orderId"] != "CS1" || len(e) != 8 {
		t.Errorf("the event is %v", e)
	}
	if m.header.Get("webhook-id") != id || m.header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || m.header.Get("traceparent") != "" {
		t.Error(m.header)
	}
}

// TestTwoSecrets: with two secrets a message bears a signature by each, and none by one that is retired.
func TestTwoSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w, first := r.create("a")
	w, second, err := r.AddSecret(t.Context(), seller, w.ID, webhook.Etag(&w))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.AddSecret(t.Context(), seller, w.ID, ""); errs.As(err).Reason != errs.StateConflict {
		t.Error("a third:", err)
	}
	if _, err := r.RetireSecret(t.Context(), seller, w.ID, w.Secrets[1].ID, "1"); errs.As(err).Reason != errs.EtagMismatch {
		t.Error("an old etag:", err)
	}
	r.happen("CS1")
	r.step()
	m := r.target.take()[0]
	if a, b := verify(t, first, m), verify(t, second, m); a != nil || b != nil || len(strings.Fields(m.header.Get("webhook-signature"))) != 2 {
		t.Error(a, b, m.header)
	}
	if _, err = r.RetireSecret(t.Context(), seller, w.ID, w.Secrets[1].ID, ""); err != nil {
		t.Fatal(err)
	}
	r.happen("CS1")
	r.step()
	m = r.target.take()[0]
	if a, b := verify(t, first, m), verify(t, second, m); a == nil || b != nil || len(strings.Fields(m.header.Get("webhook-signature"))) != 1 {
		t.Error(a, b, m.header)
	}
	if _, err := r.RetireSecret(t.Context(), seller, w.ID, w.Secrets[0].ID, ""); errs.As(err).Reason != errs.StateConflict {
		t.Error("the last:", err)
	}
}

// TestAnOutageOfThreeDaysOnBoth: after almost three days of failures everything is delivered, each order's events in their order, and the
// same bytes as at the first attempt.
func TestAnOutageOfThreeDaysOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		w, _ := r.create("a")
		r.target.does(status(http.StatusServiceUnavailable))
		r.happen("A", "B", "A", "C", "A", "B")
		r.step()
		first := r.target.take()
		if got := seen(first); len(got) != 3 || len(got["A"]) != 1 {
			t.Fatal(got)
		}
		r.pass(71*time.Hour, 20*time.Minute)
		attempts := len(r.target.take())
		if attempts < 3*60 || attempts > 3*100 {
			t.Errorf("%d attempts in 71 hours", attempts)
		}
		r.happen("A", "D")
		r.target.does(nil)
		r.pass(3*time.Hour, 10*time.Minute)
		got := r.target.take()
		want := map[string][]int64{"A": {1, 2, 3, 4}, "B": {1, 2}, "C": {1}, "D": {1}}
		for order, seqs := range want {
			if !slices.Equal(seen(got)[order], seqs) {
				t.Errorf("order %s came as %v, want %v", order, seen(got)[order], seqs)
			}
		}
		for _, m := range got {
			for _, f := range first {
				if m.header.Get("webhook-id") == f.header.Get("webhook-id") && string(m.body) != string(f.body) {
					t.Errorf("%s has changed:\n%s\n%s", m.header.Get("webhook-id"), f.body, m.body)
				}
			}
		}
		if w = r.read(w.ID); w.State != store.WebhookEnabled || w.Backlog != 0 || w.Failures != 0 {
			t.Errorf("%+v", w)
		}
	})
}

// TestATargetThatIsDeadIsDisabledAndLosesNothingOnBoth: after three days without a success it is disabled, with a log line and a metric; and
// once it is enabled it gets everything, in order.
func TestATargetThatIsDeadIsDisabledAndLosesNothingOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		w, _ := r.create("a")
		r.target.does(status(http.StatusInternalServerError))
		r.happen("A", "A", "B")
		r.step()
		r.pass(72*time.Hour, time.Hour)
		w = r.read(w.ID)
		if w.State != store.WebhookDisabled || w.Reason != store.WebhookFailing || w.Backlog != 3 {
			t.Fatalf("%+v", w)
		}
		if log := r.log.String(); strings.Count(log, "a webhook is disabled") != 1 || !strings.Contains(log, "level=ERROR") {
			t.Error(log)
		}
		r.happen("A", "C")
		r.target.take()
		if n := r.step(); n != 0 || len(r.target.take()) != 0 || r.metric("koogate_webhooks_disabled", "FAILING", seller) != 1 {
			t.Errorf("%d attempts at a webhook that is disabled, metric %v", n, r.metric("koogate_webhooks_disabled", "FAILING", seller))
		}
		r.states("A/1 RETRYING", "A/2 WAITING", "B/1 RETRYING")
		r.target.does(nil)
		if _, err := r.Change(t.Context(), seller, w.ID, "", func(t *webhook.Target) { t.State = store.WebhookEnabled }); err != nil {
			t.Fatal(err)
		}
		r.step()
		got := seen(r.target.take())
		if !slices.Equal(got["A"], []int64{1, 2, 3}) || !slices.Equal(got["B"], []int64{1}) || !slices.Equal(got["C"], []int64{1}) {
			t.Error(got)
		}
		r.states("A/1 DELIVERED", "A/2 DELIVERED", "A/3 DELIVERED", "B/1 DELIVERED", "C/1 DELIVERED")
		if v := r.metric("koogate_webhooks_disabled", "FAILING", seller); v != 0 {
			t.Error("still shown as disabled:", v)
		}
	})
}

// TestAPoisonedEventIsGivenUp after three days, while the target takes others: those of other orders did not wait, the next of its order goes on.
func TestAPoisonedEventIsGivenUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w, _ := r.create("a")
	r.target.does(func(w http.ResponseWriter, m message) {
		if m.order == "A" && m.seq == 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	r.happen("A", "A")
	for range 75 {
		r.happen("B")
		r.step()
		r.clock.Advance(time.Hour)
	}
	r.step()
	got := seen(r.target.take())
	if !slices.Equal(got["A"], []int64{1, 2}) || len(got["B"]) != 75 {
		t.Error(got)
	}
	if w = r.read(w.ID); w.State != store.WebhookEnabled || w.Backlog != 0 {
		t.Errorf("%+v", w)
	}
	for _, d := range r.deliveries() {
		if d.OrderID == "A" && d.Seq == 1 && (d.State != store.DeliveryGivenUp || d.Reason != string(webhook.FaultStatus) || d.Status != 400 || d.LastAt.Sub(d.FirstAt) < webhook.Window) {
			t.Errorf("%+v", d)
		}
	}
}

// TestWhatAnAnswerMeans: which answers take an event, what is kept of the others, and when it is tried again.
func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	header := func(code int, name, value string) func(http.ResponseWriter, message) {
		return func(w http.ResponseWriter, _ message) {
			w.Header().Set(name, value)
			w.WriteHeader(code)
			_, _ = w.Write([]byte(strings.Repeat("canary-of-an-answer", 1000)))
		}
	}
	for name, c := range map[string]struct {
		answer   func(http.ResponseWriter, message)
		state    store.DeliveryState
		fault    webhook.Fault
		from, to time.Duration // of the pause
		disabled bool
	}{
		"200":             {answer: nil, state: store.DeliveryDelivered},
		"204":             {answer: status(204), state: store.DeliveryDelivered},
		"a redirect":      {header(307, "Location", "http://169.254.169.254/"), store.DeliveryRetrying, webhook.FaultRedirect, 5 * time.Second, 6 * time.Second, false},
		"500":             {status(500), store.DeliveryRetrying, webhook.FaultStatus, 5 * time.Second, 6 * time.Second, false},
		"retry after":     {header(429, "Retry-After", "120"), store.DeliveryRetrying, webhook.FaultStatus, 2 * time.Minute, 2 * time.Minute, false},
		"retry at once":   {header(503, "Retry-After", "0"), store.DeliveryRetrying, webhook.FaultStatus, 5 * time.Second, 6 * time.Second, false},
		"retry in a year": {header(503, "Retry-After", "31536000"), store.DeliveryRetrying, webhook.FaultStatus, 72 * time.Minute, 72 * time.Minute, false},
		"retry at a time": {header(503, "Retry-After", storetest.Epoch.Add(10*time.Minute).UTC().Format(http.TimeFormat)), store.DeliveryRetrying, webhook.FaultStatus, 9 * time.Minute, 10 * time.Minute, false},
		"410":             {status(410), store.DeliveryRetrying, webhook.FaultGone, 5 * time.Second, 6 * time.Second, true},
		"cut off": {func(w http.ResponseWriter, _ message) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}, store.DeliveryRetrying, webhook.FaultUnreachable, 5 * time.Second, 6 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			w, _ := r.create("a")
			r.target.does(c.answer)
			r.happen("A")
			r.step()
			d := r.deliveries()[0]
			pause := d.DueAt.Sub(storetest.Epoch)
			if d.State != c.state || d.Reason != string(c.fault) || d.Attempts != 1 || d.Size > 4096 || c.state.Open() && (pause < c.from || pause > c.to) {
				t.Errorf("%+v, pause %s", d, pause)
			}
			if w = r.read(w.ID); (w.State == store.WebhookDisabled) != c.disabled || c.disabled && w.Reason != store.WebhookGone {
				t.Errorf("%+v", w)
			}
			if len(r.target.take()) != 1 || strings.Contains(r.log.String(), "canary") {
				t.Error(r.log.String())
			}
		})
	}
}

// TestTargetsThatAreForbidden are refused when that can be seen, and otherwise when they are called.
func TestTargetsThatAreForbidden(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for to, want := range map[string]errs.Reason{
		"https://169.254.169.254/": errs.TargetForbidden, "https://[::1]/": errs.TargetForbidden, "http://10.0.0.1/": errs.TargetForbidden,
		"https://user:" + canary + "@example.com/": errs.InvalidField, "ftp://example.com": errs.InvalidField, "": errs.InvalidField, "https://%zz" + canary: errs.InvalidField,
	} {
		_, _, err := r.Create(t.Context(), seller, webhook.Target{Name: "x", URL: to}, false)
		if errs.As(err).Reason != want || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", to, err)
		}
	}
	w, _ := r.create("a")
	if _, err := r.Change(t.Context(), seller, w.ID, "", func(t *webhook.Target) { t.URL = "https://127.0.0.1.:1/"; t.URL = "https://[fe80::1]/" }); errs.As(err).Reason != errs.TargetForbidden {
		t.Error(err)
	}
	n := names{"hook.example.com": netip.MustParseAddr("10.0.0.1")} // which the name was not when the webhook was created
	d := r.deps
	guard := outbound.New(nil, nil, n)
	defer guard.Close()
	d.Caller = guard
	s := webhook.New(d)
	hidden, _, err := s.Create(t.Context(), seller, webhook.Target{Name: "b", URL: "https://hook.example.com/"}, true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Ping(t.Context(), seller, hidden.ID)
	if err != nil || p.Fault != webhook.FaultForbidden || p.Status != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

type names map[string]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return []netip.Addr{n[host]}, nil
}

// TestAPingTellsWhatTheServerMadeOfIt, is verified like any message, and leaves no trace in the log of deliveries.
func TestAPingTellsWhatTheServerMadeOfIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w, secret := r.create("a")
	if p, err := r.Ping(t.Context(), seller, w.ID); err != nil || p.Fault != "" || p.Status != http.StatusOK {
		t.Error(p, err)
	}
	m := r.target.take()[0]
	if err := verify(t, secret, m); err != nil || !strings.Contains(string(m.body), `"type":"koogate.ping"`) {
		t.Error(err, string(m.body))
	}
	r.target.does(status(http.StatusTeapot))
	if p, err := r.Ping(t.Context(), seller, w.ID); err != nil || p.Fault != webhook.FaultStatus || p.Status != http.StatusTeapot || len(r.deliveries()) != 0 {
		t.Error(p, err)
	}
	if _, err := r.Ping(t.Context(), "other", w.ID); errs.As(err).Reason != errs.SettingNotFound {
		t.Error(err)
	}
}

// TestResends: one, and all since a time, successes too, in order and under the same identity.
func TestResendsOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		w, _ := r.create("a")
		r.happen("A", "B")
		r.step()
		r.clock.Advance(time.Hour)
		since := r.clock.Now()
		r.happen("A", "A", "C")
		r.step()
		before := r.target.take()
		one := r.deliveries()[0]
		if d, err := r.Resend(t.Context(), seller, one.ID); err != nil || d.State != store.DeliveryReady || d.Resends != 1 {
			t.Fatal(d, err)
		}
		r.step()
		if got := r.target.take(); len(got) != 1 || got[0].header.Get("webhook-id") != webhook.MessageID(seller, one.OrderID, one.Seq) {
			t.Error(got)
		}
		for _, dry := range []bool{true, false} {
			n, err := r.ResendSince(t.Context(), seller, w.ID, since, nil, dry)
			if err != nil || n.Count != 3 || n.Last != nil {
				t.Error(n, err)
			}
			r.step()
			got := r.target.take()
			if dry {
				if len(got) != 0 {
					t.Error("counting has sent", got)
				}
				continue
			}
			if by := seen(got); !slices.Equal(by["A"], []int64{2, 3}) || !slices.Equal(by["C"], []int64{1}) || len(by) != 2 {
				t.Error(by)
			}
			for _, m := range got {
				if !slices.ContainsFunc(before, func(b message) bool {
					return b.header.Get("webhook-id") == m.header.Get("webhook-id") && string(b.body) == string(m.body)
				}) {
					t.Errorf("%s did not come before", m.body)
				}
			}
		}
		if _, err := r.Resend(t.Context(), "other", one.ID); errs.As(err).Reason != errs.DeliveryNotFound {
			t.Error(err)
		}
		if _, err := r.ResendSince(t.Context(), seller, "none", since, nil, true); errs.As(err).Reason != errs.SettingNotFound {
			t.Error(err)
		}
	})
}

// TestTwoReplicasOnBoth: two processes deliver side by side; each event comes, each order's in order, and both have their share.
func TestTwoReplicasOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.create("a")
		var orders []string
		for i := range 40 {
			orders = append(orders, "CS"+string(rune('A'+i%20)))
		}
		r.happen(orders...)
		var wait sync.WaitGroup
		made := make([]int, 2)
		for i := range made {
			s := webhook.New(r.deps)
			wait.Go(func() {
				for range 20 {
					n, err := s.Step(t.Context(), seller)
					if err != nil {
						t.Error(err)
					}
					made[i] += n
				}
			})
		}
		wait.Wait()
		r.step()
		got := r.target.take()
		if len(got) != 40 {
			t.Errorf("%d messages, want each of 40 once", len(got))
		}
		for order, seqs := range seen(got) {
			if !slices.Equal(seqs, []int64{1, 2}) {
				t.Errorf("%s came as %v", order, seqs)
			}
		}
	})
}

// TestOneDeadTargetHoldsUpNoOther: while one hangs, the other gets what happens, and the dead one has few attempts at once.
func TestOneDeadTargetHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create("dead")
	r.create("alive")
	hang, arrived := make(chan struct{}), make(chan string, 100)
	r.target.does(func(_ http.ResponseWriter, m message) {
		if m.path == "/dead" {
			<-hang
			return
		}
		arrived <- m.order
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx, seller, func() {})
	}()
	for _, order := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		r.happen(order)
		for got := ""; got != order; {
			select {
			case got = <-arrived:
			case <-time.After(10 * time.Millisecond):
				r.clock.Advance(100 * time.Millisecond) // the couriers' next look
			}
		}
	}
	dead := 0
	for _, m := range r.target.take() {
		if m.path == "/dead" {
			dead++
		}
	}
	if dead == 0 || dead > 4 {
		t.Errorf("%d attempts at once at the target that hangs", dead)
	}
	// A stop waits for the attempts that run, and leases no more.
	stop()
	select {
	case <-ended:
		t.Error("the stop has not waited")
	case <-time.After(20 * time.Millisecond):
	}
	close(hang)
	<-ended
	for _, d := range r.deliveries() {
		if d.State == store.DeliveryReady && d.Fence != 0 {
			t.Errorf("%+v was in hand and has no outcome", d)
		}
	}
}

// TestAttemptsAreLinkedToTheirOrders: each is a span of a trace of its own that points to the order's, and only it bears the error.
func TestAttemptsAreLinkedToTheirOrders(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create("a")
	r.target.does(status(http.StatusInternalServerError))
	r.happen("A")
	r.step()
	spans := r.spans.GetSpans()
	if len(spans) != 1 {
		t.Fatal(spans)
	}
	x, order := spans[0], telemetry.TraceID(seller, "A")
	if x.Name != "webhook deliver" || x.SpanContext.TraceID() == order || x.Parent.IsValid() || len(x.Links) != 1 || x.Links[0].SpanContext.TraceID() != order || x.Status.Code != codes.Error {
		t.Errorf("%+v", x)
	}
}

// TestSecretsStayInside: neither a secret nor the content of an event or an answer is in a log, a span, a metric or a row in clear.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w, secret := r.create("a")
	r.target.does(func(w http.ResponseWriter, _ message) {
		w.WriteHeader(500)
		_, _ = w.Write([]byte("canary-of-an-answer"))
	})
	r.happen("A")
	r.step()
	r.pass(73*time.Hour, time.Hour)
	var told strings.Builder
	told.WriteString(r.log.String())
	for _, x := range r.spans.GetSpans() {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(b)
	}
	rows, err := json.Marshal([]any{r.deliveries(), r.read(w.ID)})
	if err != nil {
		t.Fatal(err)
	}
	told.Write(rows)
	if r.log.String() == "" || len(r.spans.GetSpans()) == 0 {
		t.Fatal("nothing was told")
	}
	for _, s := range []string{"canary", secret, strings.TrimPrefix(secret, "whsec_")} {
		if strings.Contains(told.String(), s) {
			t.Errorf("%q is told outside", s)
		}
	}
}

// TestAFilterIsThatOfWatchEvents, and what nobody wants leaves no row.
func TestAFilterIsThatOfWatchEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create("one", store.Term{Field: "order_id", Value: "B"})
	r.create("none", store.Term{Field: "kind", Value: "no.such"})
	r.happen("A", "B", "A", "B", "C")
	r.step()
	if got := seen(r.target.take()); !slices.Equal(got["B"], []int64{1, 2}) || len(got) != 1 || len(r.deliveries()) != 2 {
		t.Error(got)
	}
}
