// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/server/memo"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Store is what usage needs of the store: the ledger, the quotas that say what may be reported, the instances, and what the queue
// needs.
type Store interface {
	store.Ledger
	store.Quotas
	store.Orders
	store.Instances
	work.Store
}

// Deps are what the service works with; all are required, but Work, Gaps, Calls, Pusher only to push and Recorder only to retry by force.
type Deps struct {
	Store    Store
	Work     *work.Service // where New registers the job that runs the rounds; nil for a queue of its own
	Pusher   Pusher
	Recorder Recorder
	Gaps     *gap.Service  // what restores have left open; nil for no gaps
	Calls    call.Journal  // hears of the pushes; nil for no records of them
	Rules    func() *Rules // as they are now; nil for those of Config
	Clock    clock.Clock
	Tracer   trace.Tracer
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
}

// Recorder records on an instance's order that an operator has refused usage sent again beyond the marketplace's window;
// *fulfil.Service is one. Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
type Recorder interface {
	RecordUsageRetry(ctx context.Context, seller, instanceID string, data map[string]any) error
}

// Rules are what sellers say of usage. Nobody may change them.
type Rules struct {
	// Meters are the meters by endpoint and product ID; "*" stands for the endpoint's other products.
	// A product with a meter without a name has none.
	Meters map[string]map[string]Meter
	// Spans says by seller what the marketplace is told of records that share a window. Default SpansApart.
	Spans map[string]store.UsageSpans
}

// Config holds the meters and the bounds of a round. Zero values mean the defaults.
type Config struct {
	// Rules that do not change; Deps.Rules comes before them.
	Rules
	// Batch is how many records one call takes, 1 to 1000. Default 1000.
	Batch int
	// RoundBudget is how long a round begins new calls. With CallTimeout it stays inside the lease of a job. Default 4 s.
	RoundBudget time.Duration
	// CallTimeout bounds one call to the marketplace. Default 9 s.
	CallTimeout time.Duration
	// FactFor is how long a read instance stands for now. Default 1 s.
	FactFor time.Duration
}

// Service is the usage domain. Safe for concurrent use.
type Service struct {
	Deps
	cfg Config

	known  *memo.Cache[string, fact]
	totals *memo.Cache[string, total]

	mu    sync.Mutex
	flows map[string]*flow // by seller
}

// New returns a service, and registers the job that runs its rounds.
func New(cfg Config, d Deps) *Service {
	if cfg.Batch <= 0 || cfg.Batch > maxBatch {
		cfg.Batch = maxBatch
	}
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&cfg.RoundBudget, 4*time.Second)
	def(&cfg.CallTimeout, 9*time.Second)
	def(&cfg.FactFor, time.Second)
	if d.Rules == nil {
		d.Rules = func() *Rules { return &cfg.Rules }
	}
	s := &Service{
		Deps: d, cfg: cfg, known: memo.New[string, fact](manyInstances), totals: memo.New[string, total](manyInstances), flows: make(map[string]*flow),
	}
	if s.Work == nil {
		s.Work = work.New(work.Deps{Store: d.Store, Clock: d.Clock, Tracer: d.Tracer, Metrics: d.Metrics, Log: d.Log})
	}
	s.Work.Register(s.kind())
	return s
}

// meter returns the meter of an endpoint's product.
func (s *Service) meter(endpoint, productID string) (Meter, bool) {
	products := s.Rules().Meters[endpoint]
	m, ok := products[productID]
	if !ok {
		m = products["*"]
	}
	return m, m.Name != ""
}

func (s *Service) now() time.Time { return s.Clock.Now() }

// storeError says what a failure of the store means to the caller.
func storeError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, errs.UsageNotFound, "no record of that key")
	case errors.Is(err, store.ErrSettled):
		return errs.New(errs.Precondition, errs.UsageSettled, "a record for the marketplace was made of the window already")
	case errors.Is(err, store.ErrConflict):
		return errs.New(errs.Conflict, errs.ConflictingRepeat, "the key belongs to a record of other content")
	}
	return storefault.Told(err)
}

// Correct replaces the value of a booked record, as long as nothing of its window was settled; zero takes the record back.
// key is the correction's own. Errors: INVALID_FIELD, USAGE_NOT_FOUND, USAGE_SETTLED, CONFLICTING_REPEAT,
// STORE_UNAVAILABLE.
func (s *Service) Correct(ctx context.Context, seller, key, corrects, value string) (Result, error) {
	for _, k := range []struct{ field, text string }{{"key", key}, {"corrects", corrects}} {
		switch {
		case !usableKey(k.text):
			return "", errs.BadField(k.field, "1 to 128 characters without control characters")
		case strings.HasPrefix(k.text, ownKeys):
			return "", errs.BadField(k.field, "%s… is what a reservation has committed; it stands", ownKeys)
		}
	}
	amount, ok := ParseAmount(value)
	switch {
	case !ok:
		return "", errs.BadField("value", "not a decimal with at most 8 digits before and 4 behind the point")
	case key == corrects:
		return "", errs.BadField("key", "a correction has a key of its own")
	}
	out, err := s.Store.CorrectUsage(ctx, store.UsageCorrection{Raw: store.UsageRaw{
		Seller: seller, Key: key, Corrects: corrects, Value: amount, ReportedAt: s.now(),
	}})
	if err != nil {
		return "", storeError(err)
	}
	return Result(out), nil
}

// forcedFor is how long what was retried by force is tried, since the marketplace's own window is over.
const forcedFor = Day

// Retry is an operator's wish to have refused records of an instance sent again.
type Retry struct {
	Seller, InstanceID string

	Force  bool   // also those that are older than the marketplace takes; needs a Reason
	Reason string // why, for the order's events; no secrets, no personal data
	Who    string // names the caller in the event
}

// Retried is what became of the refused records.
type Retried struct {
	Records int // those that go out again
	Past    int // those that were left alone, since the marketplace takes nothing that old
}

// Retry sends refused records of an instance again, for an operator who has removed the cause. Records that are older than the
// marketplace takes are left alone; by force they are sent all the same, for a day, and an event on the instance's order says who
// wanted it and why. Errors: INSTANCE_NOT_FOUND, DEADLINE_PASSED when all of them are too old, INVALID_FIELD for force without a
// reason, STORE_UNAVAILABLE.
func (s *Service) Retry(ctx context.Context, r Retry) (Retried, error) {
	if r.Force && strings.TrimSpace(r.Reason) == "" {
		return Retried{}, errs.BadField("reason", "say why usage is sent again by force")
	}
	found, err := s.Store.Instances(ctx, r.Seller, []string{r.InstanceID})
	if err != nil {
		return Retried{}, storeError(err)
	}
	if len(found) == 0 {
		return Retried{}, s.Gaps.Unknown(ctx, r.Seller, "RetryUsage", r.InstanceID)
	}
	now := s.now()
	got, err := s.Store.ReviveUsage(ctx, r.Seller, r.InstanceID, now, time.Time{})
	switch {
	case err != nil:
		return Retried{}, storeError(err)
	case got.Past == 0 || !r.Force && got.Records > 0:
		return Retried(got), nil
	case !r.Force:
		return Retried{}, errs.New(errs.Precondition, errs.DeadlinePassed,
			"the marketplace takes no usage that began more than %d days ago, and %d refused records of instance %s did; to send them all the same use force with a reason",
			refuseAfter/Day, got.Past, r.InstanceID)
	}
	s.Log.WarnContext(ctx, "usage is sent again beyond the marketplace's window", "seller", r.Seller, "instance_id", r.InstanceID, "records", got.Past)
	// The record comes first: what was done by force is never without one.
	data := map[string]any{"forced": true, "reason": r.Reason, "records": got.Past, "who": r.Who}
	if err := s.Recorder.RecordUsageRetry(ctx, r.Seller, r.InstanceID, data); err != nil {
		return Retried{}, err
	}
	forced, err := s.Store.ReviveUsage(ctx, r.Seller, r.InstanceID, now, now.Add(forcedFor))
	if err != nil {
		return Retried{}, storeError(err)
	}
	return Retried{Records: got.Records + forced.Records, Past: forced.Past}, nil
}

// Windows returns one page. Errors: STORE_UNAVAILABLE.
func (s *Service) Windows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error) {
	rows, err := s.Store.ListUsageWindows(ctx, q)
	return rows, storeError(err)
}

// Records returns one page. Errors: STORE_UNAVAILABLE.
func (s *Service) Records(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error) {
	rows, err := s.Store.ListUsageRecords(ctx, q)
	return rows, storeError(err)
}
