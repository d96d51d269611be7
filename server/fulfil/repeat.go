// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// A repeat is a call whose key, activity and instance were there before. It is a success with the first effect, whatever else
// it brings: to refuse it would cost the customer the service (second-reading C1 to C3). What it brings otherwise is recorded
// and counted. Only a call that names another instance under the same key is refused.

// maxDiffers bounds the differing repeats of one line that leave an event; further ones are counted only.
const maxDiffers = 32

// namedCustomer is how an event names the customer among the parameters; whose value no row holds but sealed.
const namedCustomer = "customerId"

// repeat returns the line when it was admitted before, nil otherwise. A line that belongs to another instance is a conflict,
// which is recorded on the order of the instance that the call names; the caller commits that and then answers conflict.
func (d *draft) repeat(ctx context.Context, i *store.Instance, k store.LineKey, want map[string]string) (old *store.Line, conflict error) {
	if old = d.line(k); old == nil {
		// The key may have been admitted for an instance of another order, so the claim is checked over all orders.
		if l, err := d.s.Store.Line(ctx, k); err == nil {
			old = &l
		}
	}
	if old == nil {
		return nil, nil
	}
	if old.InstanceID != i.InstanceID {
		return old, d.conflict(ctx, i, old)
	}
	d.differs(ctx, old, want, false)
	return old, nil
}

// conflict records that a line's key came again for another instance, and raises the alarm.
func (d *draft) conflict(ctx context.Context, i *store.Instance, first *store.Line) error {
	d.s.Metrics.Repeat(first.Action, "other_instance")
	d.s.Log.ErrorContext(ctx, "call refused: its order line belongs to another instance", "action", first.Action,
		"order_id", first.OrderID, "order_line_id", first.OrderLineID, "instance_id", i.InstanceID, "first_instance_id", first.InstanceID)
	d.event(EventConflict, i.InstanceID, fields{
		"action": first.Action, "orderId": first.OrderID, "orderLineId": first.OrderLineID, "firstInstanceId": first.InstanceID,
	})
	what := "order line " + first.OrderLineID
	if first.OrderLineID == "" {
		what = "order " + first.OrderID
	}
	return errs.New(errs.Conflict, errs.ConflictingRepeat, "%s was admitted before for another instance; the first call stands", what)
}

// otherCustomer says whether a call names another customer than the first call of its line, whose customer is kept sealed.
func (s *Service) otherCustomer(l store.Line, customerID string) bool {
	var first Input
	if customerID == "" || len(l.Input) == 0 || s.unseal(l.Input, lineContext("input", l.LineKey), &first) != nil {
		return false
	}
	return first.CustomerID != "" && first.CustomerID != customerID
}

// differs records in which parameters a repeat differs from the first call, each difference once, and whether it names another
// customer. Parameters that the first call did not have are not compared.
func (d *draft) differs(ctx context.Context, l *store.Line, want map[string]string, customer bool) {
	var first map[string]string
	if want == nil || !customer && l.Params == params(want) || json.Unmarshal([]byte(l.Params), &first) != nil {
		return
	}
	data := fields{"action": l.Action, "orderId": l.OrderID, "orderLineId": l.OrderLineID}
	var names []string
	was, now := map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		before, known := first[name]
		if !known || before == want[name] {
			continue
		}
		names = append(names, name)
		was[name], now[name] = before, want[name]
	}
	call := params(want)
	if customer {
		names, call = append(names, namedCustomer), call+"\x1f"+namedCustomer
		slices.Sort(names)
	}
	if len(names) == 0 {
		return
	}
	d.s.Metrics.Repeat(l.Action, "differs")
	d.s.Log.WarnContext(ctx, "a repeat differs from the first call, whose effect stands", "action", l.Action, "order_id", l.OrderID,
		"order_line_id", l.OrderLineID, "instance_id", l.InstanceID, "parameters", names)
	sum := sha256.Sum256([]byte(call))
	digest := hex.EncodeToString(sum[:8])
	seen := strings.Fields(l.Differs)
	if slices.Contains(seen, digest) || len(seen) >= maxDiffers {
		return
	}
	l.Differs = strings.Join(append(seen, digest), " ")
	d.putLine(l)
	data["parameters"], data["first"], data["now"] = names, was, now
	d.event(EventDiffers, l.InstanceID, data)
}
