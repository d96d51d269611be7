// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Config is where and how a seller is asked.
type Config struct {
	URL    string // the seller's production address
	Key    string // its access key
	KitKey string // its Kit key; default: Key
	// NextKey is a second key that is valid beside Key, to find out whether keys can be changed without a refused call.
	NextKey string
	// Code is an authorisation code of License 2.0 that the seller knows; without it only made-up codes are asked for.
	Code string

	Family judge.Family
	// Deep makes production calls, without testFlag. Otherwise every call is one of the debugger.
	Deep bool
	// MadeUp makes debugging calls about made-up orders. Otherwise they are about the debugger's mock orders, which the marketplace's
	// order query knows. Production calls are always about made-up orders.
	MadeUp bool

	Seed       uint64 // of everything that is made up
	HTTPClient *http.Client
	Clock      clock.Clock
	Patience   time.Duration // how long a new instance may take until it is shown; default: DefaultPatience
	Timeout    time.Duration // for one answer; default: the family's own
	Readings   wire.Readings
	Hooks      Hooks
}

// DefaultPatience is how long a new instance may take until it is shown.
const DefaultPatience = time.Minute

// Hook is something that only the seller's own side can do.
type Hook string

// The hooks.
const (
	HookKill  Hook = "kill"  // ends the server as a crash does, starts it anew and returns when it answers
	HookState Hook = "state" // tells what the seller holds
	HookStore Hook = "store" // makes the seller's database fail, or work again
)

// Hooks are what the seller's side does when asked. Those that are nil are not there.
type Hooks struct {
	Kill  func(ctx context.Context) error
	State func(ctx context.Context) ([]Instance, error)
	Store func(ctx context.Context, works bool) error
}

// Instance is what the seller's side holds of one instance, as HookState tells it.
type Instance struct {
	ID        string    `json:"instanceId"`
	OrderID   string    `json:"orderId"`
	LineID    string    `json:"orderLineId"`
	State     string    `json:"state"`               // ACTIVE, FROZEN or RELEASED
	ExpiresAt time.Time `json:"expiresAt,omitempty"` // zero: it does not expire
	Test      bool      `json:"test"`                // made by calls of the debugger
}

// madeUp tells whether orders are made up.
func (c Config) madeUp() bool { return c.Deep || c.MadeUp }

// Has tells whether a hook is there.
func (h Hooks) Has(hook Hook) bool {
	switch hook {
	case HookKill:
		return h.Kill != nil
	case HookState:
		return h.State != nil
	case HookStore:
		return h.Store != nil
	default:
		return false
	}
}
