// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// GapOpen makes the row of a gap that is opened.
func GapOpen(g *store.Gap) GapOpenParams {
	return GapOpenParams{
		Seller: g.Seller, GapID: g.ID, Since: Micros(g.Since), OpenedAt: Micros(g.OpenedAt), OpenedBy: g.OpenedBy, OpenedWhy: g.OpenedWhy,
	}
}

// GapClose makes what closes a gap.
func GapClose(g *store.Gap) GapCloseParams {
	return GapCloseParams{
		ClosedAt: Micros(g.ClosedAt), ClosedBy: g.ClosedBy, ClosedWhy: g.ClosedWhy, Seller: g.Seller, GapID: g.ID,
	}
}

// ToGap makes a gap of its row.
func ToGap(r Gap) store.Gap {
	return store.Gap{
		Seller: r.Seller, ID: r.GapID, Since: Time(r.Since), OpenedAt: Time(r.OpenedAt), OpenedBy: r.OpenedBy,
		OpenedWhy: r.OpenedWhy, ClosedAt: Time(r.ClosedAt), ClosedBy: r.ClosedBy, ClosedWhy: r.ClosedWhy,
	}
}

// GapCallCount makes what counts one more call.
func GapCallCount(c *store.GapCall) GapCallCountParams {
	return GapCallCountParams{
		At: Micros(c.LastAt), Seller: c.Seller, GapID: c.GapID, InstanceID: c.InstanceID, Activity: c.Activity,
	}
}

// GapCallInsert makes the row of the first call, for which the gap must have room.
func GapCallInsert(c *store.GapCall) GapCallInsertParams {
	return GapCallInsertParams{
		Seller: c.Seller, GapID: c.GapID, InstanceID: c.InstanceID, Activity: c.Activity, At: Micros(c.LastAt), Room: store.MaxGapCalls,
	}
}

// ToGapCalls makes the calls of a gap of their rows.
func ToGapCalls(seller, gapID string, rows []GapCallsRow) []store.GapCall {
	return Each(rows, func(r GapCallsRow) store.GapCall {
		return store.GapCall{
			Seller: seller, GapID: gapID, InstanceID: r.InstanceID, Activity: r.Activity, Calls: r.Calls, FirstAt: Time(r.FirstAt), LastAt: Time(r.LastAt),
		}
	})
}
