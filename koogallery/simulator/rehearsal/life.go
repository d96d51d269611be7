// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Life places one order of a kind and takes it through its whole documented
// life (open-apis §7.3, §7.5), without waiting for the real dates: what falls
// due in a year happens at once. After each step it checks what must hold, and
// most calls it sends twice. Objections of the debugger make a step fail too.
//
// After a call that failed for good the rest is left out, except the release. A
// seller that does badly makes Report.Result Failed and is no error. Errors:
// ErrKind, ErrFull, ctx.Err(); the report then holds the steps so far.
func (s *Stage) Life(ctx context.Context, kind catalogue.Kind) (Report, error) {
	return s.live(ctx, judge.FamilySaasV2, kind, func(l *life, ctx context.Context) error { return l.run(ctx, kind) })
}

// live runs a life and reports it.
func (s *Stage) live(ctx context.Context, family judge.Family, kind catalogue.Kind, run func(*life, context.Context) error) (Report, error) {
	start := s.cfg.Clock.Now()
	l := &life{s: s, report: Report{Family: family, Kind: kind, Result: Failed, Steps: []Step{}}}
	err := run(l, ctx)
	l.report.Took = s.cfg.Clock.Now().Sub(start)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && !l.failed {
		l.report.Result = Passed
	}
	return l.report, err
}

// life is a Life under way.
type life struct {
	s       *Stage
	report  Report
	failed  bool
	stopped bool // a call failed for good
}

func (l *life) run(ctx context.Context, kind catalogue.Kind) error {
	related := ""
	if kind == catalogue.Package { // a package needs the pay-per-use instance it draws from
		onDemand, err := l.open(ctx, catalogue.OnDemand, "on-demand ", "")
		if err != nil {
			return err
		}
		defer l.release(ctx, onDemand, "on-demand ")
		related = l.order(onDemand).InstanceID
		if l.stopped {
			return nil
		}
	}
	root, err := l.open(ctx, kind, "", related)
	if err != nil {
		return err
	}
	o := l.order(root)
	l.report.OrderID, l.report.InstanceID = o.ID, o.InstanceID
	switch kind {
	case catalogue.Period:
		l.renewals(ctx, o)
		l.freezing(ctx, o)
		l.changes(ctx, root)
	case catalogue.Trial:
		l.call(ctx, "convert trial", true, l.building(l.s.market.Conversion, o.ID))
		l.call(ctx, "renew", false, l.building(l.s.market.Renewal, o.ID))
		l.freezing(ctx, o)
	case catalogue.OnDemand, catalogue.Package:
		l.freezing(ctx, o)
	case catalogue.OneTime:
	default:
	}
	l.release(ctx, root, "")
	return nil
}

// open places an order, opens it, repeats the newInstance and looks at the
// instance.
func (l *life) open(ctx context.Context, kind catalogue.Kind, prefix, related string) (string, error) {
	o, err := l.s.market.Place(kind)
	if err != nil {
		return "", err
	}
	root := o.ID
	m, err := l.s.market.Opening(root)
	if err != nil {
		return "", err
	}
	l.step(ctx, prefix+"create", func() (market.Call, error) { return l.s.market.Deliver(ctx, m) }, nil)
	l.step(ctx, prefix+"create again", func() (market.Call, error) { return l.s.market.Deliver(ctx, m.Again()) }, nil)
	l.query(ctx, prefix+"query", root, related)
	return root, nil
}

// query polls until the instance is shown and looks at it.
func (l *life) query(ctx context.Context, name string, root string, related string) {
	l.step(ctx, name, func() (market.Call, error) { return l.s.market.Await(ctx, root) }, func(c market.Call) error {
		return l.s.seen(c, l.order(root).Kind, related)
	})
}

// seen checks what queryInstance shows (saas-v2 §5.2).
func (s *Stage) seen(c market.Call, kind catalogue.Kind, related string) error {
	switch {
	case !c.Shown().Access:
		return errors.New("no appInfo: allowed only if the customer gets access by other means")
	case !s.cfg.Strict || !kind.Metered():
		return nil
	case !c.Shown().Usage:
		return errNoUsage
	case related != "" && !slices.Contains(c.Shown().Related, related):
		return fmt.Errorf("no usageInfo with relatedInstanceId %s", related)
	default:
		return nil
	}
}

func (l *life) renewals(ctx context.Context, o market.Order) {
	l.call(ctx, "renew", true, l.building(l.s.market.Renewal, o.ID))
	l.call(ctx, "cancel renewal", true, l.building(l.s.market.RenewalCancel, o.ID))
}

func (l *life) freezing(ctx context.Context, o market.Order) {
	l.call(ctx, "freeze", true, l.status(o.ID, judge.StatusFreeze))
	l.call(ctx, "unfreeze", true, l.status(o.ID, judge.StatusUnfreeze))
}

func (l *life) changes(ctx context.Context, root string) {
	const step = 10
	o := l.order(root)
	more := o.Present.Product.LinearValue + step
	l.call(ctx, "check change", false, func() (*market.Errand, error) { return l.s.market.ChangeCheck(o.ID, more) })
	l.call(ctx, "renew with change", true, func() (*market.Errand, error) { return l.s.market.RenewalChange(o.ID, more) })
	l.call(ctx, "upgrade", true, func() (*market.Errand, error) { return l.s.market.Upgrading(o.ID, more+step) })
	l.query(ctx, "query after upgrade", root, "")
}

// release ends the instance, if there is one, and says so twice: with a refund
// order for what was paid, without one at the end of a retention period.
func (l *life) release(ctx context.Context, root string, prefix string) {
	o := l.order(root)
	if o.State != market.Completed {
		return
	}
	build := l.building(l.s.market.Releasing, root)
	if o.Kind == catalogue.Period || o.Kind == catalogue.OneTime {
		build = l.building(l.s.market.Unsubscription, o.ID)
	}
	stopped := l.stopped
	l.stopped = false
	l.call(ctx, prefix+"release", true, build)
	l.stopped = l.stopped || stopped
}
