// SPDX-License-Identifier: Apache-2.0

package sanction

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/store"
)

const (
	// Allowed is how many failed orders a product may have in a calendar month: with one more the marketplace takes it off the catalogue
	// ("more than 5": open-apis §9.4, saas-v1 §1; zh-cn_topic_0070649014, 2025-11-13). No page names the zone of the month; Beijing's is taken,
	// as for bills.
	Allowed = 5
	// FreezeAfter is on which day in a row of failing test calls (自动化拨测, twice a day) the marketplace freezes the trade and hides the
	// product (open-apis §9.3; zh-cn_topic_0070649414, 2025-12-16).
	FreezeAfter = 5
)

// State is how near the marketplace's condition is.
type State string

// The states, the best first.
const (
	Clear  State = "CLEAR"   // nothing counts
	AtRisk State = "AT_RISK" // something counts, or is going to
	Due    State = "DUE"     // the condition is met: the marketplace may act
)

// Report is how a seller stands in the month in which it is read.
type Report struct {
	Seller   string
	At       time.Time // when it was read
	From, To time.Time // the Beijing month: From belongs to it, To does not
	Products []Product // with orders that count or are going to, the most failed first
	Sites    []Site    // the seller's endpoints, and others of which something is known, by name
	// Truncated: there was more to read than a reading may take, so that there may be more of everything.
	Truncated bool
}

// Failed is how many orders have failed.
func (r *Report) Failed() (n int) {
	for i := range r.Products {
		n += len(r.Products[i].Failed)
	}
	return n
}

// Waiting is how many orders fail unless they end well in time.
func (r *Report) Waiting() (n int) {
	for i := range r.Products {
		n += len(r.Products[i].AtRisk)
	}
	return n
}

// State is the worst of all.
func (r *Report) State() State {
	worst := Clear
	for i := range r.Products {
		worst = worse(worst, r.Products[i].State())
	}
	for i := range r.Sites {
		worst = worse(worst, r.Sites[i].State())
	}
	return worst
}

func worse(a, b State) State {
	if a == Due || b == Due {
		return Due
	}
	if a == AtRisk || b == AtRisk {
		return AtRisk
	}
	return Clear
}

// Product is one product with its orders that count.
type Product struct {
	ProductID string  // empty for orders of which nothing was admitted: their records name no product
	Failed    []Order // the latest first
	AtRisk    []Order // the earliest deadline first
}

// State follows from how many orders have failed.
func (p *Product) State() State {
	switch {
	case len(p.Failed) > Allowed:
		return Due
	case len(p.Failed)+len(p.AtRisk) > 0:
		return AtRisk
	}
	return Clear
}

// Order is an order that has failed, or is going to.
type Order struct {
	OrderID    string // of a renewal or upgrade, the order of its instance; empty when the call named an instance that nobody knows
	InstanceID string
	ProductID  string
	Endpoint   string
	Activity   string
	Code       string // what the marketplace was last told
	Attempts   int64  // calls that Koogate has heard; 0 when that is not what tells
	Until      time.Time
	End        deadline.End
	Next       time.Time // when the marketplace calls again; zero when it does not, or that is not known
	Stuck      Stuck
}

// Stuck is where an order hangs of which the marketplace was told that its creation goes on.
type Stuck string

// Where. These are the instance's states.
const (
	NotStuck      Stuck = ""             // its call was answered with a failure
	CreationFails Stuck = "FAILED"       // the creation has failed here
	CreationWaits Stuck = "PROVISIONING" // it goes on
	CreationEnded Stuck = "RELEASED"     // the instance was released and had never been ready
)

// Site is one endpoint.
type Site struct {
	Endpoint string
	Days     []Day // failing test calls on days in a row, the latest first, up to longestRun
	Refusals []Refusal
}

// State follows from how many days in a row test calls have failed.
func (s *Site) State() State {
	switch {
	case len(s.Days) >= FreezeAfter:
		return Due
	case len(s.Days) > 0:
		return AtRisk
	}
	return Clear
}

// Day is a Beijing day on which test calls failed.
type Day struct {
	Date     string // 2006-01-02
	Failures int64
	Activity string // of the last of them
	Code     string

	at time.Time // of the last of them
}

// Refusal counts the calls of one cause that were refused in the month.
type Refusal struct {
	Cause  store.CallCause
	Calls  int64
	LastAt time.Time
}

var beijing = wiretime.Beijing()

// monthOf is the Beijing month of a time.
func monthOf(t time.Time) (from, to time.Time) {
	t = t.In(beijing)
	from = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, beijing)
	return from, from.AddDate(0, 1, 0)
}

const dateForm = "2006-01-02"

// dateOf is the Beijing day of a time, days before.
func dateOf(t time.Time, before int) string {
	return t.In(beijing).AddDate(0, 0, -before).Format(dateForm)
}

// report puts together what was read.
func (r *reading) report() *Report {
	out := &Report{Seller: r.seller, At: r.now, From: r.from, To: r.to, Truncated: r.cut}
	products := map[string]*Product{}
	for _, o := range r.orders {
		p := products[o.ProductID]
		if p == nil {
			p = &Product{ProductID: o.ProductID}
			products[o.ProductID] = p
		}
		if r.passed(o.Until) {
			p.Failed = append(p.Failed, *o)
		} else {
			p.AtRisk = append(p.AtRisk, *o)
		}
	}
	for _, p := range products {
		slices.SortFunc(p.Failed, func(a, b Order) int { return cmp.Or(b.Until.Compare(a.Until), a.compare(&b)) })
		slices.SortFunc(p.AtRisk, func(a, b Order) int { return cmp.Or(a.Until.Compare(b.Until), a.compare(&b)) })
		out.Products = append(out.Products, *p)
	}
	slices.SortFunc(out.Products, func(a, b Product) int {
		return cmp.Or(cmp.Compare(len(b.Failed), len(a.Failed)), cmp.Compare(len(b.AtRisk), len(a.AtRisk)), cmp.Compare(a.ProductID, b.ProductID))
	})
	names := map[string]bool{}
	for _, e := range r.endpoints {
		names[e.Name] = true
	}
	for name := range r.days {
		names[name] = true
	}
	for name := range r.refused {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		site := Site{Endpoint: name, Days: r.run(r.days[name])}
		for _, x := range r.refused[name] {
			site.Refusals = append(site.Refusals, *x)
		}
		slices.SortFunc(site.Refusals, func(a, b Refusal) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Cause, b.Cause)) })
		out.Sites = append(out.Sites, site)
	}
	return out
}

func (o *Order) compare(x *Order) int {
	return cmp.Or(cmp.Compare(o.OrderID, x.OrderID), cmp.Compare(o.InstanceID, x.InstanceID), cmp.Compare(o.Activity, x.Activity))
}

// run is the days in a row up to today, the latest first. Today need not be one of them yet: its test calls may still come.
func (r *reading) run(days map[string]*Day) (run []Day) {
	for before := range longestRun {
		switch d := days[dateOf(r.now, before)]; {
		case d != nil:
			run = append(run, *d)
		case before > 0:
			return run
		}
	}
	return run
}
