// SPDX-License-Identifier: Apache-2.0

package sanction

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Deps are what the service works with; all are required.
type Deps struct {
	Calls     store.Calls
	Instances store.Instances
	Orders    store.Orders
	// Waiting says until when the marketplace waits for a line of an order, and what it does then; ok is false when it waits for nothing.
	Waiting func(a *store.Aggregate, l *store.Line) (until time.Time, end deadline.End, ok bool)
	// Endpoints are those of a seller, as they are configured now.
	Endpoints func(seller string) []Endpoint
	Clock     clock.Clock // that by which work is ordered
	Metrics   *telemetry.Metrics
}

// Endpoint is what is to be known of a configured endpoint.
type Endpoint struct {
	Name string
	// Processing: an answer 000004 may be a failed call here, since the endpoint serves a family of the V1.0 generation or answers renewals or
	// upgrades on completion.
	Processing bool
}

// The bounds of a reading.
const (
	page      = 500
	mostRows  = 5000 // records of each result code, counts of refusals, and instances of each state
	mostLooks = 500  // orders that are read for their products or their lines
	perQuery  = 100  // subjects that are asked about at once

	// lateness is how much later than its rule says the marketplace's last repetition may come.
	lateness = time.Minute
	// hurry is how long before its deadline a creation that goes on is at risk.
	hurry = time.Hour
	// longestRun is how many days in a row of failing test calls are told apart.
	longestRun = 10
)

// every is how often the metrics are computed, and restful how many times as long as it took a round rests at least.
const (
	every   = 5 * time.Minute
	restful = 20
)

// Service reads how sellers stand.
type Service struct{ Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{d} }

// longest is the longest time from the first call about an order to its last repetition.
var longest = func() (d time.Duration) {
	for _, r := range deadline.Rules() {
		if counts(r.End) {
			d = max(d, r.Window+r.Every)
		}
	}
	return d + lateness
}()

// counts says whether an order that has come to an end counts as failed.
func counts(e deadline.End) bool { return e == deadline.Refund || e == deadline.Restart }

// Read tells how a seller stands now. It reads at most mostRows records of each result code of the month, newest first, and a few hundred
// orders. Errors: LIST_BUSY, STORE_UNAVAILABLE.
func (s *Service) Read(ctx context.Context, seller string) (*Report, error) {
	r := s.begin(seller)
	for _, read := range []func(context.Context) error{r.calls, r.outcomes, r.instances, r.products, r.refusals} {
		if err := read(ctx); err != nil {
			return nil, storefault.Told(err)
		}
	}
	return r.report(), nil
}

// Keep shows in the metrics how a seller stands, and says when to look again. A reading that takes long is made less often. Errors: those of Read.
func (s *Service) Keep(ctx context.Context, seller string) (next time.Time, err error) {
	began := s.Clock.Now()
	r, err := s.Read(ctx, seller)
	ended := s.Clock.Now()
	next = ended.Add(max(every, restful*ended.Sub(began)))
	if err != nil {
		return next, err
	}
	failed, days := map[string]int{}, map[string]int{}
	for i := range r.Products {
		failed[r.Products[i].ProductID] = len(r.Products[i].Failed)
	}
	for i := range r.Sites {
		days[r.Sites[i].Endpoint] = len(r.Sites[i].Days)
	}
	s.Metrics.Sanctions(seller, failed, r.Waiting(), days)
	return next, nil
}

// tooLong says whether a list was stopped because it took too long: then there is more than is known.
func tooLong(err error) bool { return errors.Is(err, store.ErrTooLong) }

func notFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
