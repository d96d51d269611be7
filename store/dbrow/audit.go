// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// FromAudit makes the row of a transaction at a time; 0 is for an engine that takes the time of its own clock.
func FromAudit(r store.AuditRow, at int64) AuditInsertParams {
	return AuditInsertParams{
		Seller: r.Seller, At: at, Actor: r.Actor, Kind: r.Kind, Via: r.Via, Action: r.Action, Resources: r.Resources, Reason: r.Reason,
		BeforeDigest: r.Before, AfterDigest: r.After, RequestID: r.RequestID, OrderID: r.OrderID,
	}
}

// ToAudit makes an audit row of its row.
func ToAudit(r Audit) store.AuditRow {
	return store.AuditRow{
		ID: r.ID, At: Time(r.At), Seller: r.Seller, OrderID: r.OrderID, Resources: r.Resources, Before: r.BeforeDigest, After: r.AfterDigest,
		Caller: store.Caller{Actor: r.Actor, Kind: r.Kind, Via: r.Via, Action: r.Action, Reason: r.Reason, RequestID: r.RequestID},
	}
}
