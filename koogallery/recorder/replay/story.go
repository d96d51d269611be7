// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// story is what a recording tells as a whole: which calls belong together, and which are attempts at the same thing.
type story struct {
	chains  [][]*tape.Call // each in its order; the chains in the order of their first calls
	attempt map[*tape.Call]string
	unripe  map[*tape.Call]bool // attempts before the first that succeeded
}

func tell(calls []*tape.Call) *story {
	s := &story{attempt: make(map[*tape.Call]string), unripe: make(map[*tape.Call]bool)}
	t := &tree{up: make(map[string]string)}
	for _, c := range calls {
		keys := about(c)
		for _, k := range keys {
			t.join(keys[0], k)
		}
	}
	index := make(map[string]int)
	for _, c := range calls {
		root := t.root(about(c)[0])
		i, ok := index[root]
		if !ok {
			i = len(s.chains)
			index[root] = i
			s.chains = append(s.chains, nil)
		}
		s.chains[i] = append(s.chains[i], c)
	}
	for _, chain := range s.chains {
		copies(chain)
		online(chain)
		s.ripen(chain)
	}
	return s
}

// about are the orders, instances and codes that a call is about, at least one.
func about(c *tape.Call) []string {
	m := c.Members()
	var keys []string
	add := func(kind, ids string) {
		for id := range strings.SplitSeq(ids, ",") {
			if id != "" {
				keys = append(keys, kind+id)
			}
		}
	}
	add("order ", m["orderId"])
	add("instance ", m["instanceId"])
	add("code ", m["license"])
	add("event ", m["eventId"])
	if c.Act == judge.ActivityNew {
		add("instance ", c.Verdict.InstanceID)
	}
	if m["instanceId"] == "" {
		add("tenant ", m["tenantId"])
	}
	if len(keys) == 0 {
		keys = append(keys, "nothing")
	}
	return keys
}

// tree joins what belongs together.
type tree struct{ up map[string]string }

func (t *tree) root(k string) string {
	for t.up[k] != "" && t.up[k] != k {
		if above := t.up[t.up[k]]; above != "" {
			t.up[k] = above
		}
		k = t.up[k]
	}
	return k
}

func (t *tree) join(a, b string) {
	if a, b = t.root(a), t.root(b); a != b {
		t.up[b] = a
	}
}

// copies brings captured calls that came side by side into the order in which the seller took them up: the one that it did not refuse
// was the first, whichever came first.
func copies(chain []*tape.Call) {
	taken := make(map[string]int)
	for i, c := range chain {
		k := signature(c)
		if k == "" {
			continue
		}
		first, ok := taken[k]
		if !ok {
			taken[k] = i
			continue
		}
		if f := chain[first]; f.Verdict.Outcome == judge.OutcomeFailed && c.Verdict.Outcome != judge.OutcomeFailed && c.At.Before(f.At.Add(f.Took)) {
			chain[first], chain[i] = c, f
		}
	}
}

// online finds the calls of online licences that look like those of SaaS V2.0: they are about an instance that a licence was asked for.
// Their newInstance is repeated while it answers 000004 (saas-v1 §6).
func online(chain []*tape.Call) {
	found := false
	for _, c := range chain {
		found = found || c.Activity == judge.ActivityLicenseAsync
	}
	for _, c := range chain {
		if !found || c.Family != judge.FamilySaasV2 || !judge.FamilyLicenseOnline.Knows(c.Act) {
			continue
		}
		c.Family = judge.FamilyLicenseOnline
		if c.Act == judge.ActivityNew && c.Verdict.Outcome == judge.OutcomeOK && c.Verdict.Processing() {
			c.Verdict.Outcome = judge.OutcomePending
		}
	}
}

// ripen finds the attempts before the first one that succeeded. The marketplace repeats a call until it does, so a target that succeeds
// sooner is none the worse.
func (s *story) ripen(chain []*tape.Call) {
	open := make(map[string][]*tape.Call)
	done := make(map[string]bool)
	for _, c := range chain {
		if c.Signed.State != tape.SignGood || stale(c) {
			continue
		}
		key := attemptOf(c)
		s.attempt[c] = key
		switch {
		case done[key]:
		case c.Verdict.Outcome == judge.OutcomeOK && !late(c):
			done[key] = true
			for _, earlier := range open[key] {
				s.unripe[earlier] = true
			}
		default:
			open[key] = append(open[key], c)
		}
	}
}

// attemptOf names what a call wants to reach.
func attemptOf(c *tape.Call) string {
	m := c.Members()
	parts := []string{string(c.Act), m["instanceId"], m["license"], m["testFlag"]}
	if c.Act != judge.ActivityQuery {
		parts = append(parts, m["orderId"], m["orderLineId"], m["scene"], m["status"], m["instanceStatus"], m["flag"], m["tenantId"], m["eventId"])
	}
	if m["chargingMode"] == "0" {
		parts = append(parts, m["productId"])
	}
	return strings.Join(parts, "\x00")
}

// limit is how long the marketplace waits for the answer to a call.
func limit(c *tape.Call) time.Duration {
	switch c.Family {
	case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyKitV1:
		return wire.DefaultV1Timeout
	default:
		return wire.DefaultTimeout
	}
}

// late tells whether there was an answer, but too late.
func late(c *tape.Call) bool { return c.Answer != nil && c.Took > limit(c) }

// stale tells whether the time stamp of a call is outside the documented window.
func stale(c *tape.Call) bool { return skew(c).Abs() > sign.DefaultSkew }
