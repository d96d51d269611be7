// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

// States of an instance at the seller's side.
const (
	stateActive   = "ACTIVE"
	stateFrozen   = "FROZEN"
	stateReleased = "RELEASED"
)

// look asks the seller's side for an instance.
func look(ctx context.Context, p *probe.Probe, id string) (held probe.Instance, stop *rule.Outcome) {
	all, err := p.Config().Hooks.State(ctx)
	if err != nil {
		return held, unknown("状态钩子失败：%v", "the hook that tells the state failed: %v", err)
	}
	for _, i := range all {
		if i.ID == id {
			return i, nil
		}
	}
	return held, unknown("状态钩子没有列出该实例", "the hook that tells the state does not name the instance")
}

// await asks until the instance is as it should be: a seller may answer first and act then. It gives up when a new instance would
// have to be there.
func await(ctx context.Context, p *probe.Probe, id string, fits func(probe.Instance) bool) (held probe.Instance, ok bool, stop *rule.Outcome) {
	end := p.Now().Add(p.Config().Patience)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		if held, stop = look(ctx, p, id); stop != nil || fits(held) {
			return held, stop == nil, stop
		}
		if !p.Now().Add(wait).Before(end) || p.Sleep(ctx, wait) != nil {
			return held, false, nil
		}
	}
}

// expires tells whether an instance expires when a call said so, to the second. Where no page names the zone of expireTime, eight hours
// of difference are a reading and no fault.
func expires(p *probe.Probe, want time.Time) func(probe.Instance) bool {
	return func(i probe.Instance) bool {
		apart := i.ExpiresAt.Sub(want).Truncate(time.Second).Abs()
		switch p.Family() {
		case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode:
			return apart == 0 || apart == 8*time.Hour
		default:
			return apart == 0
		}
	}
}

// shown prints an expiry.
func shown(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// is tells whether an instance is in a state.
func is(state string) func(probe.Instance) bool {
	return func(i probe.Instance) bool { return i.State == state }
}
