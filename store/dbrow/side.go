// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// SideInsert makes the row of a claim.
func SideInsert(c *store.Claim) SideInsertParams {
	return SideInsertParams{Seller: c.Seller, Kind: string(c.Kind), ID: c.ID, Endpoint: c.Endpoint, ClaimedAt: Micros(c.At)}
}

// SideTake makes what takes an order from the old side.
func SideTake(t *store.Taken) SideTakeParams {
	return SideTakeParams{Seller: t.Seller, OrderID: t.OrderID, InstanceID: t.InstanceID}
}

// ToSide makes the side of what was read of an order: a row here counts before a claim.
func ToSide(rows []string) store.Side {
	if len(rows) == 0 {
		return ""
	}
	return store.Side(rows[0])
}
