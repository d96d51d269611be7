// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/store"
)

// exchange serves one call that came through a door.
func (f *Facade) exchange(w http.ResponseWriter, r *http.Request, t *Table, d *door, name, activity string) {
	x := f.begin(w, r, t, d, name, activity)
	x.run()
	if x.aside != nil {
		_ = http.NewResponseController(w).Flush() // the answer goes first
		f.Shadow.Take(*x.aside)
	}
	f.end(x)
}

// begin takes an exchange for a call that arrives.
func (f *Facade) begin(w http.ResponseWriter, r *http.Request, t *Table, d *door, name, activity string) *exchange {
	x := f.exchanges.Get().(*exchange) //nolint:forcetypeassert // the pool holds nothing else
	x.w, x.r, x.table, x.door, x.activity, x.arrived = w, r, t, d, activity, f.Clock.Now()
	if x.endpoint, x.known = t.endpoints[name]; !x.known {
		x.endpoint = t.stranger
	}
	return x
}

// run serves the call within its budget.
func (x *exchange) run() {
	budget := x.f.cfg.Budget
	if x.door.V1 && !x.door.Kit {
		budget = x.f.cfg.HoldBudget
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), budget)
	defer cancel()
	x.serve(ctx)
	x.settle()
	x.mu.Lock()
	x.finished = true
	x.mu.Unlock()
	x.idle = x.unwatch == nil || x.unwatch()
}

// end gives an exchange back.
func (f *Facade) end(x *exchange) {
	if x.idle {
		x.reset()
		f.exchanges.Put(x)
	} // otherwise expire may be running, and the garbage collector waits for it
}

// serve does everything in its order. It always sends an answer.
func (x *exchange) serve(ctx context.Context) {
	defer func() {
		if v := recover(); v != nil {
			x.f.Log.ErrorContext(ctx, "panic in the facade", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			x.fail(resultcode.Internal, "")
		}
		x.conclude(ctx)
	}()
	ctx, verified := x.authenticate(ctx)
	if !verified {
		return
	}
	budget := ctx // not ctx itself, which is replaced later
	x.unwatch = context.AfterFunc(budget, func() {
		if context.Cause(budget) == context.DeadlineExceeded { //nolint:errorlint // the value itself: a caller that left needs no answer
			x.expire()
		}
	})
	refused := x.parse()
	x.enter(ctx)
	x.poll = x.route != nil && x.route.activity == activityQuery && !x.probe
	switch {
	case x.entry.NonceSeen:
	case x.poll && refused == "":
		x.findOrder(ctx, 0) // its handler reads the instances
	default:
		x.findOrder(ctx, maxLookups)
	}
	ctx = x.startSpan(ctx)
	switch {
	case x.entry.NonceSeen:
		x.rejected = rejectedReplay
		x.fail(resultcode.AuthFailed, "the call was made before")
		x.f.leave(ctx, x.lockKey, x.entry)
	case refused != "":
		x.fail(resultcode.InvalidParam, refused)
	default:
		x.answer(ctx)
	}
}

// authenticate takes the call in, finds out whether its signature holds, and says who makes it; false after a rejection. What is let in again was verified when it
// came, and whoever does that is known.
func (x *exchange) authenticate(ctx context.Context) (context.Context, bool) {
	if x.replay != nil {
		x.body = append(x.body, x.replay.Body...)
		x.key, x.verifiedAt = x.replay.key(x), x.arrived
		return ctx, true
	}
	if !x.door.scheme.read(ctx, x) {
		return ctx, false
	}
	held := false
	if !x.dearly(ctx, func() { x.tried, held = true, x.door.scheme.verify(x) }) || !held {
		return ctx, false
	}
	x.settle()
	return access.With(ctx, x.endpoint.caller), true
}

// parse takes the call apart and learns what it is about. It returns what is wrong with it, empty when nothing.
func (x *exchange) parse() (refused string) {
	if refused := x.door.scheme.parse(x); refused != "" {
		return refused
	}
	if x.door.Under == "" {
		x.activity = x.object.Text("activity")
	}
	x.route = x.endpoint.routes[x.door][x.activity]
	x.probe = x.object.Text("testFlag") == "1"
	switch {
	case x.activity == "":
		return "activity: required"
	case x.route == nil:
		return "activity: not served at this address"
	}
	if x.endpoint.ProductInfoObject && !x.object.Is("productInfo", wirejson.Structure) {
		return "productInfo: must be an object"
	}
	x.subject = x.route.subject(x.endpoint.Seller, x.activity, &x.object)
	return ""
}

// parseBody splits a JSON body.
func (x *exchange) parseBody() (refused string) {
	if !isJSON(x.r.Header["Content-Type"]) {
		return "the content type must be application/json"
	}
	if err := x.object.Parse(x.body); err != nil {
		return err.Error()
	}
	return ""
}

// dispatch hands the call to its rpc and deals with what comes back.
func (x *exchange) dispatch(ctx context.Context) {
	arrived := x.f.Work.Now().Add(x.arrived.Sub(x.f.Clock.Now()))
	c := &call.Call{Arrived: arrived, Key: x.key, Lock: x.entry}
	defer func() { x.f.leave(ctx, x.lockKey, c.TakeLock()) }() // does nothing once the core has taken the lock
	x.f.gateways[x.route.service].ServeHTTP(gatewayWriter{x}, x.door.scheme.request(call.With(ctx, c), x))
	if x.poll {
		x.recall(ctx, c.Found())
	}
	if repairs := append(c.Repairs(), x.object.Repairs()...); len(repairs) > 0 && x.reason == "" && !x.probe {
		x.f.Core.Repaired(ctx, x.endpoint.Seller, x.orderID, x.activity, repairs)
	}
	switch {
	case x.code == "":
		x.fail(resultcode.Internal, "")
	case x.reason == errs.UnknownEnumValue:
		field := production.WireName(x.meta[interceptor.MetaField])
		x.f.Core.Quarantine(ctx, x.endpoint.Seller, x.orderID, x.activity, field, x.meta[interceptor.MetaValue])
	case x.newID != "" && x.subject.Creates && !x.probe && x.fine():
		x.f.orders.put(x.endpoint.Seller, x.newID, x.orderID)
	}
}

// fine reports whether the answer is no failure. In the V1.0 generation only 000000 is none.
func (x *exchange) fine() bool {
	return x.code == resultcode.Success || x.code == resultcode.Processing && !x.door.V1
}

// leave gives up a lock that the core never got, without holding the answer back.
func (f *Facade) leave(ctx context.Context, lockKey string, e store.Entry) {
	if e.Lock != store.LockHeld {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	go func() {
		defer cancel()
		if err := f.Guard.Leave(ctx, lockKey, e.Fence, false); err != nil {
			f.Log.DebugContext(ctx, "the lock could not be released; it expires by itself", "error", err)
		}
	}()
}
