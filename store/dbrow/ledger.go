// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// FromUsageRaw makes the row of a raw record.
func FromUsageRaw(r *store.UsageRaw) UsageRaw {
	return UsageRaw{
		Seller: r.Seller, Key: r.Key, InstanceID: r.InstanceID, StartAt: Micros(r.Window.StartAt), PackageID: r.PackageID, Meter: r.Meter,
		Mode: string(r.Mode), BeginAt: Micros(r.BeginAt), EndAt: Micros(r.EndAt), Value: int64(r.Value), ReportedAt: Micros(r.ReportedAt),
		Corrects: r.Corrects, Counted: 1,
	}
}

// ToUsageRaw leaves all times of the window but its start to the window's own row.
func ToUsageRaw(r UsageRaw) store.UsageRaw {
	return store.UsageRaw{
		Seller: r.Seller, Key: r.Key, InstanceID: r.InstanceID, Meter: r.Meter, Mode: store.UsageMode(r.Mode), BeginAt: Time(r.BeginAt),
		EndAt: Time(r.EndAt), Value: store.Units(r.Value), PackageID: r.PackageID, ReportedAt: Time(r.ReportedAt), Corrects: r.Corrects,
		Window: store.UsageWindowTimes{StartAt: Time(r.StartAt)},
	}
}

// ToUsageWindow makes a window of its row.
func ToUsageWindow(r UsageWindow) store.UsageWindow {
	return store.UsageWindow{
		Seller:         r.Seller,
		UsageWindowKey: store.UsageWindowKey{InstanceID: r.InstanceID, StartAt: Time(r.StartAt), PackageID: r.PackageID},
		Meter:          r.Meter, Mode: store.UsageMode(r.Mode), EndAt: Time(r.EndAt), Total: store.Units(r.Total), Settled: store.Units(r.Settled),
		Records: r.Records, DueAt: Time(r.DueAt), DeadlineAt: Time(r.DeadlineAt), RefuseAt: Time(r.RefuseAt),
		CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToUsageTally makes a window of its row.
func ToUsageTally(r UsageWindow) *store.UsageTally {
	return &store.UsageTally{
		UsageWindow: ToUsageWindow(r),
		Last:        store.UsagePlace{EndAt: Time(r.LastEndAt), ReportedAt: Time(r.LastReportedAt), Key: r.LastKey},
	}
}

// FromUsageTally makes the row of a window.
func FromUsageTally(t *store.UsageTally) UsageWindow {
	return UsageWindow{
		Seller: t.Seller, InstanceID: t.InstanceID, StartAt: Micros(t.StartAt), PackageID: t.PackageID, ID: t.ID(), Meter: t.Meter,
		Mode: string(t.Mode), EndAt: Micros(t.EndAt), Total: int64(t.Total), Settled: int64(t.Settled), Open: Truth(t.Total != t.Settled),
		Records: t.Records, LastEndAt: Micros(t.Last.EndAt), LastReportedAt: Micros(t.Last.ReportedAt), LastKey: t.Last.Key,
		DueAt: Micros(t.DueAt), DeadlineAt: Micros(t.DeadlineAt), RefuseAt: Micros(t.RefuseAt),
		CreatedAt: Micros(t.CreatedAt), UpdatedAt: Micros(t.UpdatedAt),
	}
}

// FromUsageRecord makes the row of a usage record.
func FromUsageRecord(r *store.UsageRecord) UsageRecord {
	return UsageRecord{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, StartAt: Micros(r.StartAt), PackageID: r.PackageID, Part: int64(r.Part),
		Meter: r.Meter, BeginAt: Micros(r.BeginAt), EndAt: Micros(r.EndAt), Value: int64(r.Value), State: string(r.State), Code: r.Code,
		Attempt: int64(r.Attempt), DueAt: Micros(r.DueAt), DeadlineAt: Micros(r.DeadlineAt), RefuseAt: Micros(r.RefuseAt),
		CreatedAt: Micros(r.CreatedAt), UpdatedAt: Micros(r.UpdatedAt), ToldBeginAt: Micros(r.ToldAt),
	}
}

// ToUsageRecord makes a usage record of its row.
func ToUsageRecord(r UsageRecord) store.UsageRecord {
	return store.UsageRecord{
		Seller: r.Seller, ID: r.ID, Part: int32(r.Part), Meter: r.Meter,
		UsageWindowKey: store.UsageWindowKey{InstanceID: r.InstanceID, StartAt: Time(r.StartAt), PackageID: r.PackageID},
		BeginAt:        Time(r.BeginAt), EndAt: Time(r.EndAt), ToldAt: Time(r.ToldBeginAt), Value: store.Units(r.Value), State: store.UsageState(r.State), Code: r.Code,
		Attempt: int32(r.Attempt), DueAt: Time(r.DueAt), DeadlineAt: Time(r.DeadlineAt), RefuseAt: Time(r.RefuseAt),
		CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}
