// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// word is what one acknowledged call says of one fact; the words of a fact are in the order in which the calls were
// acknowledged, and one that is still to be asked of the marketplace holds its place.
type word[T any] struct {
	call  string
	value T
	known bool // the call told it, or the marketplace's answer came
}

// last is the word that counts: the last that is known.
func last[T any](words []word[T], otherwise T) T {
	for _, w := range slices.Backward(words) {
		if w.known {
			return w.value
		}
	}
	return otherwise
}

// truth is what the world outside knows of one instance: the model that Koogate is held to. It knows neither sources nor
// numbers, only the order in which the calls were answered with success.
type truth struct {
	n        int
	order    string
	id       string
	expiry   []word[time.Time] // the purchase's estimate comes first
	product  []word[store.Product]
	trial    []word[bool]
	refunded map[string]bool
	done     map[string]bool // calls that had their effect
	latest   time.Time       // the expiry that a call of its own has set; zero for none
	renewal  bool            // that call was a renewal
	released bool
	ending   bool // a release was tried
	calls    int
}

// House rule 3: a late answer never overwrites a newer fact. Query answers come early, late, after failures and after an
// operator's retry, between renewals (also old ones, started again), refunds before and after their renewal, upgrades that
// tell and that have to be asked about, conversions, freezes and releases, over a store that loses answers. What the instance
// is in the end is what the last call said that was answered with success.
func TestNewestFactsOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		var faulty *storetest.FaultyStore
		r := over(t, st, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
			faulty = storetest.Faulty(d.Store.(store.Store), 3)
			d.Store = faulty
		})
		n, steps := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			w := &truth{n: n, order: fmt.Sprintf("CS%d", n), refunded: map[string]bool{}, done: map[string]bool{}}
			w.buy(rt, r, rapid.Bool().Draw(rt, "trial"))
			faulty.Rates(0.04, 0.04)
			for _, s := range rapid.SliceOfN(rapid.IntRange(0, 11), 5, 40).Draw(rt, "steps") {
				steps++
				w.step(rt, r, s)
			}
			faulty.Rates(0, 0)
			w.settle(rt, r)
		})
		t.Logf("%d histories, %d steps, %d faults", n, steps, faulty.Count(storetest.FaultBefore)+faulty.Count(storetest.FaultAfter))
	})
}

// product is what an order of that name buys.
func bought(name string, quantity int64) store.Product {
	return store.Product{ProductID: "OFFI-" + name, SKUCode: "sku-" + name, Name: "name-" + name, ChargingMode: "PERIOD", LinearValue: quantity}
}

func (w *truth) buy(rt *rapid.T, r *rig, trial bool) {
	f := fulfil.OrderFacts{OrderType: "NEW", Product: bought(w.order, 1), ExpireAt: at(1), Buyer: []byte(`{}`)}
	if trial {
		f.OrderType = "TRIAL"
	}
	r.market.set(w.order, f)
	a, err := r.call(w.order, w.order+"-biz")
	if err != nil {
		rt.Fatal(err)
	}
	w.id = a.InstanceID
	w.expiry = []word[time.Time]{{call: w.order, value: f.ExpireAt}}
	w.product = []word[store.Product]{{call: w.order, value: f.Product}}
	w.trial = []word[bool]{{call: w.order, value: trial}}
}

// at is a year of the future.
func at(year int) time.Time { return time.Date(2030+year, 1, 1, 0, 0, 0, 0, time.UTC) }

func (w *truth) step(rt *rapid.T, r *rig, s int) {
	switch s {
	case 0, 1, 2: // a renewal, often an old one or a repeat
		k := rapid.IntRange(0, 5).Draw(rt, "renewal")
		w.renew(rt, r, fmt.Sprintf("%s-r%d", w.order, k), at(2+k))
	case 3: // a refund of a renewal, perhaps before it came
		k := rapid.IntRange(0, 5).Draw(rt, "refund")
		w.refund(rt, r, fmt.Sprintf("%s-r%d", w.order, k), at(1+k))
	case 4:
		w.upgrade(rt, r, fmt.Sprintf("u%d", rapid.IntRange(0, 3).Draw(rt, "upgrade")), true)
	case 5:
		w.upgrade(rt, r, fmt.Sprintf("a%d", rapid.IntRange(0, 3).Draw(rt, "upgrade")), false)
	case 6:
		w.convert(rt, r, at(rapid.IntRange(1, 4).Draw(rt, "formal")))
	case 7:
		r.market.fail(&fulfil.QueryError{Retryable: rapid.Bool().Draw(rt, "again"), Code: "0999"})
	case 8:
		w.retry(rt, r)
	case 9:
		_, err := r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{
			Endpoint: r.ep, InstanceID: w.id, Freeze: rapid.Bool().Draw(rt, "freeze"), Expired: true,
		})
		w.live(rt, err)
	case 10:
		if rapid.IntRange(0, 9).Draw(rt, "release") == 0 {
			_, err := r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: w.id})
			w.released = w.live(rt, err) || w.released
			w.ending = true // also when the answer was lost
		}
	default:
		w.work(r)
	}
}

// live reports whether a call was answered with success. It is not when the store failed, and when the instance is no more.
func (w *truth) live(rt *rapid.T, err error) bool {
	if err == nil {
		return true
	}
	switch errs.As(err).Reason {
	case errs.StoreUnavailable, errs.InstanceNotFound, errs.StateConflict:
		return false
	}
	rt.Fatalf("a call is refused: %v", err)
	return false
}

// insist calls until the answer is not lost: the marketplace does so, and the model then knows the effect. It returns whether
// the call had one.
func (w *truth) insist(rt *rapid.T, name string, call func() (fulfil.Answer, error)) bool {
	for range 50 {
		a, err := call()
		if err != nil && errs.As(err).Reason == errs.StoreUnavailable {
			continue
		}
		if !w.live(rt, err) {
			return false
		}
		if a.Code != resultcode.Success {
			rt.Fatalf("%s: %s", name, a.Code)
		}
		first := !w.done[name]
		w.done[name] = true
		return first
	}
	rt.Fatal("the store never answers")
	return false
}

func (w *truth) renew(rt *rapid.T, r *rig, order string, expire time.Time) {
	first := w.insist(rt, "renew "+order, func() (fulfil.Answer, error) {
		w.calls++ // every other repeat brings another expiry
		moved := expire
		if w.done["renew "+order] && w.calls%2 == 0 {
			moved = expire.AddDate(0, 7, 0)
		}
		return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: order, OrderLineID: "1", InstanceID: w.id, ExpireAt: moved,
		})
	})
	if !first || w.refunded[order] || !w.latest.IsZero() && expire.Before(w.latest) {
		return
	}
	w.expiry = append(w.expiry, word[time.Time]{order, expire, true})
	w.latest, w.renewal = expire, true
}

func (w *truth) refund(rt *rapid.T, r *rig, order string, expire time.Time) {
	first := w.insist(rt, "refund "+order, func() (fulfil.Answer, error) {
		return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneUnsubscribe, OrderID: order, OrderLineID: "1", InstanceID: w.id, ExpireAt: expire,
		})
	})
	if first {
		w.refunded[order] = true
		w.expiry = append(w.expiry, word[time.Time]{order, expire, true})
		w.latest, w.renewal = expire, false
	}
}

func (w *truth) convert(rt *rapid.T, r *rig, expire time.Time) {
	order := w.order + "-f"
	f := fulfil.OrderFacts{OrderType: "TRIAL_TO_FORMAL", Product: bought(order, 7), ExpireAt: at(9)}
	r.market.set(order, f)
	first := w.insist(rt, "convert", func() (fulfil.Answer, error) {
		return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneTrialToFormal, OrderID: order, OrderLineID: "1", InstanceID: w.id, ExpireAt: expire,
		})
	})
	if !first {
		return
	}
	w.trial = append(w.trial, word[bool]{order, false, true})
	w.product = append(w.product, word[store.Product]{call: order, value: f.Product})
	if !w.renewal || !expire.Before(w.latest) {
		w.expiry = append(w.expiry, word[time.Time]{order, expire, true})
		w.latest, w.renewal = expire, false
	}
}

func (w *truth) upgrade(rt *rapid.T, r *rig, name string, tells bool) {
	order := w.order + "-" + name
	p := bought(order, int64(len(name)+w.n%3))
	c := fulfil.Upgrade{Endpoint: r.ep, InstanceID: w.id, OrderID: order, OrderLineID: "1"}
	if tells {
		c.Told = &p
	} else {
		r.market.set(order, fulfil.OrderFacts{OrderType: "CHANGE", Product: p, ExpireAt: at(9)})
	}
	if w.insist(rt, "upgrade "+order, func() (fulfil.Answer, error) { return r.UpgradeInstance(r.t.Context(), c) }) {
		w.product = append(w.product, word[store.Product]{order, p, tells})
	}
}

// retry is an operator who retries what failed.
func (w *truth) retry(rt *rapid.T, r *rig) {
	agg, err := r.Order(r.t.Context(), "demo", w.order)
	if err != nil {
		return
	}
	for _, t := range agg.Tasks {
		if t.State == store.TaskFailed {
			_, err := r.RetryTask(r.t.Context(), fulfil.Retry{Seller: "demo", TaskID: t.ID})
			w.live(rt, err)
		}
	}
}

// work does the next task of any queue; false when there is none. The answer of a query is known once the store has it.
func (w *truth) work(r *rig) bool {
	ts, err := r.Work.Lease(r.t.Context(), work.Ask{
		Seller: "demo", Queues: []string{"worker", fulfil.QueueOrderQuery}, Worker: "w", Max: 1, For: 10 * time.Millisecond,
	})
	if err != nil || len(ts) == 0 {
		return err != nil
	}
	t := ts[0]
	if t.Kind == store.TaskOrderQuery {
		r.RunOrderQuery(r.t.Context(), t)
		return true
	}
	c := fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence}
	if t.Kind == store.TaskCreate {
		c.Access = &fulfil.Access{FrontEndURL: "https://x.example.com"}
	}
	_, _ = r.CompleteTask(r.t.Context(), c) // a lost answer shows when the lease is over
	return true
}

// settle lets everything finish, retries what failed, and compares.
func (w *truth) settle(rt *rapid.T, r *rig) {
	r.market.mu.Lock()
	r.market.errors = nil
	r.market.mu.Unlock()
	for range 400 {
		w.retry(rt, r)
		agg := r.order(w.order)
		if len(agg.Tasks) == 0 {
			break
		}
		if !w.work(r) {
			time.Sleep(2 * time.Millisecond)
		}
	}
	agg := r.order(w.order)
	if len(agg.Tasks) != 0 {
		rt.Fatalf("unfinished: %s", kinds(agg.Tasks))
	}
	i := agg.Instances[0]
	switch {
	case w.released && i.State != store.InstanceReleased:
		rt.Fatalf("released, yet %s", i.State)
	case w.ending && i.State == store.InstanceReleased:
		return
	}
	for k := range w.product { // every query was answered in the end
		w.product[k].known = true
	}
	w.expiry[0].known, w.trial[0].known = true, true
	if want := last(w.expiry, time.Time{}); !i.ExpireAt.Equal(want) {
		rt.Fatalf("until %s, the last call said %s (%+v)\n%s", i.ExpireAt, want, w.expiry, i.Facts)
	}
	if want := last(w.product, store.Product{}); i.Product != want {
		rt.Fatalf("is %+v, the last call said %+v\n%s", i.Product, want, i.Facts)
	}
	if want := last(w.trial, false); i.Trial != want {
		rt.Fatalf("trial %v, the last call said %v", i.Trial, want)
	}
	if c, err := r.VerifyOrder(r.t.Context(), "demo", w.order); err != nil || c.Broken != nil {
		rt.Fatalf("chain: %v %v", c.Broken, err)
	}
}
