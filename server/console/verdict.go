// SPDX-License-Identifier: Apache-2.0

package console

import (
	"slices"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// verdict is the one sentence above everything else, and how bad it is: ok, waiting, risk or failed.
type verdict struct {
	Mark, Text string
}

// atRisk is how little of the marketplace's window may be left before waiting becomes a risk.
const atRisk = time.Hour

// verdict says how an order stands. The worst that is true of it wins.
func (r reader) verdict(o *koogatev1.Order, instances []*koogatev1.Instance, tasks []*koogatev1.Task) verdict {
	id := o.GetOrderId()
	if o.GetQueryState() == koogatev1.QueryState_QUERY_STATE_FAILED && !allReleased(instances) {
		return verdict{"failed", r.t("verdict.query", id, o.GetQueryReason())}
	}
	for _, t := range tasks {
		if t.GetState() == koogatev1.TaskState_TASK_STATE_FAILED {
			return verdict{"failed", r.t("verdict.task", id, r.word("task", kindOf(t)), t.GetReason())}
		}
	}
	counts := make(map[koogatev1.InstanceState]int)
	for _, i := range instances {
		if i.GetState() == koogatev1.InstanceState_INSTANCE_STATE_FAILED {
			return verdict{"failed", r.t("verdict.instance", id, i.GetInstanceId(), i.GetReason())}
		}
		counts[i.GetState()]++
	}
	for _, t := range tasks {
		if open(t) {
			return r.waiting(o, t)
		}
	}
	switch {
	case counts[koogatev1.InstanceState_INSTANCE_STATE_PROVISIONING] > 0:
		return r.waiting(o, nil)
	case counts[koogatev1.InstanceState_INSTANCE_STATE_FROZEN] > 0:
		return verdict{"waiting", r.t("verdict.frozen", id, counts[koogatev1.InstanceState_INSTANCE_STATE_FROZEN])}
	case counts[koogatev1.InstanceState_INSTANCE_STATE_ACTIVE] > 0:
		return verdict{"ok", r.t("verdict.active", id, counts[koogatev1.InstanceState_INSTANCE_STATE_ACTIVE])}
	case counts[koogatev1.InstanceState_INSTANCE_STATE_RELEASED] > 0:
		return verdict{"ok", r.t("verdict.released", id)}
	}
	return verdict{"ok", r.t("verdict.nothing", id)}
}

// allReleased tells whether nothing of the order is in use any more: then what was not asked about it is missed by nobody.
func allReleased(instances []*koogatev1.Instance) bool {
	return len(instances) > 0 && !slices.ContainsFunc(instances, func(i *koogatev1.Instance) bool {
		return i.GetState() != koogatev1.InstanceState_INSTANCE_STATE_RELEASED
	})
}

// waiting says what the order waits for, and what the marketplace does when that takes too long.
func (r reader) waiting(o *koogatev1.Order, t *koogatev1.Task) verdict {
	text := r.t("verdict.waiting", o.GetOrderId())
	if t != nil {
		text = r.t("verdict.queue", o.GetOrderId(), t.GetQueue(), r.word("task", kindOf(t)))
	}
	d := o.GetMarketplaceDeadline()
	if t != nil && t.GetMarketplaceDeadline() != nil {
		d = t.GetMarketplaceDeadline()
	}
	if d == nil {
		return verdict{"waiting", text}
	}
	does := d.GetTextZh()
	if r.lang == "en" {
		does = d.GetText()
	}
	left := d.GetTime().AsTime().Sub(r.now)
	switch {
	case left <= 0:
		return verdict{"risk", text + r.t("verdict.over", does)}
	case left < atRisk:
		return verdict{"risk", text + r.t("verdict.left", r.lasting(left), does)}
	}
	return verdict{"waiting", text + r.t("verdict.left", r.lasting(left), does)}
}

// open says whether a task is still to be done.
func open(t *koogatev1.Task) bool {
	switch t.GetState() {
	case koogatev1.TaskState_TASK_STATE_WAITING, koogatev1.TaskState_TASK_STATE_READY, koogatev1.TaskState_TASK_STATE_LEASED:
		return true
	default:
		return false
	}
}
