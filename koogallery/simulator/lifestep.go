// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
)

// step makes one call, checks it and reports it. It does nothing once the life
// was stopped.
func (l *life) step(ctx context.Context, name string, call func() (Call, error), check func(Call) error) {
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
func (l *life) call(ctx context.Context, name string, twice bool, build func() (*message, error)) {
	var m *message
	l.step(ctx, name, func() (Call, error) {
		var err error
		if m, err = build(); err != nil {
			return Call{}, err
		}
		return l.s.deliver(ctx, m)
	}, nil)
	if twice && !l.stopped {
		l.step(ctx, name+" again", func() (Call, error) { return l.s.deliver(ctx, m.repetition()) }, nil)
	}
}

// building adapts a call that comes with an order.
func (l *life) building(build func(orderID string) (*message, error), orderID string) func() (*message, error) {
	return func() (*message, error) { return build(orderID) }
}

// about adapts a call that is about the instance only.
func (l *life) about(orderID string, build func(*order) *message) func() (*message, error) {
	return func() (*message, error) { return l.s.about(orderID, build) }
}
