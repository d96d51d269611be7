// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

func rawRow(r *store.UsageRaw) dbsqlc.UsageRaw {
	return dbsqlc.UsageRaw{
		Seller: r.Seller, Key: r.Key, InstanceID: r.InstanceID, StartAt: micros(r.Window.StartAt), PackageID: r.PackageID, Meter: r.Meter,
		Mode: string(r.Mode), BeginAt: micros(r.BeginAt), EndAt: micros(r.EndAt), Value: int64(r.Value), ReportedAt: micros(r.ReportedAt),
		Corrects: r.Corrects, Counted: 1,
	}
}

// rawOf leaves all times of the window but its start to the window's own row.
func rawOf(r dbsqlc.UsageRaw) store.UsageRaw {
	return store.UsageRaw{
		Seller: r.Seller, Key: r.Key, InstanceID: r.InstanceID, Meter: r.Meter, Mode: store.UsageMode(r.Mode), BeginAt: timeOf(r.BeginAt),
		EndAt: timeOf(r.EndAt), Value: store.Units(r.Value), PackageID: r.PackageID, ReportedAt: timeOf(r.ReportedAt), Corrects: r.Corrects,
		Window: store.UsageWindowTimes{StartAt: timeOf(r.StartAt)},
	}
}

func windowOf(r dbsqlc.UsageWindow) store.UsageWindow {
	return store.UsageWindow{
		Seller:         r.Seller,
		UsageWindowKey: store.UsageWindowKey{InstanceID: r.InstanceID, StartAt: timeOf(r.StartAt), PackageID: r.PackageID},
		Meter:          r.Meter, Mode: store.UsageMode(r.Mode), EndAt: timeOf(r.EndAt), Total: store.Units(r.Total), Settled: store.Units(r.Settled),
		Records: r.Records, DueAt: timeOf(r.DueAt), DeadlineAt: timeOf(r.DeadlineAt), RefuseAt: timeOf(r.RefuseAt),
		CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func tallyOf(r dbsqlc.UsageWindow) *store.UsageTally {
	return &store.UsageTally{
		UsageWindow: windowOf(r),
		Last:        store.UsagePlace{EndAt: timeOf(r.LastEndAt), ReportedAt: timeOf(r.LastReportedAt), Key: r.LastKey},
	}
}

func tallyRow(t *store.UsageTally) dbsqlc.UsageWindow {
	return dbsqlc.UsageWindow{
		Seller: t.Seller, InstanceID: t.InstanceID, StartAt: micros(t.StartAt), PackageID: t.PackageID, ID: t.ID(), Meter: t.Meter,
		Mode: string(t.Mode), EndAt: micros(t.EndAt), Total: int64(t.Total), Settled: int64(t.Settled), Open: truth(t.Total != t.Settled),
		Records: t.Records, LastEndAt: micros(t.Last.EndAt), LastReportedAt: micros(t.Last.ReportedAt), LastKey: t.Last.Key,
		DueAt: micros(t.DueAt), DeadlineAt: micros(t.DeadlineAt), RefuseAt: micros(t.RefuseAt),
		CreatedAt: micros(t.CreatedAt), UpdatedAt: micros(t.UpdatedAt),
	}
}

func windowGrow(w dbsqlc.UsageWindow) dbsqlc.UsageWindowGrowParams {
	return dbsqlc.UsageWindowGrowParams{
		Total: w.Total, Settled: w.Settled, Records: w.Records, LastEndAt: w.LastEndAt, LastReportedAt: w.LastReportedAt, LastKey: w.LastKey,
		UpdatedAt: w.UpdatedAt, Seller: w.Seller, InstanceID: w.InstanceID, StartAt: w.StartAt, PackageID: w.PackageID,
	}
}

func windowTurn(w dbsqlc.UsageWindow) dbsqlc.UsageWindowTurnParams {
	return dbsqlc.UsageWindowTurnParams{
		Total: w.Total, Settled: w.Settled, Open: w.Open, Records: w.Records, LastEndAt: w.LastEndAt, LastReportedAt: w.LastReportedAt,
		LastKey: w.LastKey, UpdatedAt: w.UpdatedAt, Seller: w.Seller, InstanceID: w.InstanceID, StartAt: w.StartAt, PackageID: w.PackageID,
	}
}

func recordRow(r *store.UsageRecord) dbsqlc.UsageRecord {
	return dbsqlc.UsageRecord{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, StartAt: micros(r.StartAt), PackageID: r.PackageID, Part: int64(r.Part),
		Meter: r.Meter, BeginAt: micros(r.BeginAt), EndAt: micros(r.EndAt), Value: int64(r.Value), State: string(r.State), Code: r.Code,
		Attempt: int64(r.Attempt), DueAt: micros(r.DueAt), DeadlineAt: micros(r.DeadlineAt), RefuseAt: micros(r.RefuseAt),
		CreatedAt: micros(r.CreatedAt), UpdatedAt: micros(r.UpdatedAt), ToldBeginAt: micros(r.ToldAt),
	}
}

func recordOf(r dbsqlc.UsageRecord) store.UsageRecord {
	return store.UsageRecord{
		Seller: r.Seller, ID: r.ID, Part: int32(r.Part), Meter: r.Meter,
		UsageWindowKey: store.UsageWindowKey{InstanceID: r.InstanceID, StartAt: timeOf(r.StartAt), PackageID: r.PackageID},
		BeginAt:        timeOf(r.BeginAt), EndAt: timeOf(r.EndAt), ToldAt: timeOf(r.ToldBeginAt), Value: store.Units(r.Value), State: store.UsageState(r.State), Code: r.Code,
		Attempt: int32(r.Attempt), DueAt: timeOf(r.DueAt), DeadlineAt: timeOf(r.DeadlineAt), RefuseAt: timeOf(r.RefuseAt),
		CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func quotaRow(q *store.Quota) dbsqlc.QuotaRow {
	return dbsqlc.QuotaRow{
		Seller: q.Seller, PackageID: q.PackageID, InstanceID: q.InstanceID, Meter: q.Meter, Quota: int64(q.Quota), Used: int64(q.Used),
		Reserved: int64(q.Reserved), Priority: int64(q.Priority), ExpireAt: micros(q.ExpireAt), Stop: truth(q.Stop), Told: int64(q.Told),
		CreatedAt: micros(q.CreatedAt), UpdatedAt: micros(q.UpdatedAt), Reset: string(q.Reset), BeginAt: micros(q.BeginAt), Cycle: q.Cycle,
		UsedBefore: int64(q.UsedBefore), TurnAt: micros(q.TurnAt), SettledAt: micros(q.SettledAt), SettledCycle: q.SettledCycle,
	}
}

func quotaOf(r dbsqlc.QuotaRow) store.Quota {
	return store.Quota{
		Seller: r.Seller, PackageID: r.PackageID, InstanceID: r.InstanceID, Meter: r.Meter, Quota: store.Units(r.Quota),
		Used: store.Units(r.Used), Reserved: store.Units(r.Reserved), Priority: int32(r.Priority), ExpireAt: timeOf(r.ExpireAt),
		Stop: r.Stop != 0, Told: int32(r.Told), CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
		Reset: store.Reset(r.Reset), BeginAt: timeOf(r.BeginAt), Cycle: r.Cycle, UsedBefore: store.Units(r.UsedBefore),
		TurnAt: timeOf(r.TurnAt), SettledAt: timeOf(r.SettledAt), SettledCycle: r.SettledCycle,
	}
}

func reservationRow(r *store.Reservation) (dbsqlc.Reservation, error) {
	parts, err := json.Marshal(r.Parts)
	if err != nil {
		return dbsqlc.Reservation{}, fmt.Errorf("sqlite: parts of a reservation: %w", err)
	}
	return dbsqlc.Reservation{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, Amount: int64(r.Amount), Used: int64(r.Used), Parts: string(parts),
		State: string(r.State), ExpireAt: micros(r.ExpireAt), CreatedAt: micros(r.CreatedAt), UpdatedAt: micros(r.UpdatedAt),
	}, nil
}

func reservationOf(r dbsqlc.Reservation) (store.Reservation, error) {
	out := store.Reservation{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, Amount: store.Units(r.Amount), Used: store.Units(r.Used),
		State: store.ReservationState(r.State), ExpireAt: timeOf(r.ExpireAt), CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
	if err := json.Unmarshal([]byte(r.Parts), &out.Parts); err != nil {
		return out, fmt.Errorf("sqlite: parts of a reservation: %w", err)
	}
	return out, nil
}

func codeRow(c *store.LicenceCode) dbsqlc.LicenceCode {
	return dbsqlc.LicenceCode{
		Seller: c.Seller, Hash: c.Hash, Code: blob(c.Code), Status: c.Status, ActivateAt: micros(c.ActivateAt), ExpireAt: micros(c.ExpireAt),
		ProductID: c.ProductID, OrderID: c.OrderID, Amount: c.Amount, CheckedAt: micros(c.CheckedAt), CreatedAt: micros(c.CreatedAt),
		UpdatedAt: micros(c.UpdatedAt),
	}
}

func codeUpdate(c dbsqlc.LicenceCode, was int64) dbsqlc.LicenceCodeUpdateParams {
	return dbsqlc.LicenceCodeUpdateParams{
		Code: c.Code, Status: c.Status, ActivateAt: c.ActivateAt, ExpireAt: c.ExpireAt, ProductID: c.ProductID, OrderID: c.OrderID,
		Amount: c.Amount, CheckedAt: c.CheckedAt, UpdatedAt: c.UpdatedAt, Seller: c.Seller, Hash: c.Hash, Was: was,
	}
}

func codeOf(r dbsqlc.LicenceCode) store.LicenceCode {
	return store.LicenceCode{
		Seller: r.Seller, Hash: r.Hash, Code: blob(r.Code), Status: r.Status, ActivateAt: timeOf(r.ActivateAt), ExpireAt: timeOf(r.ExpireAt),
		ProductID: r.ProductID, OrderID: r.OrderID, Amount: r.Amount, CheckedAt: timeOf(r.CheckedAt), CreatedAt: timeOf(r.CreatedAt),
		UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func dayOf(r dbsqlc.LicenceDay) store.LicenceDay {
	return store.LicenceDay{Seller: r.Seller, Hash: r.Hash, Day: r.Day, Clients: r.Clients, State: r.State, Reason: r.Reason}
}
