// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"slices"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Seen is a call and what was answered.
type Seen struct {
	wire.Result
	Call   wire.Call
	Answer judge.Answer
}

// OK tells whether the call succeeded, now or, with 000004, in time.
func (s Seen) OK() bool { return s.Outcome == judge.OutcomeOK }

// Make makes a call once.
func (p *Probe) Make(ctx context.Context, call wire.Call) Seen {
	r, answer := p.caller.Make(ctx, call)
	s := Seen{Result: r, Call: call, Answer: answer}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, s)
	return s
}

// Log returns all calls so far.
func (p *Probe) Log() []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// Why says in a few words what was wrong with the answer, or which result code it had.
func (s Seen) Why() string {
	switch {
	case s.Err != "":
		return s.Err
	case s.Problem != "":
		return s.Problem
	default:
		return "resultCode " + s.ResultCode
	}
}
