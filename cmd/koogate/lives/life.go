// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// Broken is a promise that was not kept.
type Broken struct {
	Promise string // its name
	Seen    string // what was seen instead
}

func (b *Broken) Error() string { return b.Promise + ": " + b.Seen }

func broken(promise, format string, args ...any) error {
	return &Broken{promise, fmt.Sprintf(format, args...)}
}

// waits are how much time passes in a wait.
var waits = [renewals]time.Duration{time.Second, 20 * time.Second, 5 * time.Minute, 40 * time.Minute}

// leaseTime is how long a worker has for a task.
const leaseTime = 30 * time.Second

// life is one order, and what the world outside knows of it.
type life struct {
	*world
	ctx   context.Context
	probe *probe.Probe
	order probe.Purchase
	later [renewals]probe.Purchase

	metered bool // pay-per-use, which is not renewed
	used    [renewals]*used
	said    bool // what was bought

	instance string          // that the marketplace was told
	code     resultcode.Code // the last answer to the purchase
	expiry   time.Time       // what the last renewal that counts has set; zero before
	renewed  map[int]bool    // acknowledged
	frozen   bool            // by the last acknowledged call
	released bool
	shown    bool // a query has shown the instance
	held     []held
	newest   map[string]int64     // the token of each task's last lease
	leased   map[string]time.Time // until when that lease runs, of tasks that nobody has tried to end
	done     map[string]int64     // tasks whose completion was acknowledged, with the token
	most     store.InstanceState

	mayBeReleased bool             // a release was asked for
	began         time.Time        // when the life began
	rowsNow       *store.Aggregate // as they were after so many writes; nil for no order
	rowsAfter     int
	ledgerTold    bool // whether all usage was told, after so many writes of usage
	ledgerAfter   int
}

// held is a task in the hands of a worker.
type held struct {
	id    string
	kind  string
	fence int64
}

// newLife makes an order up that nobody has bought yet.
func newLife(ctx context.Context, w *world, seed uint64, n int, metered bool) (*life, error) {
	l := &life{
		world: w, ctx: ctx, renewed: map[int]bool{}, newest: map[string]int64{}, leased: map[string]time.Time{}, done: map[string]int64{},
		metered: metered, rowsAfter: -1, ledgerAfter: -1, began: w.clock.Now(),
	}
	var err error
	l.probe, err = probe.New(probe.Config{
		URL: address, Key: accessKey, Family: judge.FamilySaasV2, Deep: true, Seed: seed, HTTPClient: &http.Client{Transport: w}, Clock: w.clock,
	}, fmt.Sprint("life ", n))
	if err != nil {
		return nil, err
	}
	l.order = l.probe.Purchase()
	if metered {
		l.order.Kind, l.order.Product, l.order.ExpireTime = catalogue.OnDemand, catalogue.DemoProducts()[catalogue.OnDemand], time.Time{}
	}
	product := l.order.Product
	facts := fulfil.OrderFacts{
		OrderType: "NEW", Buyer: []byte(`{}`), ExpireAt: l.order.ExpireTime,
		Product: store.Product{
			ProductID: product.ProductID, SKUCode: product.SKUCode, Name: product.Name, ChargingMode: l.order.Kind.ChargingMode(), LinearValue: int64(product.LinearValue),
		},
	}
	w.market.facts[l.order.ID] = facts
	for k := range l.later {
		l.later[k] = l.probe.Later(l.order, "")
		l.later[k].ExpireTime = l.order.ExpireTime.AddDate(k+1, 0, 0)
		f := facts
		f.OrderType, f.ExpireAt = "RENEW", l.later[k].ExpireTime
		w.market.facts[l.later[k].ID] = f
	}
	return l, nil
}

// close forgets what the marketplace keeps of a life.
func (l *life) close() {
	l.probe.Close()
	delete(l.market.bills, l.instance)
	delete(l.market.facts, l.order.ID)
	for k := range l.later {
		delete(l.market.facts, l.later[k].ID)
	}
}

// live lives a plan to its end. Errors: *Broken, and what is no fault of Koogate.
func (l *life) live(plan Plan) error {
	for _, s := range plan {
		if err := l.step(s); err != nil {
			return err
		}
	}
	return l.settle()
}

// step does one step, starts the process anew when it has ended over it, and checks every promise.
func (l *life) step(s Step) error {
	l.here = s.Process
	on := l.on().store
	on.plan(s.Fault, s.At)
	err := l.do(s)
	on.plan(FaultNone, 0)
	if err == nil && l.dead() {
		err = l.again()
	}
	if err != nil {
		return err
	}
	l.clock.Advance(time.Millisecond)
	return l.check()
}

// again starts the process anew.
func (l *life) again() error {
	l.clock.Advance(time.Second)
	return l.restart(l.ctx)
}

func (l *life) do(s Step) error {
	switch s.Op {
	case OpBuy:
		return l.buy(s)
	case OpQuery:
		return l.query(s)
	case OpRenew:
		return l.renew(s)
	case OpFreeze, OpUnfreeze:
		return l.status(s)
	case OpRelease:
		return l.release(s)
	case OpWork:
		return l.work(s, true)
	case OpHold:
		return l.lease()
	case OpComplete:
		if len(l.held) > 0 {
			return l.complete(s)
		}
	case OpLose:
		if len(l.held) > 0 {
			l.held = l.held[1:]
		}
	case OpGiveBack:
		return l.work(s, false)
	case OpJobs:
		return l.jobs(s)
	case OpWait:
		l.clock.Advance(waits[s.Number])
	case OpRestart:
		return l.again()
	case OpGuard:
		return l.loseRedis()
	case OpMute:
		l.market.mute = true
	case OpReport:
		return l.report(s)
	case OpCorrect:
		return l.correct(s)
	case OpTrouble:
		l.market.trouble = troubleUnsent + trouble(s.Number)
	case OpBeat:
		return l.beat()
	}
	return nil
}

// jobs does Koogate's own jobs, and what happens while the marketplace's answer is on its way.
func (l *life) jobs(s Step) (first error) {
	if len(s.During) > 0 {
		l.market.during = func() {
			here := l.here
			for _, in := range s.During {
				l.here = in.Process
				if err := l.do(in); err != nil && first == nil {
					first = err
				}
			}
			l.here = here
		}
	}
	_, _ = l.on().Work(l.ctx, sellerName) // a look that failed is made again
	l.market.during = nil
	return first
}
