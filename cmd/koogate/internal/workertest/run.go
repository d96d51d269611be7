// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"

	"github.com/koogate/koogate/cmd/koogate/internal/check"
	"github.com/koogate/koogate/cmd/koogate/internal/dev"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/server/clock"
)

// family stands in a report where koogate check names the protocol family.
func (c *Command) family() judge.Family {
	if c.Webhook != "" {
		return "webhook"
	}
	return "worker"
}

// rules are those of what is tested.
func (c *Command) rules() []rule.Rule {
	if c.Webhook != "" {
		return webhookRules()
	}
	return rules()
}

// find is the lookup of a report.
func (c *Command) find(id string) (rule.Rule, bool) {
	for _, r := range c.rules() {
		if r.ID == id {
			return r, true
		}
	}
	return rule.Rule{}, false
}

// env is how the program finds the test.
func (c *Command) env(s *site) []string {
	all := []string{"KOOGATE_ADDR=" + s.grpc, "KOOGATE_URL=" + s.rest, "KOOGATE_TOKEN=" + c.Token, "KOOGATE_QUEUE=" + c.Queue}
	if c.Webhook != "" {
		all = append(all, "KOOGATE_WEBHOOK_SECRET="+c.Secret)
	}
	return all
}

// Run implements the command. Errors: check.ErrBroken, check.ErrUnchecked.
func (c *Command) Run(ctx context.Context, out *terminal.Console, start dev.Start) (err error) {
	if c.List {
		return report.List(out.Out, c.rules(), c.Language)
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
		k.worker = &process{command: c.Worker, env: c.env(s)}
		if c.Verbose {
			k.worker.show = out.Err
		}
		if err := k.worker.start(); err != nil {
			return fmt.Errorf("%w: %w", check.ErrUnchecked, err)
		}
		defer k.worker.end()
	} else if c.Webhook == "" {
		fmt.Fprintf(out.Err, "start your worker within %s: KOOGATE_ADDR=%s KOOGATE_URL=%s KOOGATE_QUEUE=%s KOOGATE_TOKEN=(that of --token)\n", c.Patience, s.grpc, s.rest, c.Queue)
	}
	stopped := k.play(ctx)
	out.Status("")
	r := &report.Report{
		Command: "koogate worker-test", Target: target(c, s), Families: []judge.Family{c.family()}, Deep: true, Seed: c.Seed,
		At: began, Took: clock.System{}.Now().Sub(began),
	}
	for _, known := range c.rules() {
		o, ok := k.found[known.ID]
		if !ok {
			o = rule.Unknown("在此之前已停止", "the run ended before")
		}
		r.Findings = append(r.Findings, report.Finding{Rule: known.ID, Family: c.family(), Outcome: o.State, Seen: o.Seen, Made: k.made[known.ID]})
	}
	if err := (check.Written{Format: c.Format, Output: c.Output, Language: c.Language, Rules: c.find}).Write(out, r); err != nil {
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
	if c.Webhook != "" {
		return bare(c.Webhook)
	}
	return s.grpc + ", " + s.rest
}

// bare is an address without what may be secret in it.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
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
		{tells, k.question},
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
