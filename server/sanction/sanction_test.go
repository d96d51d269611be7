// SPDX-License-Identifier: Apache-2.0

package sanction_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/sanction"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seller = storetest.Seller

// noon is a time in the middle of a Beijing month.
var noon = time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)

type rig struct {
	*sanction.Service

	t        *testing.T
	store    store.Store
	clock    *clocktest.Clock
	gather   *prometheus.Registry
	sold     []sanction.Endpoint
	subjects map[string]string
}

func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := &rig{
			t: t, store: st, clock: clocktest.New(noon), gather: prometheus.NewRegistry(), sold: []sanction.Endpoint{{Name: "main", Processing: true}},
			subjects: map[string]string{},
		}
		r.Service = sanction.New(sanction.Deps{
			Calls: st, Instances: st, Orders: st, Clock: r.clock, Metrics: telemetry.NewMetrics(r.gather),
			Endpoints: func(string) []sanction.Endpoint { return r.sold },
			Waiting: func(_ *store.Aggregate, l *store.Line) (time.Time, deadline.End, bool) {
				return l.CreatedAt.Add(3 * time.Hour), deadline.Refund, l.AnswerCode != "000000"
			},
		})
		f(t, r)
	})
}

// call is one of the marketplace's about an order at a time, with an answer.
func call(order, activity, code string, at time.Time) store.Call {
	rule := map[string]deadline.Step{"newInstance": deadline.Open, "refreshInstance": deadline.Refresh, "updateInstanceStatus": deadline.Status}
	c := store.Call{
		Seller: seller, ID: storetest.NewIDAt(at), CreatedAt: at, LastAt: at, Times: 1, Endpoint: "main", Family: "saas_v2",
		Activity: activity, OrderID: order, InstanceID: "inst-" + order, Verdict: store.CallAnswered, Code: code, HTTPStatus: 200,
		Direction: store.CallInbound, Subject: activity + " " + order,
	}
	if r, ok := deadline.Of(deadline.SaasV2, rule[activity]); ok {
		c.Series = r.Window + r.Every
	}
	return c
}

func (r *rig) record(calls ...store.Call) {
	r.t.Helper()
	for chunk := range slices.Chunk(calls, 100) {
		if err := r.store.RecordCalls(r.t.Context(), chunk, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// short is what a report says in a few words: the products, then the endpoints.
func (r *rig) short() string {
	r.t.Helper()
	x, err := r.Read(r.t.Context(), seller)
	if err != nil {
		r.t.Fatal(err)
	}
	return shorten(x)
}

func shorten(x *sanction.Report) string {
	var b strings.Builder
	fmt.Fprint(&b, x.State())
	for _, p := range x.Products {
		fmt.Fprintf(&b, "; product %q", p.ProductID)
		for _, o := range p.Failed {
			fmt.Fprintf(&b, " failed %s %s", o.OrderID, o.Code)
		}
		for _, o := range p.AtRisk {
			fmt.Fprintf(&b, " at risk %s %s", o.OrderID, o.Code)
		}
	}
	for _, e := range x.Sites {
		if len(e.Days)+len(e.Refusals) > 0 {
			fmt.Fprintf(&b, "; %s", e.Endpoint)
		}
		for _, d := range e.Days {
			fmt.Fprintf(&b, " %s:%d", d.Date, d.Failures)
		}
		for _, c := range e.Refusals {
			fmt.Fprintf(&b, " %s:%d", c.Cause, c.Calls)
		}
	}
	if x.Truncated {
		b.WriteString("; truncated")
	}
	return b.String()
}

// What becomes of an order decides: what its calls were answered in time, whatever came before and after.
func TestWhatCountsAsAFailedOrderOnBoth(t *testing.T) {
	hours := func(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }
	type attempt struct {
		after    time.Duration
		activity string
		code     string
	}
	for name, c := range map[string]struct {
		attempts []attempt
		read     time.Duration // after the first attempt
		want     string
	}{
		"nothing":                  {nil, 0, "CLEAR"},
		"a success":                {[]attempt{{0, "newInstance", "000000"}}, hours(4), "CLEAR"},
		"still repeated":           {[]attempt{{0, "newInstance", "000005"}, {hours(1), "newInstance", "000100"}}, hours(2), `AT_RISK; product "" at risk CS1 000100`},
		"the last may be late":     {[]attempt{{0, "newInstance", "000005"}}, hours(3) + 30*time.Second, `AT_RISK; product "" at risk CS1 000005`},
		"given up":                 {[]attempt{{0, "newInstance", "000005"}, {hours(1), "newInstance", "000100"}}, hours(3.1), `AT_RISK; product "" failed CS1 000100`},
		"recovered":                {[]attempt{{0, "newInstance", "000005"}, {hours(2), "newInstance", "000000"}}, hours(4), "CLEAR"},
		"recovered at the last":    {[]attempt{{0, "newInstance", "000005"}, {hours(3) + 20*time.Second, "newInstance", "000000"}}, hours(4), "CLEAR"},
		"recovered too late":       {[]attempt{{0, "newInstance", "000005"}, {hours(3.2), "newInstance", "000000"}}, hours(4), `AT_RISK; product "" failed CS1 000005`},
		"restarted, in a series":   {[]attempt{{0, "newInstance", "000005"}, {hours(9), "newInstance", "000000"}}, hours(10), `AT_RISK; product "" failed CS1 000005`},
		"restarted in vain":        {[]attempt{{0, "newInstance", "000005"}, {hours(9), "newInstance", "000005"}}, hours(20), `AT_RISK; product "" failed CS1 000005`},
		"going on":                 {[]attempt{{0, "newInstance", "000005"}, {hours(1), "newInstance", "000004"}}, hours(4), "CLEAR"},
		"a success is final":       {[]attempt{{0, "newInstance", "000005"}, {hours(1), "newInstance", "000000"}, {hours(2), "newInstance", "000005"}}, hours(4), "CLEAR"},
		"a renewal":                {[]attempt{{0, "refreshInstance", "000005"}}, hours(2.1), `AT_RISK; product "" failed CS1 000005`},
		"a renewal is not done":    {[]attempt{{0, "refreshInstance", "000004"}}, hours(1), `AT_RISK; product "" at risk CS1 000004`},
		"purchase and renewal":     {[]attempt{{0, "newInstance", "000005"}, {hours(0.5), "refreshInstance", "000005"}}, hours(4), `AT_RISK; product "" failed CS1 000005 failed CS1 000005`},
		"a freeze refunds nobody":  {[]attempt{{0, "updateInstanceStatus", "000005"}}, hours(4), "CLEAR"},
		"a look is nobody's order": {[]attempt{{0, "queryInstance", "000003"}}, hours(4), "CLEAR"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				for _, a := range c.attempts {
					x := call("CS1", a.activity, a.code, noon.Add(a.after))
					if a.activity == "queryInstance" {
						x.Subject = ""
					}
					r.record(x)
				}
				r.clock.Advance(c.read)
				if got := r.short(); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

// An order is one, whatever its lines and whoever tells of it, and is its product's.
func TestAnOrderCountsOnceOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		ch := storetest.Admission("CS1", noon)
		ch.NewInstances[0].State, ch.NewInstances[0].FailureCode = store.InstanceFailed, "000104"
		ch.NewInstances[0].Product.ProductID = "OFFI-1"
		ch.NewLines[0].AnswerCode = "000104"
		if err := r.store.Apply(r.t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		second := call("CS1", "newInstance", "000104", noon.Add(2*time.Hour)) // which has an hour left
		second.Subject, second.InstanceID = "of another line", ""
		r.record(call("CS1", "newInstance", "000104", noon), second)
		r.clock.Advance(4 * time.Hour)
		if got, want := r.short(), `AT_RISK; product "OFFI-1" failed CS1 000104`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// The marketplace was told that the creation goes on, and nothing has followed: no call has failed, and the order has.
func TestAnOrderThatIsNeverFinishedFailsOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			order string
			state store.InstanceState
			code  string
		}{{"CS1", store.InstanceProvisioning, "000004"}, {"CS2", store.InstanceFailed, "000004"}, {"CS3", store.InstanceActive, "000004"}, {"CS4", store.InstanceProvisioning, "000000"}} {
			ch := storetest.Admission(c.order, noon)
			ch.NewInstances[0].State, ch.NewLines[0].AnswerCode, ch.NewLines[0].ProductID = c.state, c.code, "OFFI-1"
			if err := r.store.Apply(r.t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			after time.Duration
			want  string
		}{
			{time.Hour, `AT_RISK; product "OFFI-1" at risk CS2 000004`}, // the creation that goes on has two hours left
			{2*time.Hour + time.Minute, `AT_RISK; product "OFFI-1" at risk CS1 000004 at risk CS2 000004`},
			{3*time.Hour + 2*time.Minute, `AT_RISK; product "OFFI-1" failed CS1 000004 failed CS2 000004`},
		} {
			r.clock.Advance(noon.Add(c.after).Sub(r.clock.Now()))
			if got := r.short(); got != c.want {
				t.Errorf("after %s: got %s, want %s", c.after, got, c.want)
			}
		}
	})
}

// An instance that was released and had never been ready is a failed order if the marketplace's time was over by then, and otherwise a buyer who did
// not want it any more.
func TestAReleaseTellsWhetherItWasGivenUpOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for order, c := range map[string]struct {
			released time.Duration
			access   []byte
			code     string
		}{
			"CS1": {4 * time.Hour, nil, "000004"}, "CS2": {2 * time.Hour, nil, "000004"}, "CS3": {4 * time.Hour, []byte("sealed"), "000004"}, "CS4": {4 * time.Hour, nil, "000000"},
		} {
			ch, at := storetest.Admission(order, noon), noon.Add(c.released)
			ch.NewInstances[0].State, ch.NewInstances[0].Access, ch.NewInstances[0].UpdatedAt, ch.NewLines[0].AnswerCode = store.InstanceReleased, c.access, noon.Add(5*time.Hour), c.code
			release := storetest.NewEvent(order, 2, ch.NewInstances[0].InstanceID, at)
			release.Kind = store.EventReleased
			ch.Events = append(ch.Events, release)
			ch.NewOrder.Head = store.Head{Seq: 2, Hash: release.Hash}
			if err := r.store.Apply(r.t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}
		r.clock.Advance(24 * time.Hour)
		if got, want := r.short(), `AT_RISK; product "" failed CS1 000004`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// The month is Beijing's, and an order belongs to that in which the marketplace gives it up. The sixth of a product is one too many.
func TestMonthsEndInBeijingOnBoth(t *testing.T) {
	april := time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, r *rig) {
		r.clock.Advance(april.Add(-time.Minute).Sub(noon))
		for order, at := range map[string]time.Duration{"CS-MARCH": -200 * time.Minute, "CS-APRIL": -150 * time.Minute} { // told to go on, and never finished
			if err := r.store.Apply(t.Context(), storetest.Admission(order, april.Add(at))); err != nil {
				t.Fatal(err)
			}
		}
		r.record(call("CS1", "newInstance", "000005", april.Add(-4*time.Hour)), call("CS2", "newInstance", "000005", april.Add(-2*time.Hour)))
		if got, want := r.short(), `AT_RISK; product "" failed CS-MARCH 000004 failed CS1 000005 at risk CS-APRIL 000004 at risk CS2 000005`; got != want {
			t.Errorf("in March: got %s, want %s", got, want)
		}
		r.clock.Advance(3 * time.Hour)
		if got, want := r.short(), `AT_RISK; product "" failed CS2 000005 failed CS-APRIL 000004`; got != want {
			t.Errorf("in April: got %s, want %s", got, want)
		}
		for n := 3; n <= 5; n++ {
			r.record(call(fmt.Sprint("CS", n), "newInstance", "000005", april.Add(time.Hour)))
		}
		r.clock.Advance(24 * time.Hour)
		if x, err := r.Read(t.Context(), seller); err != nil || x.Failed() != sanction.Allowed || x.State() != sanction.AtRisk {
			t.Errorf("%d failed: %s, %v", x.Failed(), x.State(), err)
		}
		r.record(call("CS7", "newInstance", "000005", april.Add(2*time.Hour)))
		if x, err := r.Read(t.Context(), seller); err != nil || x.Failed() != sanction.Allowed+1 || x.State() != sanction.Due {
			t.Errorf("%d failed: %s, %v", x.Failed(), x.State(), err)
		}
		r.clock.Advance(time.Date(2026, 4, 30, 15, 59, 0, 0, time.UTC).Sub(r.clock.Now()))
		if x, err := r.Read(t.Context(), seller); err != nil || x.Failed() != sanction.Allowed+1 {
			t.Errorf("at the end of the month: %d, %v", x.Failed(), err)
		}
		r.clock.Advance(time.Minute)
		if got := r.short(); got != "CLEAR" {
			t.Errorf("in May: %s", got)
		}
	})
}

// Days in a row count, the latest of which is today or yesterday; refused calls have no part in them and are told beside.
func TestProbeDaysOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		probe := func(daysAgo int, code string) store.Call {
			c := call("CS1", "newInstance", code, noon.AddDate(0, 0, -daysAgo))
			c.Probe, c.Subject, c.OrderID = true, "", ""
			return c
		}
		r.record(probe(4, "000005"), probe(2, "000005"), probe(1, "000005"), probe(1, "000002"), probe(3, "000000"), probe(0, "000004"))
		refused := call("", "", "000001", noon)
		refused.Verdict, refused.Cause, refused.Subject, refused.Family = store.CallRefused, store.CauseKey, "", ""
		count := func(hour time.Time, calls int64) store.CallRefusal {
			return store.CallRefusal{Seller: seller, Endpoint: "main", Cause: store.CauseKey, Hour: hour, Calls: calls, FirstAt: hour, LastAt: hour}
		}
		march := time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)
		err := r.store.RecordCalls(t.Context(), []store.Call{refused}, []store.CallRefusal{count(march.Add(-time.Hour), 100), count(march, 2), count(noon, 3)})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.short(), "AT_RISK; main 2026-03-13:2 2026-03-12:1 KEY:5"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		r.record(probe(3, "000005"), probe(0, "000005"))
		if got, want := r.short(), "DUE; main 2026-03-14:1 2026-03-13:2 2026-03-12:1 2026-03-11:1 2026-03-10:1 KEY:5"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		r.clock.Advance(13 * time.Hour) // 01:00 of the next day in Beijing
		night := probe(0, "000005")
		night.ID, night.CreatedAt = storetest.NewIDAt(r.clock.Now()), r.clock.Now()
		r.record(night)
		if got, want := r.short(), "DUE; main 2026-03-15:1 2026-03-14:1 2026-03-13:2 2026-03-12:1 2026-03-11:1 2026-03-10:1 KEY:5"; got != want {
			t.Errorf("at night: got %s, want %s", got, want)
		}
		r.clock.Advance(48 * time.Hour)
		if got, want := r.short(), "CLEAR; main KEY:5"; got != want {
			t.Errorf("two days later: got %s, want %s", got, want)
		}
	})
}

// A reading has an end, and says when there was more; other sellers have no part in it.
func TestAReadingIsBoundedOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		foreign := call("CS9", "newInstance", "000005", noon)
		foreign.Seller = "other"
		r.record(foreign)
		if got := r.short(); got != "CLEAR" {
			t.Errorf("another seller's order: %s", got)
		}
		var many []store.Call
		for n := range 5001 {
			c := call("CS1", "queryInstance", "000003", noon.Add(time.Duration(n)*time.Millisecond))
			c.Subject = ""
			many = append(many, c)
		}
		r.record(call("CS0", "newInstance", "000003", noon.Add(-time.Second)))
		r.record(many...)
		r.clock.Advance(time.Minute)
		if got, want := r.short(), "CLEAR; truncated"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// tired is a store whose lists of calls are stopped, or that is away.
type tired struct {
	store.Calls
	err error
}

func (s tired) ListCalls(context.Context, store.ListQuery) ([]store.Call, error) { return nil, s.err }

func TestAListThatTakesTooLongIsMore(t *testing.T) {
	r := &rig{t: t, clock: clocktest.New(noon)}
	st := backendtest.SQLite(t)
	read := func(err error) (*sanction.Report, error) {
		return sanction.New(sanction.Deps{
			Calls: tired{st, err}, Instances: st, Orders: st, Clock: r.clock, Endpoints: func(string) []sanction.Endpoint { return nil },
		}).Read(t.Context(), seller)
	}
	if x, err := read(store.ErrTooLong); err != nil || shorten(x) != "CLEAR; truncated" {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := read(store.ErrBusy); errs.As(err) == nil || errs.As(err).Reason != errs.ListBusy {
		t.Errorf("a list that is busy: %v", err)
	}
}

// The metrics show what was read last, and nothing of what has gone.
func TestMetricsShowTheMonthOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.record(call("CS1", "newInstance", "000005", noon), call("CS2", "newInstance", "000005", noon.Add(3*time.Hour)))
		r.clock.Advance(4 * time.Hour)
		next, err := r.Keep(t.Context(), seller)
		if err != nil || next.Sub(r.clock.Now()) != 5*time.Minute {
			t.Fatalf("next in %s, %v", next.Sub(r.clock.Now()), err)
		}
		if got, want := r.metrics(), "koogate_failed_orders=1 koogate_orders_at_risk=1 koogate_probe_days=0"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		r.clock.Advance(30 * 24 * time.Hour)
		if _, err := r.Keep(t.Context(), seller); err != nil {
			t.Fatal(err)
		}
		if got, want := r.metrics(), "koogate_orders_at_risk=0 koogate_probe_days=0"; got != want {
			t.Errorf("a month later: got %s, want %s", got, want)
		}
	})
}

func (r *rig) metrics() string {
	r.t.Helper()
	families, err := r.gather.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	var list []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if n := f.GetName(); n == "koogate_failed_orders" || n == "koogate_orders_at_risk" || n == "koogate_probe_days" {
				list = append(list, fmt.Sprintf("%s=%v", n, m.GetGauge().GetValue()))
			}
		}
	}
	return strings.Join(list, " ")
}
