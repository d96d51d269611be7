// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"maps"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Act is one thing to tell the seller.
type Act struct {
	Activity judge.Activity // what SaaS V2.0 calls it
	Scene    string         // scene of a refresh, status of a status change
	About    Purchase       // the order that the call is about
	Root     Purchase       // the order that opened the instance; default: About
	Instance string         // empty for a call that opens
	Params   map[string]any // further members, in the names of SaaS V2.0
}

// Write writes a call down and signs it: as a debugging call, unless the check is deep.
func (p *Probe) Write(a Act) (wire.Call, error) {
	params := maps.Clone(a.Params)
	if params == nil {
		params = map[string]any{}
	}
	switch {
	case a.Activity.Joint():
		p.flag(params)
	case !p.cfg.Deep:
		params["testFlag"] = "1"
	}
	if a.Root.ID == "" {
		a.Root = a.About
	}
	call, err := p.caller.Write(wire.Message{
		Family: p.cfg.Family, Activity: a.Activity, Scene: a.Scene, Instance: a.Instance, Own: a.About.Order, Root: a.Root.Order, Params: params,
	})
	call.Asked.Test = !p.cfg.Deep
	return call, err
}

// Do writes a call and makes it. A call that cannot be written is one without an answer.
func (p *Probe) Do(ctx context.Context, a Act) Seen {
	call, err := p.Write(a)
	if err != nil {
		return Seen{Result: wire.Result{At: p.Now(), Err: err.Error(), Verdict: judge.Verdict{Outcome: judge.OutcomeFailed}}}
	}
	return p.Make(ctx, call)
}

// Opening is the call that opens a purchase, which has another businessId each time that it is written.
func (p *Probe) Opening(of Purchase) Act {
	return Act{Activity: judge.ActivityNew, About: of, Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}}
}

// Open makes the next attempt to open a purchase.
func (p *Probe) Open(ctx context.Context, of Purchase) Seen { return p.Do(ctx, p.Opening(of)) }

// Query asks for instances, separated by commas.
func (p *Probe) Query(ctx context.Context, of Purchase, instances string) Seen {
	return p.Do(ctx, Act{Activity: judge.ActivityQuery, About: of, Instance: instances})
}

// Opened opens a purchase and waits until the seller shows it, where the family polls, or until it is opened, where the opening itself is
// repeated. The answer is the last one; if it is not OK the purchase could not be opened.
func (p *Probe) Opened(ctx context.Context, of Purchase) (instance string, last Seen) {
	last = p.Open(ctx, of)
	instance = last.InstanceID
	ask := func() Seen { return p.Query(ctx, of, instance) }
	switch {
	case last.Outcome == judge.OutcomePending:
		ask = func() Seen { return p.Open(ctx, of) }
	case !last.OK() || !p.cfg.Family.Polls():
		return instance, last
	}
	end := p.Now().Add(p.cfg.Patience)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		last = ask()
		if last.Outcome != judge.OutcomePending || !p.Now().Add(wait).Before(end) || p.Sleep(ctx, wait) != nil {
			return instance, last
		}
	}
}

// Refresh tells of a new expiry, by an order that comes later.
func (p *Probe) Refresh(ctx context.Context, scene string, root, order Purchase, instance string, params map[string]any) Seen {
	all := map[string]any{"orderId": order.ID, "orderLineId": order.LineID, "scene": scene, "expireTime": p.caller.ExpireTime(order.ExpireTime)}
	maps.Copy(all, params)
	return p.Do(ctx, Act{Activity: judge.ActivityRefresh, Scene: scene, About: order, Root: root, Instance: instance, Params: all})
}

// Status freezes or unfreezes.
func (p *Probe) Status(ctx context.Context, status string, of Purchase, instance string) Seen {
	return p.Do(ctx, Act{Activity: judge.ActivityStatus, Scene: status, About: of, Instance: instance, Params: map[string]any{"status": status}})
}

// Release gives an instance up, by an order that comes later.
func (p *Probe) Release(ctx context.Context, root, order Purchase, instance string) Seen {
	return p.Do(ctx, Act{
		Activity: judge.ActivityRelease, About: order, Root: root, Instance: instance,
		Params: map[string]any{"orderId": order.ID, "orderLineId": order.LineID},
	})
}
