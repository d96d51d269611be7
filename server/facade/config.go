// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Config is what can be set. Zero values mean the defaults.
type Config struct {
	Endpoints []Endpoint // those that do not change; Deps.Table comes before them
	// MaxBody is the longest body that is read, in bytes: 1 KiB to 1 MiB. Default 64 KiB.
	MaxBody int
	// MaxKitBody is the same for the Kit, whose full lists of departments are long: 1 KiB to 64 MiB. Default 8 MiB.
	MaxKitBody int
	// MaxUnverified bounds the bodies of all calls together that are not verified yet, in bytes: at least twice MaxKitBody and
	// four times MaxBody, at most 1 GiB. Default 64 MiB, or twice MaxKitBody when that is more.
	MaxUnverified int
	// Budget is how long after a call's arrival its answer goes out at the latest, 100 ms to 4.9 s, because the
	// marketplace gives up after 5 s (saas-v2 §1). Default 4.6 s.
	Budget time.Duration
	// HoldBudget is the same for the V1.0 generation, whose calls are held: 1 s to 19.5 s, because the marketplace gives up
	// after 20 s (saas-v1 §1). Default 19 s.
	HoldBudget time.Duration
	// KnownInstances is for how many instances the facade remembers their order, at least. Default 20000.
	KnownInstances int
}

// Endpoint is one production address.
type Endpoint struct {
	Name   string // the last element of /produce/{endpoint}
	Seller string
	// Families are the protocol families that are served; empty means saas_v2 alone.
	Families []string
	// Keys are the access keys that are valid now, the likeliest first. The wire carries no key id, so all are tried.
	Keys []string
	// KitKeys are those of the Kit; empty means that they are the same.
	KitKeys []string
	// Outside and KitOutside are keys that do not count now, because they have ended or have not begun. They verify nothing: a refused call
	// that they have signed is told apart in its record.
	Outside, KitOutside []string
	// BodySign signs answers to verified calls with the key that the call was verified with (saas-v2 §3). Verified calls of
	// the V1.0 generation are answered signed in any case.
	BodySign bool
	// SignRefusals signs what calls of the V1.0 generation are answered that were not verified, with the first key. A stranger
	// then learns that the endpoint exists, and gets a text that is signed with its key.
	SignRefusals bool
	// ProductInfoObject refuses a productInfo of changeInstanceCheck that is no object, as the page of 2026 has it; older
	// pages left the form open, so an array and a text are read by default (third-reading T2).
	ProductInfoObject bool
	// Old is the address of the server that served the endpoint before, nil when there is none; Route says where orders go that nobody has,
	// Routes the same of products that are configured, "*" among them.
	Old    *url.URL
	Route  Route
	Routes map[string]Route
	// Used is told which key has verified a call, and returns the key's ID for its record; nil when nobody asks.
	Used func(key string, now time.Time) (id string)
	// Skew is how far the marketplace's clock may be off, 1 s to 10 min. Default 60 s (saas-v2 §2.3).
	Skew time.Duration
}

// Route is where orders go that nobody has.
type Route string

// The routes.
const (
	RouteOwn     Route = ""        // Koogate
	RouteForward Route = "forward" // the old server
	RouteShadow  Route = "shadow"  // the old server, and its answers are compared with ours
)

// Core is what the facade itself asks of the core; the activities go through Conn. *fulfil.Service implements it.
type Core interface {
	OrderOf(ctx context.Context, seller, instanceID string) (orderID string, err error)
	Quarantine(ctx context.Context, seller, orderID, activity, field, value string)
	Repaired(ctx context.Context, seller, orderID, activity string, repairs []string)
}

var _ Core = (*fulfil.Service)(nil)

// Journal is told of each call once it is answered, and returns the ID of its record; *journal.Journal is one.
type Journal interface {
	Take(e journal.Entry) (id string)
	// Name makes the ID of a record, for an entry that is taken later.
	Name(arrived time.Time) (id string)
	// Room tells whether a call that is refused now would be looked at again.
	Room() bool
}

var _ Journal = (*journal.Journal)(nil)

// Deps are what the facade works with; all are required.
type Deps struct {
	Core Core
	// Conn leads to the services of all families (Serve) behind their interceptors, usually an inproc.Channel.
	Conn  grpc.ClientConnInterface
	Guard store.Guard
	// Clock is this machine's: calls are verified by it. Work is the clock by which the core counts; Clock when nil.
	Clock, Work clock.Clock
	// Table tells the endpoints as they are now; nil for those of Config, which do not change.
	Table func() *Table
	// Heard is told when a call was signed, once its signature is verified and though it may be stale; nil when nobody asks. A
	// call may have been under way for long, or be a replay.
	Heard func(sent time.Time)
	// Calls keeps a record of each call to a configured endpoint; nil when nobody asks. It must not wait.
	Calls Journal
	// Sides and Forward serve endpoints with an old server; nil where no endpoint has one.
	Sides   Sides
	Forward Forwarder
	// Shadow is handed the calls that an old server has answered where the route is shadow; nil compares nothing.
	Shadow  Shadow
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

const (
	defaultMaxBody        = 64 << 10
	defaultMaxKitBody     = 8 << 20
	defaultMaxUnverified  = 64 << 20
	defaultBudget         = 4600 * time.Millisecond
	defaultHoldBudget     = 19 * time.Second
	defaultKnownInstances = 20_000
)

func (c *Config) check() error {
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxKitBody == 0 {
		c.MaxKitBody = defaultMaxKitBody
	}
	if c.MaxUnverified == 0 {
		c.MaxUnverified = max(defaultMaxUnverified, 2*c.MaxKitBody)
	}
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if c.HoldBudget == 0 {
		c.HoldBudget = defaultHoldBudget
	}
	if c.KnownInstances == 0 {
		c.KnownInstances = defaultKnownInstances
	}
	switch {
	case c.MaxBody < 1<<10 || c.MaxBody > 1<<20:
		return errors.New("facade: MaxBody is outside 1 KiB to 1 MiB")
	case c.Budget < 100*time.Millisecond || c.Budget > 4900*time.Millisecond:
		return errors.New("facade: Budget is outside 100ms to 4.9s")
	case c.MaxKitBody < 1<<10 || c.MaxKitBody > 64<<20:
		return errors.New("facade: MaxKitBody is outside 1 KiB to 64 MiB")
	case c.MaxUnverified < max(2*c.MaxKitBody, 4*c.MaxBody) || c.MaxUnverified > 1<<30:
		return errors.New("facade: MaxUnverified is outside twice MaxKitBody and four times MaxBody to 1 GiB")
	case c.HoldBudget < time.Second || c.HoldBudget > 19500*time.Millisecond:
		return errors.New("facade: HoldBudget is outside 1s to 19.5s")
	case c.KnownInstances < 0:
		return errors.New("facade: KnownInstances is negative")
	}
	return nil
}

var endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) // as in the proto

func (e *Endpoint) check() error {
	if !endpointName.MatchString(e.Name) {
		return fmt.Errorf("facade: endpoint %q: a name is 1 to 63 of a-z, 0-9 and -, not beginning with -", e.Name)
	}
	if e.Seller == "" {
		return fmt.Errorf("facade: endpoint %q: a seller is required", e.Name)
	}
	if len(e.Keys) == 0 {
		return fmt.Errorf("facade: endpoint %q: a key is required", e.Name)
	}
	if len(e.KitKeys) == 0 {
		e.KitKeys = e.Keys
	}
	for _, k := range slices.Concat(e.Keys, e.KitKeys) {
		if k == "" {
			return fmt.Errorf("facade: endpoint %q: an empty key would verify anything", e.Name)
		}
	}
	if e.Route != RouteOwn && e.Old == nil {
		return fmt.Errorf("facade: endpoint %q: there is no old server to forward to", e.Name)
	}
	if e.Skew == 0 {
		e.Skew = sign.DefaultSkew
	}
	if e.Skew < time.Second || e.Skew > 10*time.Minute {
		return fmt.Errorf("facade: endpoint %q: skew %s is outside 1s to 10m", e.Name, e.Skew)
	}
	return nil
}
