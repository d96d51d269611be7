// SPDX-License-Identifier: Apache-2.0

package sanction

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// reading is one reading of what is known of a seller.
type reading struct {
	*Service
	seller    string
	now       time.Time
	from, to  time.Time // the month
	endpoints []Endpoint
	cut       bool // there was more to read

	series  map[series]*store.Call // the latest failing call that was read of each
	orders  map[string]*Order      // by what the marketplace counts as one
	looks   int
	known   map[string]*store.Aggregate // orders that were read; nil for one that is not known
	days    map[string]map[string]*Day  // by endpoint and date
	refused map[string]map[store.CallCause]*Refusal
}

// series is the marketplace's call with its repetitions.
type series struct {
	subject string
	first   int64 // microseconds
}

func (s *Service) begin(seller string) *reading {
	now := s.Clock.Now()
	from, to := monthOf(now)
	return &reading{
		Service: s, seller: seller, now: now, from: from, to: to, endpoints: s.Endpoints(seller),
		series: map[series]*store.Call{}, orders: map[string]*Order{}, known: map[string]*store.Aggregate{},
		days: map[string]map[string]*Day{}, refused: map[string]map[store.CallCause]*Refusal{},
	}
}

// passed says whether the marketplace has acted.
func (r *reading) passed(until time.Time) bool { return r.now.After(until.Add(lateness)) }

// since is the earliest call that matters: one whose repetitions end in the month, or a test call of a run of days.
func (r *reading) since() time.Time {
	day := r.now.In(beijing)
	day = time.Date(day.Year(), day.Month(), day.Day()-longestRun, 0, 0, 0, 0, beijing)
	if month := r.from.Add(-longest); month.Before(day) {
		return month
	}
	return day
}

// calls reads the calls that were answered with a failure. Refused ones have records with such codes, too, which strangers can cause.
func (r *reading) calls(ctx context.Context) error {
	processing := slices.ContainsFunc(r.endpoints, func(e Endpoint) bool { return e.Processing })
	since := r.since()
	for _, code := range resultcode.All() {
		if code == resultcode.Success || code == resultcode.Processing && !processing {
			continue
		}
		q := store.ListQuery{
			Seller: r.seller, Desc: true, Browsing: true, Limit: page,
			Filter: []store.Term{{Field: "result_code", Value: string(code)}, {Field: "verdict", Value: string(store.CallAnswered)}},
		}
		err := paged(r, func() ([]store.Call, error) {
			rows, err := r.Calls.ListCalls(ctx, q)
			if len(rows) > 0 {
				last := &rows[len(rows)-1]
				q.After = &store.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
			}
			return rows, err
		}, func(c *store.Call) bool {
			if c.CreatedAt.Before(since) {
				return false
			}
			r.failing(c)
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// paged reads page after page, the newest rows first, until take has enough, none are left, or there were too many.
func paged[R any](r *reading, next func() ([]R, error), take func(*R) bool) error {
	for n := 0; n < mostRows; n += page {
		rows, err := next()
		if tooLong(err) {
			break
		}
		if err != nil {
			return err
		}
		for i := range rows {
			if !take(&rows[i]) {
				return nil
			}
		}
		if len(rows) < page {
			return nil
		}
	}
	r.cut = true
	return nil
}

// failing takes a call that was answered with another code than 000000.
func (r *reading) failing(c *store.Call) {
	switch o, follows := journal.OutlookOf(*c); {
	case c.Direction == store.CallOutbound || journal.Fine(*c):
	case c.Probe:
		days := r.days[c.Endpoint]
		if days == nil {
			days = map[string]*Day{}
			r.days[c.Endpoint] = days
		}
		date := dateOf(c.CreatedAt, 0)
		if days[date] == nil || c.CreatedAt.After(days[date].at) {
			n := int64(0)
			if days[date] != nil {
				n = days[date].Failures
			}
			days[date] = &Day{Date: date, Failures: n, Activity: c.Activity, Code: c.Code, at: c.CreatedAt}
		}
		days[date].Failures += c.Times
	case !follows || !counts(o.End) || o.Until.Add(lateness).Before(r.from):
	default:
		k := series{c.Subject, c.FirstAt.UnixMicro()}
		if known := r.series[k]; known == nil || known.Attempt < c.Attempt {
			r.series[k] = c
		}
	}
}

// outcomes finds out what became of the calls that have failed: a success in time is what counts, whatever came before it.
func (r *reading) outcomes(ctx context.Context) error {
	all := map[series][]store.Call{}
	subjects := map[string]bool{}
	for k := range r.series {
		subjects[k.subject] = true
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(subjects)), perQuery) {
		rows, err := r.Calls.CallsOfSubjects(ctx, r.seller, some, r.from.Add(-longest), mostRows)
		if err != nil {
			return err
		}
		r.cut = r.cut || len(rows) == mostRows
		for i := range rows {
			k := series{rows[i].Subject, rows[i].FirstAt.UnixMicro()}
			if r.series[k] != nil {
				all[k] = append(all[k], rows[i])
			}
		}
	}
	for k, last := range r.series {
		o, _ := journal.OutlookOf(*last)
		fine := false
		for i := range all[k] {
			c := &all[k][i]
			if c.CreatedAt.After(o.Until.Add(lateness)) {
				break // somebody has restarted it
			}
			fine = fine || resultcode.Code(c.Code).Success()
			last = c
		}
		if fine || journal.Fine(*last) {
			continue
		}
		o, _ = journal.OutlookOf(*last)
		key := "call " + last.Subject
		if o.Step == deadline.Open && last.OrderID != "" {
			key = "order " + last.OrderID
		}
		r.put(key, &Order{
			OrderID: last.OrderID, InstanceID: last.InstanceID, Endpoint: last.Endpoint, Activity: last.Activity, Code: last.Code,
			Attempts: last.Attempt, Until: o.Until, End: o.End, Next: o.Next,
		})
	}
	return nil
}

// put keeps one of what the marketplace counts as one order: that whose time was over first.
func (r *reading) put(key string, o *Order) {
	if known := r.orders[key]; known == nil || o.Until.Before(known.Until) {
		r.orders[key] = o
	}
}

// instances reads those of which the marketplace was told that their creation goes on, and which were not ready in its time: the creation has
// failed, or goes on, or the instance was released without ever having been ready.
func (r *reading) instances(ctx context.Context) error {
	for _, state := range []store.InstanceState{store.InstanceFailed, store.InstanceProvisioning, store.InstanceReleased} {
		q := store.ListQuery{
			Seller: r.seller, Desc: true, Browsing: true, Limit: page, Filter: []store.Term{{Field: "state", Value: string(state)}},
		}
		var suspects []store.Instance
		err := paged(r, func() ([]store.Instance, error) {
			rows, err := r.Instances.ListInstances(ctx, q)
			if len(rows) > 0 {
				last := &rows[len(rows)-1]
				q.After = &store.Cursor{CreatedAt: last.CreatedAt, ID: last.InstanceID}
			}
			return rows, err
		}, func(i *store.Instance) bool {
			if i.CreatedAt.Add(longest).Before(r.from) {
				return false
			}
			if rule, ok := opening(i); ok && counts(rule.End) && r.suspect(i, i.CreatedAt.Add(rule.Window)) {
				suspects = append(suspects, *i)
			}
			return true
		})
		if err != nil {
			return err
		}
		for k := range suspects {
			if err := r.stuck(ctx, &suspects[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// opening is the marketplace's patience with an instance's creation.
func opening(i *store.Instance) (deadline.Rule, bool) {
	return deadline.Of(cmp.Or(deadline.Family(i.Family), deadline.SaasV2), deadline.Open)
}

// suspect says whether an instance is worth a look at its order; until is about when the marketplace gives it up.
func (r *reading) suspect(i *store.Instance, until time.Time) bool {
	switch i.State {
	case store.InstanceFailed:
		return true
	case store.InstanceProvisioning:
		return until.Add(-hurry).Before(r.now)
	}
	return len(i.Access) == 0 && i.UpdatedAt.After(until) // it was never ready
}

// stuck takes an instance whose creation the marketplace waits for, or has waited for in vain.
func (r *reading) stuck(ctx context.Context, i *store.Instance) error {
	a, err := r.order(ctx, i.OrderID)
	if err != nil || a == nil {
		return err
	}
	for k := range a.Lines {
		l := &a.Lines[k]
		if l.InstanceID != i.InstanceID || l.OrderID != i.OrderID || l.OrderLineID != i.OrderLineID {
			continue
		}
		until, end, ok := r.Waiting(a, l)
		if i.State == store.InstanceReleased {
			if until, end, ok, err = r.givenUp(ctx, i, l); err != nil {
				return err
			}
		}
		if !ok || !counts(end) || until.Add(lateness).Before(r.from) {
			continue
		}
		activity, _, _ := strings.Cut(l.Action, "/")
		o := &Order{
			OrderID: i.OrderID, InstanceID: i.InstanceID, Endpoint: i.Endpoint, Activity: activity, Code: l.AnswerCode, Until: until, End: end,
			Stuck: Stuck(i.State),
		}
		if i.State == store.InstanceFailed && i.FailureCode != "" {
			o.Code = i.FailureCode
		}
		r.put("order "+i.OrderID, o)
	}
	return nil
}

// givenUp says whether the marketplace's time was over when an instance was released that was never ready. One that the buyer did not want any more is
// released before.
func (r *reading) givenUp(ctx context.Context, i *store.Instance, l *store.Line) (until time.Time, end deadline.End, ok bool, err error) {
	rule, _ := opening(i)
	if until = l.CreatedAt.Add(rule.Window); resultcode.Code(l.AnswerCode).Success() {
		return until, rule.End, false, nil
	}
	for after := int64(0); ; {
		events, err := r.Orders.Events(ctx, r.seller, i.OrderID, after, page)
		if err != nil {
			return until, rule.End, false, err
		}
		for k := range events {
			if e := &events[k]; e.Kind == store.EventReleased && e.InstanceID == i.InstanceID {
				return until, rule.End, e.At.After(until), nil
			}
			after = events[k].Seq
		}
		if len(events) < page {
			return until, rule.End, false, nil
		}
	}
}

// order reads an order, once; nil when it is not known, or too many were read.
func (r *reading) order(ctx context.Context, id string) (*store.Aggregate, error) {
	if a, read := r.known[id]; read || id == "" {
		return a, nil
	}
	if r.looks == mostLooks {
		r.cut = true
		return nil, nil
	}
	r.looks++
	a, err := r.Orders.Aggregate(ctx, r.seller, id)
	if notFound(err) {
		a, err = nil, nil
	}
	if err == nil {
		r.known[id] = a
	}
	return a, err
}

// products finds the product of each order.
func (r *reading) products(ctx context.Context) error {
	for _, key := range slices.Sorted(maps.Keys(r.orders)) {
		o := r.orders[key]
		a, err := r.order(ctx, o.OrderID)
		if err != nil {
			return err
		}
		o.ProductID = productOf(a, o.InstanceID)
	}
	return nil
}

// productOf is the product of an instance of an order, or of the order's first line; empty when nothing was admitted.
func productOf(a *store.Aggregate, instanceID string) string {
	if a == nil {
		return ""
	}
	for k := range a.Instances {
		if i := &a.Instances[k]; i.InstanceID == instanceID && i.Product.ProductID != "" {
			return i.Product.ProductID
		}
	}
	for k := range a.Lines {
		if id := a.Lines[k].Product.ProductID; id != "" {
			return id
		}
		if id := a.Lines[k].ProductID; id != "" {
			return id
		}
	}
	return ""
}

// refusals reads how many calls were refused in the month.
func (r *reading) refusals(ctx context.Context) error {
	q := store.ListQuery{Seller: r.seller, Desc: true, Browsing: true, Limit: page}
	return paged(r, func() ([]store.CallRefusal, error) {
		rows, err := r.Calls.ListRefusals(ctx, q)
		if len(rows) > 0 {
			last := &rows[len(rows)-1]
			q.After = &store.Cursor{CreatedAt: last.Hour, ID: last.ID()}
		}
		return rows, err
	}, func(c *store.CallRefusal) bool {
		if c.Hour.Before(r.from) {
			return false
		}
		causes := r.refused[c.Endpoint]
		if causes == nil {
			causes = map[store.CallCause]*Refusal{}
			r.refused[c.Endpoint] = causes
		}
		if causes[c.Cause] == nil {
			causes[c.Cause] = &Refusal{Cause: c.Cause, LastAt: c.LastAt}
		}
		causes[c.Cause].Calls += c.Calls
		return true
	})
}
