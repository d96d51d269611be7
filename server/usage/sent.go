// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// sent hands a push to the journal: one record for the whole batch. It names instance and order when the batch is about one, and as reason
// that of the first record that was not taken.
func (p *push) sent(ctx context.Context, list []store.UsageRecord, orders map[string]string, began time.Time, heard call.Heard, verdicts []Verdict, fault *PushError) {
	if p.s.Calls == nil {
		return
	}
	out := call.Sent{
		Seller: p.seller, Operation: call.UsagePush, TraceID: telemetry.TraceOf(ctx), Records: len(list), At: began, Took: p.s.now().Sub(began), Heard: heard,
	}
	one := true
	for i, r := range list {
		one = one && r.InstanceID == list[0].InstanceID
		out.Attempt = max(out.Attempt, int(r.Attempt)+1)
		v := Verdict{Kind: VerdictAgain}
		switch {
		case fault != nil && fault.Class == PushContent && len(list) == 1:
			v = Verdict{VerdictRefused, fault.Code}
		case fault != nil:
			v.Code = fault.Code
		default:
			v = verdicts[i]
		}
		if out.Reason == "" && v.Kind != VerdictAccepted && v.Kind != VerdictDuplicate {
			out.Reason = v.Code
		}
		if v.Kind == VerdictAgain && (out.Until.IsZero() || r.RefuseAt.Before(out.Until)) {
			out.Until = r.RefuseAt
		}
	}
	if one {
		out.InstanceID, out.OrderID = list[0].InstanceID, orders[list[0].InstanceID]
	}
	p.s.Calls.Sent(out)
}
