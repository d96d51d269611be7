// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// standingView is what the page about the seller's standing shows.
type standingView struct {
	Lang, Other string
	Title       string
	Verdict     verdict
	From, To    string // of the month, as days
	Read        time.Time
	Allowed     int32
	Products    []productView
	Endpoints   []endpointView
}

type productView struct {
	ID, Mark, Text string
	Failed, Left   int32
	Orders         []countedView // at risk first
	More           int32         // that are not shown
}

type countedView struct {
	Order, Code, Meaning, Activity, Text string
	AtRisk                               bool
	Until                                time.Time
}

type endpointView struct {
	Name, Mark, Text string
	Days             []dayView
	Refusals         []refusalView
}

type dayView struct {
	Date, Activity, Code, Meaning string
	Failures                      int32
}

type refusalView struct {
	Cause string
	Calls int64
	Last  time.Time
}

// standing serves the page about how the seller stands with the marketplace.
func (c *Console) standing(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(called(r), pageLimit)
	defer cancel()
	read := readerOf(r, c.Clock.Now())
	found, err := c.sanctions.GetSanctions(ctx, &koogatev1.GetSanctionsRequest{})
	if err != nil {
		c.fault(w, read, err)
		return
	}
	c.write(w, read, http.StatusOK, "standing", read.standing(found.GetSanctions()))
}

// marks are the colours of the states.
var marks = map[koogatev1.SanctionState]string{
	koogatev1.SanctionState_SANCTION_STATE_CLEAR: "ok", koogatev1.SanctionState_SANCTION_STATE_AT_RISK: "risk", koogatev1.SanctionState_SANCTION_STATE_DUE: "failed",
}

func (r reader) standing(s *koogatev1.Sanctions) *standingView {
	day := func(t time.Time) string { return t.In(beijing).Format(time.DateOnly) }
	v := &standingView{
		Lang: r.lang, Other: r.other(), Title: r.t("standing"), Verdict: verdict{marks[s.GetState()], r.either(s.GetText(), s.GetTextZh())},
		From: day(s.GetMonthStartTime().AsTime()), To: day(s.GetMonthEndTime().AsTime().Add(-time.Second)), Read: s.GetReadTime().AsTime(), Allowed: s.GetFailedOrderLimit(),
	}
	for _, p := range s.GetProducts() {
		x := productView{ID: p.GetProductId(), Mark: marks[p.GetState()], Text: r.either(p.GetText(), p.GetTextZh()), Failed: p.GetFailedOrders(), Left: p.GetOrdersLeft()}
		for _, o := range p.GetAtRisk() {
			x.Orders = append(x.Orders, r.counted(o, true))
		}
		for _, o := range p.GetFailed() {
			x.Orders = append(x.Orders, r.counted(o, false))
		}
		x.More = p.GetFailedOrders() - int32(len(p.GetFailed()))
		v.Products = append(v.Products, x)
	}
	for _, e := range s.GetEndpoints() {
		x := endpointView{Name: e.GetEndpoint(), Mark: marks[e.GetState()], Text: r.either(e.GetText(), e.GetTextZh())}
		for _, d := range e.GetProbeDays() {
			x.Days = append(x.Days, dayView{Date: d.GetDate(), Activity: d.GetActivity(), Code: d.GetResultCode(), Meaning: r.meaning(d.GetResultCode()), Failures: d.GetFailures()})
		}
		for _, c := range e.GetRefusals() {
			x.Refusals = append(x.Refusals, refusalView{
				Cause: r.word("refused", strings.TrimPrefix(c.GetCause().String(), "CALL_CAUSE_")), Calls: c.GetCalls(), Last: c.GetLastTime().AsTime(),
			})
		}
		v.Endpoints = append(v.Endpoints, x)
	}
	return v
}

func (r reader) counted(o *koogatev1.SanctionedOrder, atRisk bool) countedView {
	return countedView{
		Order: o.GetOrderId(), Code: o.GetResultCode(), Meaning: r.meaning(o.GetResultCode()), Activity: o.GetActivity(), Text: r.either(o.GetText(), o.GetTextZh()),
		AtRisk: atRisk, Until: o.GetMarketplaceDeadline().GetTime().AsTime(),
	}
}

// either is the text in the reader's language.
func (r reader) either(en, zh string) string {
	if r.lang == "en" {
		return en
	}
	return zh
}

// meaning is what a result code means.
func (r reader) meaning(code string) string {
	return r.either(resultcode.Meaning(resultcode.Code(code)), resultcode.MeaningZH(resultcode.Code(code)))
}
