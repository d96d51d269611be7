// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade"
)

// blind are the rules by which the answers differ by nature: ours is answered by a provisioner that is always done, has no usage, and hands over
// a stand-in. Debugging calls are answered without a memory here and with one there, perhaps.
var (
	blind      = []compare.Rule{compare.RuleAtOnce, compare.RuleUsage, compare.RuleHandedOver}
	blindProbe = append(slices.Clone(blind), compare.RuleIdentity)
)

// acts are what SaaS V2.0 calls the activities of other families.
var acts = map[string]judge.Activity{
	string(judge.ActivityGetLicense): judge.ActivityNew, string(judge.ActivityRefreshLicense): judge.ActivityRefresh,
	string(judge.ActivityExpireLicense): judge.ActivityExpire, string(judge.ActivityReleaseLicense): judge.ActivityRelease,
	string(judge.ActivityStatus1): judge.ActivityStatus, string(judge.ActivityRise): judge.ActivityUpgrade,
	string(judge.ActivityRefreshCode): judge.ActivityRefresh, string(judge.ActivityStatusCode): judge.ActivityStatus,
	string(judge.ActivityReleaseCode): judge.ActivityRelease,
}

func act(c *facade.Shadowed) judge.Activity {
	if a, ok := acts[c.Action]; ok {
		return a
	}
	return judge.Activity(c.Action)
}

// How long the marketplace listens (saas-v2 §1, saas-v1 §1).
const (
	patience   = 5 * time.Second
	patienceV1 = 20 * time.Second
)

// judged is what the marketplace thinks of an answer. One about several instances, of which the judge takes one, is taken apart.
func judged(c *facade.Shadowed, a judge.Answer) judge.Verdict {
	q := judge.Request{Family: judge.Family(c.Family), Activity: act(c), Test: c.Probe, Asked: c.Instances, Key: c.Key, Timeout: patience}
	if q.Family.Signs() {
		q.Timeout = patienceV1
		return judge.Judge(q, a, judge.Readings{})
	}
	if q.Activity != judge.ActivityQuery || !strings.Contains(c.Instances, ",") {
		return judge.Judge(q, a, judge.Readings{})
	}
	var all judge.Verdict
	for id := range strings.SplitSeq(c.Instances, ",") {
		q.Asked = strings.TrimSpace(id)
		v := judge.Judge(q, a, judge.Readings{})
		switch {
		case all.Outcome == "":
			all = v
		case v.Outcome == judge.OutcomeOK && all.Outcome != judge.OutcomeOK:
			v.Problem, v.Shows.Access = join(all.Problem, v.Problem), all.Shows.Access || v.Shows.Access
			all = v
		default:
			all.Problem, all.Shows.Access = join(all.Problem, v.Problem), all.Shows.Access || v.Shows.Access
		}
	}
	return all
}

// join is the objections of two verdicts, each once.
func join(a, b string) string {
	list := strings.Split(a, "; ")
	for o := range strings.SplitSeq(b, "; ") {
		if !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return strings.Join(slices.DeleteFunc(list, func(o string) bool { return o == "" }), "; ")
}

// old is the verdict on the old server's answer.
func (w *world) old(c *facade.Shadowed) judge.Verdict {
	if !c.Heard {
		return judge.Verdict{}
	}
	return judged(c, judge.Answer{Status: c.Status, Header: c.Header, Body: c.Answer, Took: c.Answered.Sub(c.Arrived)})
}

// heard is an answer, as far as it is compared.
func heard(c *facade.Shadowed, status int, h http.Header, body []byte, v judge.Verdict) compare.Heard {
	s := compare.SignNone
	if given := h.Get(sign.BodySignHeader); given != "" {
		s = compare.SignWrong
		if sign.VerifyBodySign(c.Key, given, body) {
			s = compare.SignGood
		}
	}
	return compare.Heard{Time: compare.InTime, Status: status, BodySign: s, Verdict: v, Info: judge.Instances(body)}
}

// hold holds the old server's answer against ours. comparable is false when they differ and nobody can say which of two calls about the same was
// first at the old server.
func (w *world) hold(c *facade.Shadowed, r facade.Reply) (found []compare.Found, comparable bool) {
	then := compare.Heard{Time: compare.NoAnswer}
	v := w.old(c)
	if c.Heard {
		then = heard(c, c.Status, c.Header, c.Answer, v)
	}
	own := judged(c, judge.Answer{Status: r.Status, Header: r.Header, Body: r.Body})
	now := heard(c, r.Status, r.Header, r.Body, own)
	q := compare.Asked{Family: judge.Family(c.Family), Act: act(c), Blind: blind}
	if c.Probe {
		q.Blind = blindProbe
	}
	// What is still under way with one of them will be done: the marketplace calls again.
	q.Sooner = c.Heard && (under(v) && own.Outcome == judge.OutcomeOK || under(own) && v.Outcome == judge.OutcomeOK)
	found = compare.Answers(q, then, now, &w.pairs)
	overlaps := w.overlaps(c)
	if q.Act == judge.ActivityRelease && v.Outcome != judge.OutcomeOK && own.Outcome == judge.OutcomeOK && !c.Probe {
		w.calls = worldSize // it may still be there: what is known here is wrong
	}
	return found, len(found) == 0 || !overlaps
}

// under tells whether an answer says that the call is still under way.
func under(v judge.Verdict) bool { return v.Outcome == judge.OutcomePending || v.Processing() }

// overlaps tells whether the call came before the old server had answered another one that changes the same, and notes when it answered this one.
func (w *world) overlaps(c *facade.Shadowed) (overlaps bool) {
	if c.Probe {
		return false
	}
	var keys []string
	if c.OrderID != "" && c.LockKey != "" {
		keys = append(keys, "order "+c.OrderID)
	}
	for id := range strings.SplitSeq(c.Instances, ",") {
		if id = strings.TrimSpace(id); id != "" {
			keys = append(keys, "instance "+id)
		}
	}
	for _, k := range keys {
		k = c.Seller + " " + k
		overlaps = overlaps || c.Arrived.Before(w.answered[k])
		if !c.Poll {
			w.answered[k] = c.Answered
		}
	}
	return overlaps
}
