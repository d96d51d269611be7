// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// compare holds the target's answer against the recorded one.
func (r *runner) compare(c *tape.Call, a answered, waited bool) {
	sooner := r.sooner(c, a)
	var found []Difference
	for _, f := range compare.Answers(compare.Asked{Family: c.Family, Act: c.Act, Sooner: sooner}, recorded(c), a.heard(), &r.pairs) {
		d := Difference{
			N: c.N, At: c.At, Family: c.Family, Activity: c.Activity, Rule: f.Rule, Recorded: f.Then, Answered: f.Now,
			Test: r.test(c), OrderID: r.order(c), InstanceID: cmp.Or(c.Members()["instanceId"], c.Verdict.InstanceID),
		}
		d.Allowed = slices.ContainsFunc(r.cfg.Allow, func(x Allowance) bool { return x.allows(d) })
		found = append(found, d)
	}
	r.report.note(found, sooner, waited && a.Outcome == judge.OutcomeOK)
}

// sooner tells whether the recorded seller needed more attempts than the target.
func (r *runner) sooner(c *tape.Call, a answered) bool {
	return r.story.unripe[c] && c.Verdict.Outcome != judge.OutcomeOK && a.Outcome == judge.OutcomeOK
}

// recorded is the recorded answer.
func recorded(c *tape.Call) compare.Heard {
	h := compare.Heard{Time: compare.InTime, Verdict: c.Verdict, Info: c.Info}
	if c.Answer == nil {
		h.Time = compare.NoAnswer
		return h
	}
	h.Status, h.BodySign = c.Answer.Status, compare.Sign(c.Answer.BodySign)
	if late(c) {
		h.Time = compare.TooLate
	}
	return h
}

// heard is the target's answer.
func (a *answered) heard() compare.Heard {
	h := compare.Heard{Time: compare.InTime, Status: a.status, BodySign: compare.Sign(a.bodySign), Verdict: a.Verdict, Info: a.info}
	switch {
	case a.Err == "":
	case strings.HasPrefix(a.Err, "no complete answer within"):
		h.Time = compare.TooLate
	default:
		h.Time = compare.NoAnswer
	}
	return h
}

func (r *runner) test(c *tape.Call) bool { return c.Members()["testFlag"] == "1" }

func (r *runner) order(c *tape.Call) string {
	return cmp.Or(c.Members()["orderLineId"], c.Members()["orderId"])
}
