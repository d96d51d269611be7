// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/clock"
)

// askedOf is the order of the renewal that nobody has bought.
const askedOf = "CSWORKERTESTQUESTION"

// question renews an instance that nobody has made, about which Koogate asks the worker.
func (k *kit) question(ctx context.Context) error {
	caller, err := wire.New(wire.Config{FacadeURL: k.facade, AccessKey: accessKey, Clock: clock.System{}, NewID: uuid.NewString})
	if err != nil {
		return err
	}
	defer caller.Close()
	stranger := uuid.NewString()
	if _, err := caller.Send(ctx, wire.Message{
		Family: judge.FamilySaasV2, Activity: judge.ActivityRefresh, Scene: "RENEWAL", Instance: stranger,
		Params: map[string]any{
			"scene": "RENEWAL", "orderId": askedOf, "orderLineId": askedOf + "-000001",
			"expireTime": wiretime.Format17(clock.System{}.Now().Add(365 * 24 * time.Hour)),
		},
	}); err != nil {
		return err
	}
	claimed := false
	ok, err := k.until(ctx, k.patience, func() bool {
		all := k.gate.of(askedOf, koogatev1.TaskKind_TASK_KIND_IDENTIFY)
		claimed = slices.ContainsFunc(all, func(x seen) bool { return x.ended == done && k.over(ctx, x) }) // what is done is written a moment later
		return claimed || slices.ContainsFunc(all, func(x seen) bool { return x.ended == failed || x.ended == back })
	})
	switch {
	case err != nil:
		return err
	case claimed:
		k.judge(tells, rule.Broken("认领了一个从未创建的实例", "it said that an instance is its own which nobody has made"))
		return nil
	case k.hook == "":
		k.judge(tells, noHook())
		return nil
	}
	if err := clock.Sleep(ctx, clock.System{}, settling); err != nil {
		return err
	}
	switch n, err := k.count(ctx, stranger); {
	case err != nil:
		return err
	case n > 0:
		k.judge(tells, rule.Broken("询问留下了 %d 份资源", "the question has left %d resources", n))
	case !ok:
		k.judge(tells, rule.Unknown("%s 内没有应答", "it is not answered within %s", k.patience))
	default:
		k.judge(tells, rule.Holds())
	}
	return nil
}
