// SPDX-License-Identifier: Apache-2.0

package market

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Sentinels of this package.
var (
	// ErrConfig says that a Config cannot be used.
	ErrConfig = errors.New("simulator: unusable configuration")

	// ErrOrder says that the simulator did not place such an order, or has forgotten it.
	ErrOrder = errors.New("simulator: unknown order")

	// ErrOrderState says that an order is in no state for that call, for example opened twice.
	ErrOrderState = errors.New("simulator: not possible for this order now")

	// ErrFull says that MaxOrders orders are still being processed.
	ErrFull = errors.New("simulator: too many orders in progress")

	// ErrCall says that the seller did not answer with success within the window.
	ErrCall = errors.New("simulator: call failed")

	// ErrRestart says that there is no failed call to repeat.
	ErrRestart = errors.New("simulator: no failed call to restart")

	// ErrInstance says that an instance cannot be declared like that.
	ErrInstance = errors.New("simulator: unusable instance")
)

// Config configures a Market. Calls, Clock and NewID are required, the rest has
// defaults.
type Config struct {
	Calls    *wire.Caller
	Clock    clock.Clock
	NewID    func() string                        // returns a string that it never returned before
	Retry    RetryProfile                         // default: DocumentedRetry
	Poll     Schedule                             // default: DocumentedPoll
	Products map[catalogue.Kind]catalogue.Product // replace single entries of catalogue.DemoProducts

	// SharedPeriods is the reading of [billing.Limits].
	SharedPeriods bool

	// MaxOrders, MaxCalls and MaxUsage bound the memory. Old entries are forgotten
	// first, orders only when nothing is pending for them, usage records only when
	// they are billed and too old to be reported again; without room a push fails.
	MaxOrders, MaxCalls, MaxUsage int

	Log    *slog.Logger // default: nothing is logged
	OnCall func(Call)   // is told of every call after its answer
}

// Defaults of a Config.
const (
	// DefaultMaxOrders is how many orders are remembered.
	DefaultMaxOrders = 10_000

	// DefaultMaxCalls is how many calls, and how many messages, are remembered.
	DefaultMaxCalls = 20_000

	// DefaultMaxUsage is how many usage records that were taken are remembered.
	DefaultMaxUsage = 200_000
)

// prepared returns a copy with all defaults filled in. Errors: ErrConfig.
func (c Config) prepared() (Config, error) {
	switch {
	case c.Calls == nil || c.Clock == nil || c.NewID == nil:
		return c, fmt.Errorf("%w: Calls, Clock and NewID are required", ErrConfig)
	case c.MaxOrders < 0 || c.MaxCalls < 0 || c.MaxUsage < 0:
		return c, fmt.Errorf("%w: a limit is negative", ErrConfig)
	}
	var err error
	if c.Products, err = catalogue.Sold(c.Products, c.Clock.Now()); err != nil {
		return c, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.Retry == (RetryProfile{}) {
		c.Retry = DocumentedRetry()
	}
	if c.Poll == (Schedule{}) {
		c.Poll = DocumentedPoll()
	}
	c.MaxOrders = cmp.Or(c.MaxOrders, DefaultMaxOrders)
	c.MaxCalls = cmp.Or(c.MaxCalls, DefaultMaxCalls)
	c.MaxUsage = cmp.Or(c.MaxUsage, DefaultMaxUsage)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Market is one marketplace with one seller, and the one owner of everything that
// is remembered of them. It is safe for concurrent use.
type Market struct {
	cfg  Config
	wire *wire.Caller
	book *book // its lock guards what follows, too

	faults fault.Box
	ledger *billing.Ledger
	nonces nonceBox
	dial   dialLog
}

// New returns a market without orders. It makes no call. Errors: ErrConfig.
func New(cfg Config) (*Market, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, err
	}
	return &Market{
		cfg: cfg, wire: cfg.Calls, book: newBook(cfg.MaxOrders, cfg.MaxCalls),
		ledger: billing.NewLedger(billing.Limits{
			Records: cfg.MaxUsage, Accounts: 2 * cfg.MaxOrders, Abnormal: cfg.MaxCalls, SharedPeriods: cfg.SharedPeriods,
		}),
		dial: dialLog{instances: make(map[judge.Family]string)},
	}, nil
}

// Product returns what is sold as a kind.
func (s *Market) Product(kind catalogue.Kind) catalogue.Product { return s.cfg.Products[kind] }

// Poll returns how often it is looked whether something is there.
func (s *Market) Poll() Schedule { return s.cfg.Poll }
