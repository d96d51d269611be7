// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// all makes every call: those of a chain one after the other, chains side by side.
func (r *runner) all(ctx context.Context) error {
	first := r.story.chains[0][0].At
	total := 0
	for _, chain := range r.story.chains {
		total += len(chain)
	}
	slots := make(chan struct{}, r.cfg.Parallel)
	var work sync.WaitGroup
	var mu sync.Mutex
	done := 0
	progress := func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		if r.cfg.Progress != nil {
			r.cfg.Progress(done, total)
		}
	}
	for _, chain := range r.story.chains {
		if r.cfg.Rate == 0 { // a chain holds its slot, so that the first chains end first
			slots <- struct{}{}
		}
		work.Go(func() {
			if r.cfg.Rate == 0 {
				defer func() { <-slots }()
			}
			for _, c := range chain {
				if !r.due(ctx, c.At.Sub(first)) {
					return
				}
				if r.cfg.Rate > 0 {
					slots <- struct{}{}
				}
				r.one(ctx, c)
				if r.cfg.Rate > 0 {
					<-slots
				}
				progress()
			}
		})
	}
	work.Wait()
	return ctx.Err()
}

// due waits until it is time for a call that came so long after the first. It reports false when the replay is over.
func (r *runner) due(ctx context.Context, after time.Duration) bool {
	if r.cfg.Rate > 0 {
		at := r.start.Add(time.Duration(float64(after) / r.cfg.Rate))
		if wait := at.Sub(r.cfg.Clock.Now()); wait > 0 && clock.Sleep(ctx, r.cfg.Clock, wait) != nil {
			return false
		}
	}
	return ctx.Err() == nil
}

// answered is what the target said.
type answered struct {
	wire.Result
	status   int
	bodySign tape.Sign
	info     []string // as recorded ids, where they stand for some
}

// one makes a call and compares the answer.
func (r *runner) one(ctx context.Context, c *tape.Call) {
	if c.Withheld != "" {
		r.report.leaveOut(c, c.Withheld)
		return
	}
	a, err := r.ask(ctx, c, 0)
	if err != nil {
		r.report.leaveOut(c, err.Error())
		return
	}
	waited := false
	attempt := r.story.attempt[c]
	wait, end := 100*time.Millisecond, r.cfg.Clock.Now().Add(r.cfg.Patience)
	for n := 1; attempt != "" && r.underWay(c, a, attempt) && r.cfg.Clock.Now().Before(end); n++ {
		if clock.Sleep(ctx, r.cfg.Clock, wait) != nil {
			break
		}
		waited, wait = true, min(2*wait, 3*time.Second)
		if next, err := r.ask(ctx, c, n); err == nil {
			a = next
		}
	}
	if ctx.Err() != nil {
		return // what was not answered then says nothing of the target
	}
	r.compare(c, a, waited)
}

// underWay tells whether the target is about to do what the recorded seller had done: the marketplace would ask again.
func (r *runner) underWay(c *tape.Call, a answered, attempt string) bool {
	ok := a.Outcome == judge.OutcomeOK
	before := r.reached.note(attempt, ok)
	return !ok && !before && c.Verdict.Outcome == judge.OutcomeOK && !late(c) && (a.Outcome == judge.OutcomePending || a.Processing())
}

// ask makes a call once.
func (r *runner) ask(ctx context.Context, c *tape.Call, repetition int) (answered, error) {
	call, err := r.write(c, repetition)
	if err != nil {
		return answered{}, err
	}
	result, answer := r.caller.Make(ctx, call)
	a := answered{Result: result, status: answer.Status, bodySign: tape.SignNone}
	if given := answer.Header.Get(sign.BodySignHeader); given != "" {
		a.bodySign = tape.SignWrong
		if sign.VerifyBodySign(call.Asked.Key, given, answer.Body) {
			a.bodySign = tape.SignGood
		}
	}
	for _, id := range judge.Instances(answer.Body) {
		a.info = append(a.info, r.pairs.Back(id))
	}
	return a, nil
}
