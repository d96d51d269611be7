package simulator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// Case is a saved debugging case: a call whose values were typed in once and
// are the same for ever (saas-v2 §8.2, §8.3).
type Case struct {
	Activity Activity
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

	run        sync.Mutex // one dial test at a time
	mu         sync.Mutex
	instanceID string
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
	s.dial.run.Lock()
	defer s.dial.run.Unlock()
	report := DialReport{At: s.cfg.Now(), Result: Passed, Results: make([]CaseResult, 0, len(s.dial.cases))}
	for _, saved := range s.dial.cases {
		result, err := s.dialCase(ctx, saved)
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

func (s *Simulator) dialCase(ctx context.Context, saved Case) (CaseResult, error) {
	params := map[string]any{"activity": string(saved.Activity), "testFlag": "1"}
	for name, value := range saved.Params {
		params[name] = value
	}
	c := Call{
		OrderID: saved.Params["orderId"], LineID: saved.Params["orderLineId"], InstanceID: saved.Params["instanceId"],
		Activity: saved.Activity, Scene: saved.Scene, Test: true, Attempt: 1,
	}
	if saved.Activity != ActivityNew && c.InstanceID == "" {
		c.InstanceID = s.dial.saved("")
		params["instanceId"] = c.InstanceID
	}
	if err := s.exchange(ctx, &c, postV2{}, params); err != nil {
		return CaseResult{}, err
	}
	if id := c.InstanceIDReturned; saved.Activity == ActivityNew && c.Outcome == OutcomeOK {
		if first := s.dial.saved(id); first != id {
			c.complain("another instance id for the same saved case, the first was %s", first)
		}
	}
	s.book.mu.Lock()
	s.book.record(&c)
	s.book.mu.Unlock()
	s.tell(ctx, c)

	result := CaseResult{Name: string(saved.Activity), Code: c.ResultCode, Took: c.Took, Err: c.exception()}
	if saved.Scene != "" {
		result.Name += " " + saved.Scene
	}
	if result.Err == "" && resultcode.Code(c.ResultCode) != resultcode.Success {
		result.Err = fmt.Sprintf("resultCode %s, must be %s", c.ResultCode, resultcode.Success)
	}
	return result, nil
}

// saved remembers the first instance id and returns it.
func (d *dialLog) saved(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.instanceID == "" {
		d.instanceID = id
	}
	return d.instanceID
}

// note counts consecutive days, in Beijing, with at least one failure. A day
// without any is known to be one only when it is over.
func (d *dialLog) note(report DialReport) {
	d.mu.Lock()
	defer d.mu.Unlock()
	today := report.At.In(beijing)
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
func savedCases(cfg Config) []Case {
	if cfg.DialCases != nil {
		return cfg.DialCases
	}
	of := func(id string, more ...string) map[string]string {
		p := map[string]string{}
		if id != "" {
			p["orderId"], p["orderLineId"] = id, id+firstLine
		}
		for i := 0; i+1 < len(more); i += 2 {
			p[more[i]] = more[i+1]
		}
		return p
	}
	expire := cfg.Products[Period].endAfter(cfg.Now())
	return []Case{
		{ActivityNew, "", of(openapi.MockPeriodNew, "businessId", uuid("dial test of "+cfg.FacadeURL))},
		{ActivityQuery, "", of("")},
		{ActivityRefresh, SceneRenewal, of(openapi.MockRenew, "scene", SceneRenewal, "expireTime", cfg.wireTime(expire))},
		{ActivityStatus, StatusFreeze, of("", "status", StatusFreeze)},
		{ActivityStatus, StatusUnfreeze, of("", "status", StatusUnfreeze)},
		{ActivityRelease, "", of(openapi.MockUnsubscribe)},
	}
}
