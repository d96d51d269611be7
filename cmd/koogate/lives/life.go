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

	instance string          // that the marketplace was told
	code     resultcode.Code // the last answer to the purchase
	expiry   time.Time       // what the last renewal that counts has set; zero before
	renewed  map[int]bool    // acknowledged
	frozen   bool            // by the last acknowledged call
	released bool
	shown    bool // a query has shown the instance
	held     []held
	newest   map[string]int64 // the token of each task's last lease
	done     map[string]int64 // tasks whose completion was acknowledged, with the token
	most     store.InstanceState
}

// held is a task in the hands of a worker.
type held struct {
	id    string
	kind  string
	fence int64
}

// newLife makes an order up that nobody has bought yet.
func newLife(ctx context.Context, w *world, seed uint64, n int) (*life, error) {
	l := &life{world: w, ctx: ctx, renewed: map[int]bool{}, newest: map[string]int64{}, done: map[string]int64{}}
	var err error
	l.probe, err = probe.New(probe.Config{
		URL: address, Key: accessKey, Family: judge.FamilySaasV2, Deep: true, Seed: seed, HTTPClient: &http.Client{Transport: w}, Clock: w.clock,
	}, fmt.Sprint("life ", n))
	if err != nil {
		return nil, err
	}
	l.order = l.probe.Purchase()
	product := l.order.Product
	facts := fulfil.OrderFacts{
		OrderType: "NEW", Buyer: []byte(`{}`), ExpireAt: l.order.ExpireTime,
		Product: store.Product{ProductID: product.ProductID, SKUCode: product.SKUCode, Name: product.Name, ChargingMode: "PERIOD", LinearValue: 10},
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
	l.store.plan(s.Fault, s.At)
	err := l.do(s)
	l.store.plan(FaultNone, 0)
	if err == nil && l.store.dead {
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
	}
	return nil
}

// jobs does Koogate's own jobs, and what happens while the marketplace's answer is on its way.
func (l *life) jobs(s Step) (first error) {
	if len(s.During) > 0 {
		l.market.during = func() {
			for _, in := range s.During {
				if err := l.do(in); err != nil && first == nil {
					first = err
				}
			}
		}
	}
	_, _ = l.embedded.Work(l.ctx, sellerName) // a look that failed is made again
	l.market.during = nil
	return first
}
