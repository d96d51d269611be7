// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
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

// dialLog holds the saved cases and counts days.
type dialLog struct {
	cases []Case

	saved time.Time // when the cases of the other families were saved

	run        sync.Mutex // one dial test at a time
	mu         sync.Mutex
	instances  map[judge.Family]string
	lastFailed string // day, in Beijing
	days       int
}

// DialTest replays the saved debugging cases once, with testFlag "1", as the
// platform does every morning and afternoon (saas-v2 §8.2). Each case must
// answer 000000 without any objection of the debugger; nothing is repeated. The
// default cases are those of a period product; their order ids are the mock
// orders that query order answers.
//
// A failing case is no error: see DialReport.Result. Errors: ctx.Err().
func (s *Simulator) DialTest(ctx context.Context) (DialReport, error) {
	cases := make([]dialCase, 0, len(s.dial.cases))
	for _, saved := range s.dial.cases {
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
func (s *Simulator) dialRun(ctx context.Context, cases []dialCase) (DialReport, error) {
	s.dial.run.Lock()
	defer s.dial.run.Unlock()
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
	s.dial.note(report)
	return report, nil
}

func (s *Simulator) dialOne(ctx context.Context, saved dialCase) (CaseResult, error) {
	text := func(name string) string {
		value, _ := saved.params[name].(string)
		return value
	}
	c := Call{
		OrderID: text("orderId"), LineID: text("orderLineId"), InstanceID: text("instanceId") + text("license"),
		Activity: wire.Name(saved.family, saved.act), Scene: saved.scene, Test: true, Attempt: 1, act: saved.act,
	}
	params := maps.Clone(saved.params)
	if saved.act != judge.ActivityNew && saved.act != judge.ActivityNotify && c.InstanceID == "" {
		c.InstanceID = s.dial.instance(saved.family, "")
		params["instanceId"] = c.InstanceID
	}
	answer, err := s.wire.Replay(ctx, wire.Saved{Family: saved.family, Activity: saved.act, Params: params, Asked: c.InstanceID})
	if err != nil {
		return CaseResult{}, err
	}
	c.take(answer)
	if id := c.InstanceIDReturned; saved.act == judge.ActivityNew && c.Outcome == judge.OutcomeOK {
		if first := s.dial.instance(saved.family, id); first != id {
			c.complain("another instance id for the same saved case, the first was %s", first)
		}
	}
	s.Note(ctx, &c)

	result := CaseResult{Name: string(c.Activity), Code: c.ResultCode, Took: c.Took, Err: c.exception()}
	if c.Scene != "" {
		result.Name += " " + c.Scene
	}
	if result.Err == "" && saved.act != judge.ActivityLicenseAsync && !c.succeeded() {
		result.Err = fmt.Sprintf("resultCode %s, must be %s", c.ResultCode, resultcode.Success)
	}
	return result, nil
}

// instance remembers the first instance id of a family and returns it.
func (d *dialLog) instance(f judge.Family, id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.instances[f] == "" {
		d.instances[f] = id
	}
	return d.instances[f]
}

// note counts consecutive days, in Beijing, with at least one failure. A day
// without any is known to be one only when it is over.
func (d *dialLog) note(report DialReport) {
	d.mu.Lock()
	defer d.mu.Unlock()
	today := report.At.In(wiretime.Beijing())
	day, yesterday := today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)
	continued := d.lastFailed == yesterday
	switch {
	case d.lastFailed == day, report.Result == Passed && continued:
		return
	case report.Result == Passed:
		d.days = 0
		return
	case continued:
		d.days++
	default:
		d.days = 1
	}
	d.lastFailed = day
}

func (d *dialLog) failedDays() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.days
}

// savedCases returns the cases of the configuration or, by default, those that a
// seller of a period product has to save.
func savedCases(cfg Config, calls *wire.Caller) []Case {
	if cfg.DialCases != nil {
		return cfg.DialCases
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
	expire := cfg.Products[catalogue.Period].EndAfter(cfg.Clock.Now())
	return []Case{
		{judge.ActivityNew, "", of(openapi.MockPeriodNew, "businessId", catalogue.UUID("dial test of "+cfg.FacadeURL))},
		{judge.ActivityQuery, "", of("")},
		{judge.ActivityRefresh, judge.SceneRenewal, of(openapi.MockRenew, "scene", judge.SceneRenewal, "expireTime", calls.ExpireTime(expire))},
		{judge.ActivityStatus, judge.StatusFreeze, of("", "status", judge.StatusFreeze)},
		{judge.ActivityStatus, judge.StatusUnfreeze, of("", "status", judge.StatusUnfreeze)},
		{judge.ActivityRelease, "", of(openapi.MockUnsubscribe)},
	}
}
