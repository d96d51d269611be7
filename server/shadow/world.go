// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/inproc"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// world is a core of its own over a database in memory. One call is answered at a time.
type world struct {
	Deps
	store  Store
	core   *fulfil.Service
	work   *work.Service
	facade *facade.Facade

	calls    int
	pairs    compare.Pairs
	answered map[string]time.Time // when the old server had answered the last call that changes an order or an instance
	allowed  atomic.Bool          // what the old server says of a check

	mu      sync.Mutex
	given   map[string]string // the instance of the line that a call creates
	running sync.WaitGroup
	runs    map[string]bool // the sellers whose tasks are done
	ctx     context.Context //nolint:containedctx // the life of the goroutines that do tasks
	stop    context.CancelFunc
}

// newWorld returns a world that knows nothing.
func newWorld(ctx context.Context, d Deps) (*world, error) {
	st, err := d.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("shadow: open a database in memory: %w", err)
	}
	w := &world{Deps: d, store: st, answered: map[string]time.Time{}, given: map[string]string{}, runs: map[string]bool{}}
	w.ctx, w.stop = context.WithCancel(access.Own(context.WithoutCancel(ctx)))
	if err := w.build(); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return w, nil
}

// build wires it as a server is wired, with nobody outside: no log, no metrics, no spans, no keys that sign.
func (w *world) build() (err error) {
	tracer, log := noop.NewTracerProvider().Tracer(""), slog.New(slog.DiscardHandler)
	metrics := telemetry.NewMetrics(prometheus.NewRegistry())
	w.work = work.New(work.Deps{Store: w.store, Clock: w.Clock, NewID: w.NewID, Tracer: tracer, Metrics: metrics, Log: log})
	w.core, err = fulfil.New(fulfil.Config{}, nil, fulfil.Deps{
		Rules: w.Rules, Store: w.store, Work: w.work, Guard: open{}, Sealer: w.Sealer, Marketplace: market{}, Clock: w.Clock, NewID: w.NewID,
		Password: password, Given: w.named, Tracer: tracer, Metrics: metrics, Log: log,
	})
	if err != nil {
		return fmt.Errorf("shadow: %w", err)
	}
	w.work.ProvideFrom(func() map[string]work.Queue {
		return work.Named(work.Queue{Name: Provisioner, Do: w.provision, Sellers: w.Sellers()})
	})
	channel := inproc.New(w.Chain)
	family.Serve(channel, production.Deps{
		Core: w.core, Directory: directory.New(directory.Deps{Store: w.store, Recorder: w.core, Sealer: w.Sealer, Clock: w.Clock}),
		Settings: w.Settings, Guard: open{}, Clock: w.Clock, Metrics: metrics, Log: log,
	})
	w.facade, err = facade.New(w.Limits, facade.Deps{
		Table: w.Table, Core: w.core, Conn: channel, Guard: open{}, Clock: w.Clock, Tracer: tracer, Metrics: metrics, Log: log,
	})
	return err
}

func (w *world) close() {
	w.stop()
	w.running.Wait()
	if err := w.store.Close(); err != nil {
		w.Log.Warn("a database in memory was not closed", "error", err)
	}
}

// named is the instance of a line that is about to be created: the old server's.
func (w *world) named(k store.LineKey) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.given[fulfil.LockKey(k.Seller, k.OrderID, k.OrderLineID, k.ProductID)]
}

// serve has a seller's tasks done from now on.
func (w *world) serve(seller string) {
	if w.runs[seller] {
		return
	}
	w.runs[seller] = true
	w.running.Go(func() {
		_ = work.Runner{Work: w.work, Seller: seller, Worker: Provisioner, Concurrency: 4, Lease: lease}.Run(w.ctx) // it returns when ctx ends
	})
}

// answer is what Koogate would have answered: to a call whose instances are there as far as the old server shows that it has them. While ours is still
// under way it is called again, as the marketplace calls again. Errors: there was no answer that could count.
func (w *world) answer(ctx context.Context, c *facade.Shadowed) (r facade.Reply, err error) {
	w.calls++
	w.serve(c.Seller)
	w.allowed.Store(c.Heard && c.Code == resultcode.Success)
	if !c.Probe {
		if err := w.prepare(ctx, c); err != nil {
			return r, err
		}
	}
	for range 3 {
		if r, err = w.facade.Answer(ctx, c.Kept); err != nil {
			return r, err
		}
		if r.Code == resultcode.Internal && r.Reason != "" {
			return r, fmt.Errorf("shadow: %s", r.Reason)
		}
		done, err := w.settle(ctx, c.Seller)
		if err != nil {
			return r, err
		}
		if r.Code != resultcode.Processing || !done {
			break
		}
	}
	return r, nil
}

// settle does the tasks that are open, and tells whether there were any.
func (w *world) settle(ctx context.Context, seller string) (some bool, err error) {
	for {
		n, err := w.work.Step(access.Own(ctx), seller)
		if err != nil || n == 0 {
			return some, err
		}
		some = true
	}
}

// prepare brings about what the old server shows that it has.
func (w *world) prepare(ctx context.Context, c *facade.Shadowed) error {
	v := w.old(c)
	if c.LockKey != "" {
		return w.give(ctx, c, v)
	}
	if c.Family == fulfil.FamilyLicenseCode || c.Instances == "" {
		return nil // a code is met by the first call about it
	}
	ids, err := fulfil.SplitIDs(c.Instances)
	if err != nil {
		return nil //nolint:nilerr // ours to refuse
	}
	found, err := w.store.Instances(ctx, c.Seller, ids)
	if err != nil {
		return err
	}
	shown := judge.Instances(c.Answer)
	for _, id := range ids {
		at := slices.IndexFunc(found, func(i store.Instance) bool { return i.InstanceID == id })
		switch {
		case at < 0:
			there, err := w.there(ctx, c, v, id, shown)
			if err != nil {
				return err
			}
			if there {
				if err := w.place(ctx, c, id); err != nil {
					return err
				}
			}
		case found[at].State != store.InstanceReleased && (c.Code == resultcode.InstanceNotFound || c.Poll && !slices.Contains(shown, id)):
			if err := w.end(ctx, c, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// give has the line that a call creates get the instance that the old server has made, unless another line has it.
func (w *world) give(ctx context.Context, c *facade.Shadowed, v judge.Verdict) error {
	w.mu.Lock()
	clear(w.given)
	w.mu.Unlock()
	id := v.InstanceID
	if !family.IDSized(id) || !store.Sound(id) {
		return nil
	}
	found, err := w.store.Instances(ctx, c.Seller, []string{id})
	if err != nil || len(found) > 0 {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.given[c.LockKey] = id
	return nil
}

// there tells whether the old server has an instance of which nothing is known: as its answer shows, or as it says when it is asked.
func (w *world) there(ctx context.Context, c *facade.Shadowed, v judge.Verdict, id string, shown []string) (bool, error) {
	did := c.Heard && (v.Outcome == judge.OutcomeOK || c.Code == resultcode.Processing)
	switch {
	case c.Poll:
		return slices.Contains(shown, id), nil
	case c.Heard && c.Code == resultcode.InstanceNotFound:
		return false, nil
	case did && slices.Contains(ends, c.Action): // also when it was released before, which a query does not tell from never
		return true, nil
	}
	has, err := w.Old.Shows(ctx, c.Kept, id)
	if errors.Is(err, facade.ErrNoAddress) { // nobody can be asked
		return did, nil
	}
	return has, err
}

// ends are the activities that end an instance.
var ends = []string{"releaseInstance", "releaseLicense"}

// place brings an instance about as an import does.
func (w *world) place(ctx context.Context, c *facade.Shadowed, id string) error {
	sum := sha256.Sum256([]byte(id))
	r := fulfil.Import{
		Endpoint: c.Endpoint, Family: w.base(c), OrderID: "shadow-" + hex.EncodeToString(sum[:16]), OrderLineID: "1", InstanceID: id,
		Product: store.Product{ProductID: standInProduct, ChargingMode: "PERIOD"}, State: fulfil.ImportActive,
	}
	switch r.Family {
	case fulfil.FamilySaasV1:
		r.OrderLineID, r.Access.FrontEndURL = "", standIn.FrontEndURL
	case fulfil.FamilyLicenseV1:
		r.OrderLineID, r.Access.Licence = "", standIn.Licence
	case fulfil.FamilyLicenseOnline:
	default:
		r.Access.FrontEndURL = standIn.FrontEndURL
	}
	verdicts, err := w.core.Import(access.Own(ctx), fulfil.Imports{Seller: c.Seller, Rows: []fulfil.Import{r}, Who: Provisioner, Why: "the old server has it"})
	if err == nil && verdicts[0].Verdict != fulfil.ImportCreated {
		err = fmt.Errorf("shadow: an instance of the old server cannot be placed: %v", verdicts[0].Fields)
	}
	return err
}

// base is the family of an instance that a call is about.
func (w *world) base(c *facade.Shadowed) string {
	switch c.Family {
	case fulfil.FamilyLicenseV1, fulfil.FamilySaasV1, fulfil.FamilyLicenseOnline:
		return c.Family
	case string(deadline.KitV1):
		return fulfil.FamilySaasV1
	}
	if e, ok := w.core.Endpoint(c.Endpoint); ok {
		return e.NewFamily
	}
	return fulfil.FamilySaasV2
}

// end releases an instance that the old server has released by a call that another process saw.
func (w *world) end(ctx context.Context, c *facade.Shadowed, id string) error {
	over, err := w.Old.Ended(ctx, c.Seller, id)
	if err != nil || !over {
		return err
	}
	e, ok := w.core.Endpoint(c.Endpoint)
	if !ok {
		return facade.ErrNoAddress
	}
	if _, err := w.core.ReleaseInstance(access.Own(ctx), fulfil.Release{Endpoint: e, InstanceID: id, Arrived: w.Clock.Now()}); err != nil {
		return err
	}
	_, err = w.settle(ctx, c.Seller)
	return err
}
