// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Case is a saved debugging case: a call whose values were typed in once and
// are the same for ever (saas-v2 §8.2, §8.3).
type Case struct {
	Activity judge.Activity
	Scene    string // scene of a refresh, status of a status change

	// Params are the saved members of the body, without activity and testFlag.
	// A call other than newInstance that has no instanceId gets the one that the
	// saved newInstance returned first.
	Params map[string]string
}

// CaseResult tells how one saved case went.
type CaseResult struct {
	Name string        `json:"name"`
	Code string        `json:"code,omitempty"`
	Took time.Duration `json:"took"` // nanoseconds in JSON
	Err  string        `json:"err,omitempty"`
}

// DialReport tells how one dial test went.
type DialReport struct {
	At      time.Time    `json:"at"`
	Results []CaseResult `json:"results"`
	Result  Result       `json:"result"`
}

// DialTest replays the saved debugging cases once, with testFlag "1", as the
// platform does every morning and afternoon (saas-v2 §8.2). Each case must
// answer 000000 without any objection of the debugger; nothing is repeated. The
// default cases are those of a period product; their order ids are the mock
// orders that query order answers.
//
// A failing case is no error: see DialReport.Result. Errors: ctx.Err().
func (s *Stage) DialTest(ctx context.Context) (DialReport, error) {
	cases := make([]dialCase, 0, len(s.cases))
	for _, saved := range s.cases {
		cases = append(cases, dialCaseOf(judge.FamilySaasV2, saved))
	}
	return s.dialRun(ctx, cases)
}

// dialCaseOf reads a case of SaaS V2.0.
func dialCaseOf(family judge.Family, saved Case) dialCase {
	params := map[string]any{"activity": string(saved.Activity), "testFlag": "1"}
	for name, value := range saved.Params {
		params[name] = value
	}
	return dialCase{family, saved.Activity, saved.Scene, params}
}

// dialCase is a saved case of any family. params are as on the wire; a case other
// than the opening one that has neither instanceId nor license gets the
// instanceId that the opening one returned first.
type dialCase struct {
	family judge.Family
	act    judge.Activity // what SaaS V2.0 calls it
	scene  string
	params map[string]any
}

// dialRun replays saved cases once.
func (s *Stage) dialRun(ctx context.Context, cases []dialCase) (DialReport, error) {
	s.run.Lock()
	defer s.run.Unlock()
	report := DialReport{At: s.cfg.Clock.Now(), Result: Passed, Results: make([]CaseResult, 0, len(cases))}
	for _, saved := range cases {
		result, err := s.dialOne(ctx, saved)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			report.Result = Failed
			return report, err
		}
		if result.Err != "" {
			report.Result = Failed
		}
		report.Results = append(report.Results, result)
	}
	s.market.NoteDialTest(report.At, report.Result == Passed)
	return report, nil
}

func (s *Stage) dialOne(ctx context.Context, saved dialCase) (CaseResult, error) {
	text := func(name string) string {
		value, _ := saved.params[name].(string)
		return value
	}
	c := market.Call{
		OrderID: text("orderId"), LineID: text("orderLineId"), InstanceID: text("instanceId") + text("license"),
		Activity: wire.Name(saved.family, saved.act), Scene: saved.scene,
	}
	params := maps.Clone(saved.params)
	if saved.act != judge.ActivityNew && saved.act != judge.ActivityNotify && c.InstanceID == "" {
		c.InstanceID = s.market.DialInstance(saved.family, "")
		params["instanceId"] = c.InstanceID
	}
	answer, err := s.wire.Replay(ctx, wire.Saved{Family: saved.family, Activity: saved.act, Params: params, Asked: c.InstanceID})
	if err != nil {
		return CaseResult{}, err
	}
	c = market.Rehearsed(saved.act, c, answer)
	if id := c.InstanceIDReturned; saved.act == judge.ActivityNew && c.Outcome == judge.OutcomeOK {
		if first := s.market.DialInstance(saved.family, id); first != id {
			c.Complain("another instance id for the same saved case, the first was %s", first)
		}
	}
	s.market.Note(ctx, &c)

	result := CaseResult{Name: string(c.Activity), Code: c.ResultCode, Took: c.Took, Err: c.Exception()}
	if c.Scene != "" {
		result.Name += " " + c.Scene
	}
	if result.Err == "" && saved.act != judge.ActivityLicenseAsync && !c.Succeeded() {
		result.Err = fmt.Sprintf("resultCode %s, must be %s", c.ResultCode, resultcode.Success)
	}
	return result, nil
}

// savedCases returns the cases of the configuration or, by default, those that a
// seller of a period product has to save.
func (s *Stage) savedCases() []Case {
	if s.cfg.DialCases != nil {
		return s.cfg.DialCases
	}
	of := func(id string, more ...string) map[string]string {
		p := map[string]string{}
		if id != "" {
			p["orderId"], p["orderLineId"] = id, id+catalogue.FirstLine
		}
		for i := 0; i+1 < len(more); i += 2 {
			p[more[i]] = more[i+1]
		}
		return p
	}
	expire := s.market.Product(catalogue.Period).EndAfter(s.saved)
	return []Case{
		{judge.ActivityNew, "", of(openapi.MockPeriodNew, "businessId", catalogue.UUID("dial test of "+s.wire.Facade()))},
		{judge.ActivityQuery, "", of("")},
		{judge.ActivityRefresh, judge.SceneRenewal, of(openapi.MockRenew, "scene", judge.SceneRenewal, "expireTime", s.wire.ExpireTime(expire))},
		{judge.ActivityStatus, judge.StatusFreeze, of("", "status", judge.StatusFreeze)},
		{judge.ActivityStatus, judge.StatusUnfreeze, of("", "status", judge.StatusUnfreeze)},
		{judge.ActivityRelease, "", of(openapi.MockUnsubscribe)},
	}
}
