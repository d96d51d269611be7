// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

// Config is what is to be checked.
type Config struct {
	// Probe is where and how the seller is asked; its Family is not looked at.
	Probe    probe.Config
	Families []judge.Family // none to find out which of them the seller serves
	Only     []string       // IDs of rules; none for all

	// Progress is told before each rule is looked at, nil for nobody: how many of how many are done.
	Progress func(done, of int, f judge.Family, r rule.Rule)
}

// ErrConfig says that a check cannot be made as configured.
var ErrConfig = errors.New("unusable configuration of a check")

// Check looks at every rule that concerns the families, one after the other. A seller that does badly is no error. Errors: ErrConfig,
// wire.ErrConfig, ctx.Err(); the report then holds what was found so far.
func Check(ctx context.Context, cfg Config) (*report.Report, error) {
	for _, id := range cfg.Only {
		if _, ok := Find(id); !ok {
			return nil, fmt.Errorf("%w: there is no rule %q", ErrConfig, id)
		}
	}
	r := &report.Report{Target: bare(cfg.Probe.URL), Families: cfg.Families, Deep: cfg.Probe.Deep, Seed: cfg.Probe.Seed, At: cfg.Probe.Clock.Now()}
	defer func() { r.Took = cfg.Probe.Clock.Now().Sub(r.At) }()
	if len(r.Families) == 0 {
		served, err := Served(ctx, cfg.Probe)
		if err != nil {
			return r, err
		}
		r.Families = served
	}
	type job struct {
		family judge.Family
		rule   rule.Rule
	}
	var jobs []job
	for _, f := range r.Families {
		for _, known := range All() {
			if known.Concerns(f) && (len(cfg.Only) == 0 || slices.Contains(cfg.Only, known.ID)) {
				jobs = append(jobs, job{f, known})
			}
		}
	}
	for n, j := range jobs {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if cfg.Progress != nil {
			cfg.Progress(n, len(jobs), j.family, j.rule)
		}
		found, err := look(ctx, cfg.Probe, j.family, j.rule)
		if err := cmp.Or(err, ctx.Err()); err != nil { // a rule that was interrupted has found nothing out
			return r, err
		}
		r.Findings = append(r.Findings, found)
	}
	return r, ctx.Err()
}

// look looks at one rule in one family.
func look(ctx context.Context, cfg probe.Config, f judge.Family, known rule.Rule) (report.Finding, error) {
	cfg.Family = f
	found := report.Finding{Rule: known.ID, Family: f}
	p, err := probe.New(cfg, known.ID)
	if err != nil {
		return found, err
	}
	defer p.Close()
	began := p.Now()
	outcome := missing(cfg, known)
	if outcome.State == "" {
		outcome = known.Find(ctx, p)
	}
	seen := p.Log()
	found.Outcome, found.Took, found.Made = outcome.State, p.Now().Sub(began), len(seen)
	if outcome.State == rule.Pass {
		return found, nil
	}
	mask := report.NewMask(seen, secrets(cfg)...)
	found.Seen = mask.Both(outcome.Seen)
	if outcome.State == rule.Fail {
		found.Step, found.Calls = report.StepOf(seen), mask.Exchanges(seen)
	}
	return found, nil
}

// missing is why a rule cannot be looked at; its State is empty when it can.
func missing(cfg probe.Config, known rule.Rule) rule.Outcome {
	if known.Deep && !cfg.Deep {
		return rule.Unknown("需要 --deep（仅限测试环境）", "needs --deep, which is for staging")
	}
	for _, hook := range known.Hooks {
		if !cfg.Hooks.Has(hook) {
			return rule.Unknown("需要钩子 --hook-%s", "needs --hook-%s", hook)
		}
	}
	return rule.Outcome{}
}

func secrets(cfg probe.Config) []string {
	return slices.DeleteFunc([]string{cfg.Key, cfg.KitKey, cfg.NextKey, cfg.Code}, func(s string) bool { return s == "" })
}

// bare is an address without what may be secret in it.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
