// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Op is what happens in a step.
type Op int

// The ops. Number says which of several it is about.
const (
	OpBuy      Op = iota // the purchase is opened, for the first time or again
	OpQuery              // the marketplace asks for the instance
	OpRenew              // renewal Number comes, for the first time or again
	OpFreeze             // the instance is frozen
	OpUnfreeze           // and unfrozen
	OpRelease            // the instance is given up
	OpWork               // a worker leases a task and completes it
	OpHold               // a worker leases a task and keeps it
	OpComplete           // the task that is kept longest is completed, perhaps after its lease
	OpLose               // the worker with the task that is kept longest is gone
	OpGiveBack           // a worker leases a task and fails
	OpJobs               // Koogate's own jobs that are due are done, the order query among them
	OpWait               // time passes, Number in waits
	OpRestart            // the process ends and another one begins
	OpGuard              // Redis loses what it held
	OpMute               // the marketplace's next order query fails
	OpReport             // use Number is reported, for the first time or again
	OpCorrect            // use Number is corrected
	OpTrouble            // the marketplace's next push of usage goes wrong, Number says how
	OpBeat               // the worker prolongs the lease of the task that it has kept longest
	ops
)

var opNames = [...]string{
	"buy", "query", "renew", "freeze", "unfreeze", "release", "work", "hold", "complete", "lose worker", "give back", "jobs", "wait", "restart",
	"lose Redis", "mute the marketplace", "report use", "correct use", "trouble with the next push", "prolong a lease",
}

// weights are how often ops are drawn, and metered those of what is paid for by its use.
var (
	weights = [ops]int{
		OpBuy: 3, OpQuery: 2, OpRenew: 4, OpFreeze: 2, OpUnfreeze: 2, OpRelease: 1, OpWork: 5, OpHold: 2, OpComplete: 2, OpLose: 1, OpGiveBack: 1,
		OpJobs: 5, OpWait: 3, OpRestart: 1, OpGuard: 1, OpMute: 1, OpBeat: 1,
	}
	metered = [ops]int{
		OpBuy: 2, OpQuery: 1, OpFreeze: 1, OpUnfreeze: 1, OpRelease: 1, OpWork: 3, OpHold: 1, OpComplete: 1, OpLose: 1, OpGiveBack: 1,
		OpJobs: 6, OpWait: 5, OpRestart: 1, OpGuard: 1, OpMute: 1, OpReport: 8, OpCorrect: 2, OpTrouble: 2,
	}
)

// Fault is what happens to a write of Koogate's store.
type Fault int

// The faults of a write.
const (
	FaultNone        Fault = iota
	FaultBefore            // it fails, and nothing is written
	FaultAfter             // it is written, and the answer is lost
	FaultCrashBefore       // the process ends before it is written
	FaultCrashAfter        // the process ends after it was written
	faults
)

var faultNames = [...]string{"", "fails before it is written", "is written and its answer is lost", "the process ends before", "the process ends after"}

// Step is one thing that happens.
type Step struct {
	Op     Op
	Number int
	// Process is the one that is called.
	Process int
	// Fault happens to the At-th write of the step, from 1; a crash ends the step.
	Fault Fault
	At    int
	Lost  bool // the answer does not reach whoever called
	// During happens after the marketplace has fixed its answer to an order query of this step and before the answer arrives.
	During []Step
}

// Plan is what happens in a life. It begins with the purchase, until it is shrunk.
type Plan []Step

const (
	shortest, longest = 4, 24 // steps of a plan
	renewals          = 4
)

// draw makes a plan up, which begins with the purchase.
func draw(r *rand.Rand, weights [ops]int) Plan {
	plan := make(Plan, shortest+r.IntN(longest-shortest+1))
	for i := range plan {
		plan[i] = drawStep(r, weights, true)
	}
	plan[0] = drawFault(r, Step{Op: OpBuy})
	return plan
}

func drawStep(r *rand.Rand, weights [ops]int, outer bool) Step {
	s := Step{Op: drawOp(r, weights), Number: r.IntN(renewals)}
	if r.IntN(3) == 0 {
		s.Process = 1
	}
	s = drawFault(r, s)
	if outer && s.Op == OpJobs && r.IntN(2) == 0 {
		for range 1 + r.IntN(2) {
			if in := drawStep(r, weights, false); in.Op != OpJobs && in.Op != OpRestart {
				in.Fault, in.At = FaultNone, 0
				s.During = append(s.During, in)
			}
		}
	}
	return s
}

// drawFault may let a step go wrong.
func drawFault(r *rand.Rand, s Step) Step {
	if r.IntN(5) == 0 {
		s.Fault, s.At = 1+Fault(r.IntN(int(faults)-1)), 1+r.IntN(2)
	}
	s.Lost = r.IntN(12) == 0
	return s
}

func drawOp(r *rand.Rand, weights [ops]int) Op {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for op, w := range weights {
		if n -= w; n < 0 {
			return Op(op)
		}
	}
	return OpWait
}

// String says what happens, a line for each step.
func (p Plan) String() string {
	var b strings.Builder
	for i, s := range p {
		fmt.Fprintf(&b, "%3d  %s\n", i+1, s)
	}
	return b.String()
}

// String says what happens in the step.
func (s Step) String() string {
	text := opNames[s.Op]
	switch s.Op {
	case OpRenew, OpReport, OpCorrect:
		text += fmt.Sprintf(" %d", s.Number+1)
	case OpTrouble:
		text += ": " + troubleNames[s.Number]
	case OpWait:
		text += " " + waits[s.Number].String()
	}
	if s.Process > 0 {
		text += ", by the other process"
	}
	if s.Lost {
		text += "; the answer does not arrive"
	}
	if s.Fault != FaultNone {
		text += fmt.Sprintf("; write %d: %s", s.At, faultNames[s.Fault])
	}
	for _, in := range s.During {
		text += "; while the marketplace's answer is on its way: " + in.String()
	}
	return text
}

// simpler returns plans with one thing less, the simplest first.
func (p Plan) simpler() []Plan {
	var all []Plan
	for n := len(p); n > 0; n /= 2 {
		for i := 0; i+n <= len(p); i += n {
			all = append(all, slices.Delete(slices.Clone(p), i, i+n))
		}
	}
	for i, s := range p {
		with := func(s Step) {
			q := slices.Clone(p)
			q[i] = s
			all = append(all, q)
		}
		if s.Fault != FaultNone {
			less := s
			less.Fault, less.At = FaultNone, 0
			with(less)
		}
		if s.Lost {
			less := s
			less.Lost = false
			with(less)
		}
		if s.Process > 0 {
			less := s
			less.Process = 0
			with(less)
		}
		for k := range s.During {
			less := s
			less.During = slices.Delete(slices.Clone(s.During), k, k+1)
			with(less)
		}
	}
	return all
}
