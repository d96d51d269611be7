// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"encoding/json"
	"fmt"

	"github.com/koogate/koogate/store"
)

// FromQuota makes the row of a quota.
func FromQuota(q *store.Quota) QuotaRow {
	return QuotaRow{
		Seller: q.Seller, PackageID: q.PackageID, InstanceID: q.InstanceID, Meter: q.Meter, Quota: int64(q.Quota), Used: int64(q.Used),
		Reserved: int64(q.Reserved), Priority: int64(q.Priority), ExpireAt: Micros(q.ExpireAt), Stop: Truth(q.Stop), Told: int64(q.Told),
		CreatedAt: Micros(q.CreatedAt), UpdatedAt: Micros(q.UpdatedAt), Reset: string(q.Reset), BeginAt: Micros(q.BeginAt), Cycle: q.Cycle,
		UsedBefore: int64(q.UsedBefore), TurnAt: Micros(q.TurnAt), SettledAt: Micros(q.SettledAt), SettledCycle: q.SettledCycle,
		UsedElsewhere: int64(q.UsedElsewhere),
	}
}

// ToQuota makes a quota of its row.
func ToQuota(r QuotaRow) store.Quota {
	return store.Quota{
		Seller: r.Seller, PackageID: r.PackageID, InstanceID: r.InstanceID, Meter: r.Meter, Quota: store.Units(r.Quota),
		Used: store.Units(r.Used), Reserved: store.Units(r.Reserved), Priority: int32(r.Priority), ExpireAt: Time(r.ExpireAt),
		Stop: r.Stop != 0, Told: int32(r.Told), CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
		Reset: store.Reset(r.Reset), BeginAt: Time(r.BeginAt), Cycle: r.Cycle, UsedBefore: store.Units(r.UsedBefore),
		TurnAt: Time(r.TurnAt), SettledAt: Time(r.SettledAt), SettledCycle: r.SettledCycle,
		UsedElsewhere: store.Units(r.UsedElsewhere),
	}
}

// FromReservation makes the row of a reservation.
func FromReservation(r *store.Reservation) (Reservation, error) {
	parts, err := json.Marshal(r.Parts)
	if err != nil {
		return Reservation{}, fmt.Errorf("store: parts of a reservation: %w", err)
	}
	return Reservation{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, Amount: int64(r.Amount), Used: int64(r.Used), Parts: string(parts),
		State: string(r.State), ExpireAt: Micros(r.ExpireAt), CreatedAt: Micros(r.CreatedAt), UpdatedAt: Micros(r.UpdatedAt),
	}, nil
}

// ToReservation makes a reservation of its row.
func ToReservation(r Reservation) (store.Reservation, error) {
	out := store.Reservation{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, Amount: store.Units(r.Amount), Used: store.Units(r.Used),
		State: store.ReservationState(r.State), ExpireAt: Time(r.ExpireAt), CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
	if err := json.Unmarshal([]byte(r.Parts), &out.Parts); err != nil {
		return out, fmt.Errorf("store: parts of a reservation: %w", err)
	}
	return out, nil
}

// QuotaTurn makes what writes the cycle of a quota.
func QuotaTurn(q *store.Quota) QuotaTurnParams {
	row := FromQuota(q)
	return QuotaTurnParams{
		Cycle: row.Cycle, UsedBefore: row.UsedBefore, Used: row.Used, Reserved: row.Reserved, TurnAt: row.TurnAt,
		SettledAt: row.SettledAt, SettledCycle: row.SettledCycle, Seller: row.Seller, PackageID: row.PackageID,
		InstanceID: row.InstanceID,
	}
}

// QuotaUpdate makes what writes the members of a quota that may change.
func QuotaUpdate(row QuotaRow) QuotaUpdateParams {
	return QuotaUpdateParams{
		Quota: row.Quota, Priority: row.Priority, ExpireAt: row.ExpireAt, Told: row.Told, UpdatedAt: row.UpdatedAt,
		Seller: row.Seller, PackageID: row.PackageID, InstanceID: row.InstanceID,
	}
}
