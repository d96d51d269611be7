// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
)

// maxRepairs bounds what one event tells.
const maxRepairs = 16

// Repaired records on the order of a call what text of it was repaired or left out, once however often the call is repeated
// (ADR 15). repairs name members and never hold a text. The answer does not depend on this record, so a failure costs only
// the record.
func (s *Service) Repaired(ctx context.Context, seller, orderID, activity string, repairs []string) {
	repairs = repairs[:min(len(repairs), maxRepairs)]
	s.Log.WarnContext(ctx, "text of a call was repaired", "activity", activity, "order_id", orderID, "repairs", repairs)
	if orderID == "" {
		return
	}
	data := fields{"activity": activity, "repairs": repairs}
	err := s.decide(ctx, seller, orderID, func(d *draft) error {
		told, err := s.told(ctx, seller, orderID, data)
		if err == nil && !told {
			d.event(EventRepaired, "", data)
		}
		return err
	})
	if err != nil {
		s.Log.WarnContext(ctx, "a repair could not be recorded on its order", "order_id", orderID, "error", err)
	}
}

// told says whether the order's chain holds the repair already.
func (s *Service) told(ctx context.Context, seller, orderID string, data fields) (bool, error) {
	const page = 500
	for after := int64(0); ; {
		events, err := s.Store.Events(ctx, seller, orderID, after, page)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			if after = e.Seq; e.Kind == EventRepaired && data.tell(e.Data) {
				return true, nil
			}
		}
		if len(events) < page {
			return false, nil
		}
	}
}
