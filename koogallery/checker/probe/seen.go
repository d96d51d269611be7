// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"slices"
	"strconv"
	"strings"

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

// Reason is a few words in both languages of the sellers.
type Reason struct{ zh, en string }

// In returns the reason in a language, English for all but "zh".
func (r Reason) In(language string) string {
	if language == "zh" {
		return r.zh
	}
	return r.en
}

// Why says in a few words what was wrong with the answer, or which result code it had.
func (s Seen) Why() Reason {
	code := "resultCode " + s.ResultCode
	switch {
	case s.Err != "":
		return Reason{"没有应答（" + s.Err + "）", s.Err}
	case len(s.Objections) == 0:
		return Reason{code, code}
	}
	chinese := make([]string, 0, len(s.Objections))
	for _, o := range s.Objections {
		chinese = append(chinese, o.Chinese)
	}
	return Reason{strings.Join(chinese, "；"), s.Problem}
}

// StatusText says which HTTP status a call had, or why it has no answer.
func (s Seen) StatusText() Reason {
	if s.Err != "" {
		return s.Why()
	}
	status := "HTTP " + strconv.Itoa(s.Status)
	return Reason{status, status}
}
