// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"crypto"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Joint makes one joint purchase (kit §A.6): newInstance, then the enterprise, its
// application, all its departments, users, one department more, a user who is
// disabled, and the end of the enterprise. family is FamilyKitV1 or FamilyKitV2.
//
// after, if not nil, is told of every step that succeeded and may look at the
// seller's directory; its error makes the step fail, and the purchase goes on.
// After a call that failed the rest is left out.
//
// A seller that does badly makes Report.Result Failed and is no error. Errors:
// ErrFamily, ErrConfig without Config.PublicKey or with an unusable one, ErrFull,
// ctx.Err().
func (s *Stage) Joint(ctx context.Context, family judge.Family, after func(step JointStep) error) (Report, error) {
	if err := s.canJoin(family); err != nil {
		return Report{Family: family, Kind: catalogue.Period, Result: Failed, Steps: []Step{}}, err
	}
	return s.live(ctx, family, catalogue.Period, func(l *life, ctx context.Context) error { return l.joint(ctx, family, after) })
}

// JointShuffled is [Stage.Joint] with the calls after newInstance in a random
// order and each made twice, with the time stamp that it has in the proper order.
// The same seed gives the same order. What has to hold after a step depends on
// the time stamps of the calls made by then, not on their order. Errors as Joint.
func (s *Stage) JointShuffled(ctx context.Context, family judge.Family, seed uint64, after func(step JointStep) error) (Report, error) {
	if err := s.canJoin(family); err != nil {
		return Report{Family: family, Kind: catalogue.Period, Result: Failed, Steps: []Step{}}, err
	}
	return s.live(ctx, family, catalogue.Period, func(l *life, ctx context.Context) error { return l.shuffled(ctx, family, seed, after) })
}

// Credential rehearses the application for a credential (kit §0.1, §A.6): the five
// interfaces in turn, with testFlag 1, invented values and no instance id or order
// id. A seller answers success and keeps nothing. Errors as Joint.
func (s *Stage) Credential(ctx context.Context, family judge.Family) (Report, error) {
	if err := s.canJoin(family); err != nil {
		return Report{Family: family, Kind: catalogue.Period, Result: Failed, Steps: []Step{}}, err
	}
	return s.live(ctx, family, catalogue.Period, (*life).credential)
}

// canJoin checks what the Kit needs.
func (s *Stage) canJoin(family judge.Family) error {
	if !family.Joint() {
		return fmt.Errorf("%w: want %s or %s", judge.ErrFamily, judge.FamilyKitV1, judge.FamilyKitV2)
	}
	if _, err := seal.EncryptSecret(s.cfg.PublicKey, "", crypto.SHA256, crypto.SHA256); err != nil {
		return fmt.Errorf("%w: PublicKey: %w", market.ErrConfig, err)
	}
	return nil
}

// joint is a joint purchase under way.
type joint struct {
	*purchase
	life *life
	root string // key of its order
}

// kit is the life of a joint product.
func (l *life) kit(ctx context.Context) error {
	if err := l.s.canJoin(l.report.Family); err != nil {
		return err
	}
	if err := l.credential(ctx); err != nil || l.stopped {
		return err
	}
	return l.joint(ctx, l.report.Family, nil)
}

// joint makes the calls in their order.
func (l *life) joint(ctx context.Context, family judge.Family, after func(JointStep) error) error {
	j, calls, err := l.bought(ctx, family, after)
	if err != nil || l.stopped {
		return err
	}
	for n, c := range calls {
		j.sync(ctx, c, c.name, calls[:n+1], after)
	}
	return nil
}

// shuffled makes the calls in another order, each twice.
func (l *life) shuffled(ctx context.Context, family judge.Family, seed uint64, after func(JointStep) error) error {
	j, calls, err := l.bought(ctx, family, after)
	if err != nil || l.stopped {
		return err
	}
	twice := slices.Concat(calls, calls)
	random := rand.New(rand.NewPCG(seed, 0)) // repeats itself for the same seed
	random.Shuffle(len(twice), func(a, b int) { twice[a], twice[b] = twice[b], twice[a] })
	for n, c := range twice {
		name := c.name
		if slices.ContainsFunc(twice[:n], func(earlier kitCall) bool { return earlier.name == name }) {
			name += " again"
		}
		j.sync(ctx, c, name, twice[:n+1], after)
	}
	return nil
}

// bought opens the instance and prepares the calls that follow.
func (l *life) bought(ctx context.Context, family judge.Family, after func(JointStep) error) (*joint, []kitCall, error) {
	root, err := l.begin(family)
	if err != nil {
		return nil, nil, err
	}
	m, err := l.s.market.Opening(root)
	if err != nil {
		return nil, nil, err
	}
	p, err := l.s.purchase(family, root, 0)
	if err != nil {
		return nil, nil, err
	}
	j := &joint{purchase: p, life: l, root: root}
	l.step(ctx, "create", func() (market.Call, error) { return l.s.market.Deliver(ctx, m) }, func(market.Call) error {
		l.report.InstanceID = l.order(root).InstanceID
		if family.Polls() || after == nil {
			return nil
		}
		return after(j.step("create", nil))
	})
	if family.Polls() {
		l.step(ctx, "query", func() (market.Call, error) { return l.s.market.Await(ctx, root) }, func(market.Call) error {
			if after == nil {
				return nil
			}
			return after(j.step("create", nil))
		})
	}
	return j, p.calls(), nil
}

// sync makes one call and tells what has to hold after the given ones.
func (j *joint) sync(ctx context.Context, c kitCall, name string, made []kitCall, after func(JointStep) error) {
	j.life.step(ctx, name, func() (market.Call, error) {
		m, err := j.life.s.market.Errand(j.root, c.act, c.scene, c.params)
		if err != nil {
			return market.Call{}, err
		}
		return j.life.s.market.Deliver(ctx, m)
	}, func(market.Call) error {
		if after == nil {
			return nil
		}
		return after(j.step(name, made))
	})
}

// credential makes the five calls without an instance. They belong to no order
// and so are no messages.
func (l *life) credential(ctx context.Context) error {
	p, err := l.s.purchase(l.report.Family, "", 1)
	if err != nil {
		return err
	}
	for _, c := range p.calls()[:kitInterfaces] {
		l.step(ctx, "credential "+string(c.act), func() (market.Call, error) {
			call, err := l.s.rehearse(ctx, p.family, c)
			if err == nil && call.Outcome != judge.OutcomeOK {
				err = market.CallError(call)
			}
			return call, err
		}, nil)
	}
	return nil
}

// rehearse makes a call that belongs to no order.
func (s *Stage) rehearse(ctx context.Context, family judge.Family, c kitCall) (market.Call, error) {
	params := map[string]any{"instanceId": ""}
	for name, value := range c.params {
		params[name] = value
	}
	result, err := s.wire.Replay(ctx, wire.Saved{Family: family, Activity: c.act, Params: params})
	if err != nil {
		return market.Call{}, err
	}
	call := market.Rehearsed(c.act, market.Call{Activity: c.act, Scene: c.scene}, result)
	s.market.Note(ctx, &call)
	return call, ctx.Err()
}
