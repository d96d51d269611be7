// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/koogate/koogate/cmd/koogate/internal/check"
	"github.com/koogate/koogate/cmd/koogate/internal/dev"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/server/clock"
)

// family stands in a report where koogate check names the protocol family.
const family judge.Family = "worker"

// Run implements the command. Errors: check.ErrBroken, check.ErrUnchecked.
func (c *Command) Run(ctx context.Context, out *terminal.Console, start dev.Start) (err error) {
	if c.List {
		return report.List(out.Out, rules(), c.Language)
	}
	began := clock.System{}.Now()
	s, err := c.open(ctx, start)
	if err != nil {
		return fmt.Errorf("%w: %w", check.ErrUnchecked, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	k := &kit{
		site: s, hook: c.Resources, patience: c.Patience, random: rand.New(rand.NewPCG(c.Seed, 1)), found: map[string]rule.Outcome{}, made: map[string]int{}, //nolint:gosec // seeded on purpose
		progress: func(id string) { out.Status(id) },
	}
	if len(c.Worker) > 0 {
		k.worker = &process{command: c.Worker, env: []string{
			"KOOGATE_ADDR=" + s.grpc, "KOOGATE_URL=" + s.rest, "KOOGATE_TOKEN=" + c.Token, "KOOGATE_QUEUE=" + c.Queue,
		}}
		if c.Verbose {
			k.worker.show = out.Err
		}
		if err := k.worker.start(); err != nil {
			return fmt.Errorf("%w: %w", check.ErrUnchecked, err)
		}
		defer k.worker.end()
	} else {
		fmt.Fprintf(out.Err, "start your worker within %s: KOOGATE_ADDR=%s KOOGATE_URL=%s KOOGATE_QUEUE=%s KOOGATE_TOKEN=(that of --token)\n", c.Patience, s.grpc, s.rest, c.Queue)
	}
	stopped := k.play(ctx)
	out.Status("")
	r := &report.Report{
		Command: "koogate worker-test", Target: target(c, s), Families: []judge.Family{family}, Deep: true, Seed: c.Seed,
		At: began, Took: clock.System{}.Now().Sub(began),
	}
	for _, known := range rules() {
		o, ok := k.found[known.ID]
		if !ok {
			o = rule.Unknown("在此之前已停止", "the run ended before")
		}
		r.Findings = append(r.Findings, report.Finding{Rule: known.ID, Family: family, Outcome: o.State, Seen: o.Seen, Made: k.made[known.ID]})
	}
	if err := (check.Written{Format: c.Format, Output: c.Output, Language: c.Language, Rules: find}).Write(out, r); err != nil {
		return fmt.Errorf("%w: %w", check.ErrUnchecked, err)
	}
	switch {
	case r.Count(rule.Fail) > 0:
		return check.ErrBroken
	case stopped != nil:
		return fmt.Errorf("%w: %w", check.ErrUnchecked, stopped)
	default:
		return nil
	}
}

// target names the worker: its program without the arguments, which may be secret.
func target(c *Command, s *site) string {
	if len(c.Worker) > 0 {
		return c.Worker[0]
	}
	return s.grpc + ", " + s.rest
}

// play does one case after the other. What ends it early leaves the rest of the rules unknown.
func (k *kit) play(ctx context.Context) error {
	k.progress(finishes)
	err := k.purchase(ctx)
	if k.made[finishes] = k.gate.count(); err != nil {
		return err
	}
	if k.found[finishes].State != rule.Holds().State {
		return nil
	}
	for _, x := range []struct {
		id string
		do func(ctx context.Context) error
	}{
		{once, k.stolen},
		{once, k.slow},
		{resumes, func(ctx context.Context) error { return k.crash(ctx, true) }},
		{resumes, func(ctx context.Context) error { return k.crash(ctx, false) }},
		{durable, k.early},
		{leaksNone, k.refusal},
	} {
		k.progress(x.id)
		before := k.gate.count()
		err := x.do(ctx)
		if k.made[x.id] += k.gate.count() - before; err != nil {
			return err
		}
	}
	k.whole()
	return nil
}
