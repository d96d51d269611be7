// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"errors"

	"github.com/koogate/koogate/koogallery/simulator/market"
)

// step makes one call, checks it and reports it. It does nothing once the life
// was stopped.
func (l *life) step(ctx context.Context, name string, call func() (market.Call, error), check func(market.Call) error) {
	if l.stopped || ctx.Err() != nil {
		return
	}
	start := l.s.cfg.Clock.Now()
	c, err := call()
	l.stopped = err != nil
	if err == nil && c.Problem != "" {
		err = errors.New(c.Problem)
	}
	if err == nil && check != nil {
		err = check(c)
	}
	step := Step{Name: name, Code: c.ResultCode, Took: l.s.cfg.Clock.Now().Sub(start)}
	if err != nil {
		l.failed = true
		step.Err = err.Error()
	}
	l.report.Steps = append(l.report.Steps, step)
}

// call delivers a message as one step and, if twice, repeats it as another: a
// repetition has to succeed as the first one did.
func (l *life) call(ctx context.Context, name string, twice bool, build func() (*market.Errand, error)) {
	var m *market.Errand
	l.step(ctx, name, func() (market.Call, error) {
		var err error
		if m, err = build(); err != nil {
			return market.Call{}, err
		}
		return l.s.market.Deliver(ctx, m)
	}, nil)
	if twice && !l.stopped {
		l.step(ctx, name+" again", func() (market.Call, error) { return l.s.market.Deliver(ctx, m.Again()) }, nil)
	}
}

// building adapts a call about an order.
func (l *life) building(build func(key string) (*market.Errand, error), key string) func() (*market.Errand, error) {
	return func() (*market.Errand, error) { return build(key) }
}

// status is a call about the status of an instance.
func (l *life) status(key, status string) func() (*market.Errand, error) {
	return func() (*market.Errand, error) { return l.s.market.StatusChange(key, status) }
}

// order returns an order as it is now.
func (l *life) order(key string) market.Order {
	o, _ := l.s.market.Order(key) // of one that was forgotten nothing is known
	return o
}
