// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

const (
	// settleTime bounds the writing of verdicts, which a stop does not cut short: the marketplace was told already.
	settleTime = 5 * time.Second
	// failuresInRow ends a round in which the marketplace answers nothing but failures of its own. It is more than halving
	// a batch of 1000 down to one record takes.
	failuresInRow = 12
	// maxLinks is how many orders a span of a push names.
	maxLinks = 16

	firstBackoff  = 2 * time.Second
	backoffInTime = time.Minute // the longest pause of a record that can still make its bill
	backoffLate   = 10 * time.Minute
	firstPause    = time.Second
	maxPause      = 30 * time.Second
)

// Round is what one round did.
type Round struct {
	Closed     int // records made of windows that were due
	Calls      int // to the marketplace
	Pushed     int // taken, the duplicates among them
	Duplicates int // that the marketplace had already
	Refused    int // expired ones among them
	Expired    int
	Again      int           // to be sent again
	Late       int           // pushed after their deadline
	More       bool          // the time of the round was over before the work was
	Pause      time.Duration // how long to leave the marketplace alone; 0 when there is no need
	Took       time.Duration
}

// Push does one round for a seller: it turns the windows that are due into records and sends what is to be sent, strictly
// by deadline, until nothing is left or the time of a round is over. Errors: STORE_UNAVAILABLE; nothing is lost by it, the
// next round goes on from what the ledger holds.
func (s *Service) Push(ctx context.Context, seller string) (Round, error) {
	p := push{s: s, seller: seller, flow: s.flow(seller), began: s.now()}
	err := p.run(ctx)
	p.round.Took = s.now().Sub(p.began)
	p.flow.add(s.now(), p.round)
	return p.round, storeError(err)
}

// push is one round under way.
type push struct {
	s      *Service
	seller string
	flow   *flow
	began  time.Time
	round  Round
	failed int // calls in a row that failed
	size   int // what a call may take at least
}

func (p *push) run(ctx context.Context) error {
	for ctx.Err() == nil {
		now := p.s.now()
		// Due windows first: only then the earliest deadline of all is among the records.
		closed, err := p.s.Store.CloseUsage(ctx, p.seller, now, p.s.Rules().Spans[p.seller], p.s.cfg.Batch)
		if err != nil {
			return err
		}
		p.round.Closed += len(closed)
		list, err := p.s.Store.SendingUsage(ctx, p.seller, now, p.s.cfg.Batch)
		if err != nil || len(list) == 0 {
			return err
		}
		stop, err := p.batch(ctx, now, p.careful(list))
		if err != nil || stop {
			return err
		}
	}
	p.round.More = true
	return nil
}

// careful shortens a list that begins with records whose earlier attempts had no outcome. One of them may make every call fail that
// contains it; in short calls the other records are sent without it. Each success doubles the length of the next call.
func (p *push) careful(list []store.UsageRecord) []store.UsageRecord {
	size := max(p.size, p.s.cfg.Batch>>min(list[0].Attempt, 10), 1)
	return list[:min(len(list), size)]
}

// batch sends the records of a list that are not too old to be sent.
func (p *push) batch(ctx context.Context, now time.Time, list []store.UsageRecord) (stop bool, err error) {
	var old []Verdict
	var dead, live []store.UsageRecord
	for _, r := range list {
		if now.Before(r.RefuseAt) {
			live = append(live, r)
			continue
		}
		dead, old = append(dead, r), append(old, Verdict{VerdictRefused, expiredCode(r)})
	}
	if len(dead) > 0 {
		p.round.Expired += len(dead)
		if err := p.settle(ctx, dead, old); err != nil {
			return true, err
		}
	}
	if len(live) == 0 {
		return false, nil
	}
	orders, err := p.complete(ctx, live)
	if err != nil {
		return true, err
	}
	return p.send(ctx, live, orders)
}

// complete gives records the end that the marketplace takes: the release of an instance cuts its last window off. Every
// attempt finds the same end, because a release before the end of a window is known when the window is closed. It returns
// the orders of the instances.
func (p *push) complete(ctx context.Context, list []store.UsageRecord) (orders map[string]string, err error) {
	want := make(map[string]time.Time)
	for _, r := range list {
		if end, ok := want[r.InstanceID]; !ok || r.EndAt.After(end) {
			want[r.InstanceID] = r.EndAt
		}
	}
	facts, err := p.s.facts(ctx, p.seller, want)
	if err != nil {
		return nil, err
	}
	orders = make(map[string]string, len(facts))
	for i := range list {
		r := &list[i]
		f := facts[r.InstanceID]
		orders[r.InstanceID] = f.orderID
		if released := f.releasedAt.Truncate(time.Second); f.found && !f.releasedAt.IsZero() && released.Before(r.EndAt) {
			r.EndAt = released
		}
		if told := r.Told(); r.EndAt.Before(told) {
			r.EndAt = told
		}
	}
	return orders, nil
}

// send sends records in one call and writes down what the marketplace says. A list that is refused as a whole is halved
// until the record that is meant stands alone. stop ends the round.
func (p *push) send(ctx context.Context, list []store.UsageRecord, orders map[string]string) (stop bool, err error) {
	if p.over(ctx) {
		p.round.More = true
		return true, nil
	}
	verdicts, fault := p.call(ctx, list, orders)
	if fault == nil {
		p.failed, p.size = 0, 2*len(list)
		p.flow.heard()
		return false, p.settle(ctx, list, verdicts)
	}
	return p.fail(ctx, list, orders, fault)
}

// fail decides what a call that failed as a whole means to its records and to the round.
func (p *push) fail(ctx context.Context, list []store.UsageRecord, orders map[string]string, fault *PushError) (stop bool, err error) {
	p.s.Log.WarnContext(ctx, "usage push failed", "seller", p.seller, "records", len(list), "code", fault.Code,
		"class", fault.Class.String(), "error", fault.Cause)
	switch fault.Class {
	case PushUnsent, PushLimited, PushDenied:
		p.pause(ctx, fault)
		return true, nil
	case PushContent, PushSuspect:
		p.failed = 0
		p.flow.heard()
		if len(list) > 1 {
			return p.halves(ctx, list, orders)
		}
		kind := VerdictAgain
		if fault.Class == PushContent {
			kind = VerdictRefused
		}
		return false, p.settle(ctx, list, []Verdict{{kind, fault.Code}})
	case PushFailed:
		// An error of the marketplace's own may come from one record that it chokes on.
		if p.failed++; len(list) > 1 && p.failed < failuresInRow {
			return p.halves(ctx, list, orders)
		}
		if len(list) == 1 && p.failed < failuresInRow {
			return false, p.settle(ctx, list, again(list, fault.Code))
		}
	}
	p.pause(ctx, fault)
	return true, p.settle(ctx, list, again(list, fault.Code))
}

// over says whether the round begins no more calls.
func (p *push) over(ctx context.Context) bool {
	return p.s.now().Sub(p.began) >= p.s.cfg.RoundBudget || ctx.Err() != nil
}

func (p *push) halves(ctx context.Context, list []store.UsageRecord, orders map[string]string) (stop bool, err error) {
	half := len(list) / 2
	if stop, err = p.send(ctx, list[:half], orders); stop || err != nil {
		return true, err
	}
	return p.send(ctx, list[half:], orders)
}

// again leaves records as they are, to be sent again.
func again(list []store.UsageRecord, code string) []Verdict {
	verdicts := make([]Verdict, len(list))
	for i := range verdicts {
		verdicts[i].Code = code
	}
	return verdicts
}

// pause decides how long the marketplace is left alone.
func (p *push) pause(ctx context.Context, fault *PushError) {
	pause := firstPause
	for n := p.flow.unheard(); n > 0 && pause < maxPause; n-- {
		pause *= 2
	}
	if fault.Class == PushDenied {
		pause = maxPause
		if p.flow.deniedAlarm(p.s.now()) {
			p.s.Log.ErrorContext(ctx, "the marketplace refuses the keys of usage pushes: check the seller's usage_key, access_key and secret_key",
				"seller", p.seller, "code", fault.Code)
		}
	}
	p.round.Pause = max(min(pause, maxPause), fault.RetryAfter)
}

// call makes one call. A fault is never nil for an answer that does not speak of every record.
func (p *push) call(ctx context.Context, list []store.UsageRecord, orders map[string]string) ([]Verdict, *PushError) {
	ctx, span := p.s.Tracer.Start(ctx, "usage push", trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(p.links(list, orders)...))
	defer span.End()
	telemetry.Set(span, telemetry.Seller(p.seller), telemetry.Count(len(list)))
	limit, cancel := context.WithTimeout(ctx, p.s.cfg.CallTimeout)
	defer cancel()
	p.round.Calls++
	began := p.s.now()
	limit, heard := call.Listen(limit)
	verdicts, err := p.s.Pusher.PushUsage(limit, p.seller, list)
	if err == nil && len(verdicts) != len(list) {
		err = &PushError{Class: PushUnknown, Code: CodeNoVerdict}
	}
	if err == nil {
		p.sent(ctx, list, orders, began, *heard, verdicts, nil)
		p.s.Metrics.UsageCall("ok")
		return verdicts, nil
	}
	var fault *PushError
	if !errors.As(err, &fault) {
		fault = &PushError{Class: PushUnknown, Code: CodeNoAnswer, Cause: err}
	}
	p.sent(ctx, list, orders, began, *heard, nil, fault)
	telemetry.Fail(span, fault.Code)
	p.s.Metrics.UsageCall(fault.Class.String())
	return nil, fault
}

// links name the orders of the records, so that an order's trace leads to the pushes of its usage and back.
func (p *push) links(list []store.UsageRecord, orders map[string]string) []trace.Link {
	var links []trace.Link
	seen := make(map[string]bool)
	for _, r := range list {
		order := orders[r.InstanceID]
		if order == "" || seen[order] {
			continue
		}
		seen[order] = true
		links = append(links, trace.Link{SpanContext: trace.SpanContextFromContext(telemetry.UnderOrder(context.Background(), p.seller, order))})
		if len(links) == maxLinks {
			break
		}
	}
	return links
}

// settle writes verdicts down. When that fails the records stay as they were and go out again; the marketplace will say
// that it has them.
func (p *push) settle(ctx context.Context, list []store.UsageRecord, verdicts []Verdict) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	now := p.s.now()
	rows := make([]store.UsageVerdict, len(list))
	verdicts = p.doubted(verdicts)
	for i, v := range verdicts {
		r := list[i]
		rows[i] = store.UsageVerdict{Seller: r.Seller, ID: r.ID, Code: v.Code, DueAt: r.DueAt}
		switch v.Kind {
		case VerdictAccepted, VerdictDuplicate:
			rows[i].State = store.UsagePushed
		case VerdictRefused:
			rows[i].State = store.UsageRefused
		default:
			rows[i].State, rows[i].DueAt = store.UsageSending, now.Add(backoff(r, now))
		}
	}
	if err := p.s.Store.SettleUsage(ctx, rows, now); err != nil {
		return err
	}
	for i, v := range verdicts {
		p.count(ctx, now, list[i], v)
	}
	return nil
}

// codeTaken says that a record of the same instance, begin and end is there (open-apis §3.6).
const codeTaken = "010"

// doubted are the verdicts as they are to be believed. Where packages share begin and end, what is there may be another
// package's record, and then this one is on no bill: an operator decides.
func (p *push) doubted(verdicts []Verdict) []Verdict {
	if p.s.Rules().Spans[p.seller] != store.SpansShared {
		return verdicts
	}
	out := slices.Clone(verdicts)
	for i, v := range out {
		if v.Kind == VerdictDuplicate && v.Code == codeTaken {
			out[i].Kind = VerdictRefused
		}
	}
	return out
}

func (p *push) count(ctx context.Context, now time.Time, r store.UsageRecord, v Verdict) {
	m := p.s.Metrics
	switch v.Kind {
	case VerdictDuplicate:
		p.round.Duplicates++
		m.UsageDuplicate(p.seller)
		if r.Attempt == 0 { // after a crash between the call and this line it is ours; otherwise somebody else reported the period
			p.s.Log.WarnContext(ctx, "the marketplace has a usage record that was not sent to its knowledge; compare its value in the seller centre",
				"seller", p.seller, "metering_sn", r.ID, "instance_id", r.InstanceID, "code", v.Code)
		}
		fallthrough
	case VerdictAccepted:
		p.round.Pushed++
		m.UsagePushed(p.seller)
		if now.After(r.DeadlineAt) {
			p.round.Late++
			m.UsageLate(p.seller)
		}
	case VerdictRefused:
		p.round.Refused++
		m.UsageRefused(p.seller, v.Code)
		p.s.Log.ErrorContext(ctx, "usage record refused", "seller", p.seller, "metering_sn", r.ID, "instance_id", r.InstanceID, "code", v.Code)
	default:
		p.round.Again++
	}
}

// backoff is the pause before a record is sent again. It is never so long that a record in time becomes late by it.
func backoff(r store.UsageRecord, now time.Time) time.Duration {
	limit := backoffInTime
	if now.After(r.DeadlineAt) {
		limit = backoffLate
	}
	d := firstBackoff
	for i := int32(0); i < r.Attempt && d < limit; i++ {
		d *= 2
	}
	return min(d, limit)
}

// String is the class as metrics and logs show it.
func (c PushClass) String() string {
	switch c {
	case PushFailed:
		return "failed"
	case PushUnsent:
		return "unsent"
	case PushLimited:
		return "limited"
	case PushDenied:
		return "denied"
	case PushContent:
		return "content"
	case PushSuspect:
		return "suspect"
	default:
		return "unknown"
	}
}

// expiredCode says whether the marketplace may have a record that is too old to be sent again. One that was made before it
// was too old may have been sent: a process can die between the call and the word of it.
func expiredCode(r store.UsageRecord) string {
	if r.CreatedAt.Before(r.RefuseAt) {
		return CodeExpiredUnknown
	}
	return CodeExpired
}
