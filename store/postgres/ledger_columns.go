// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

func rawColumns(raws []store.UsageRaw) dbsqlc.UsageRawsInsertParams {
	var p dbsqlc.UsageRawsInsertParams
	for i := range raws {
		r := dbrow.FromUsageRaw(&raws[i])
		p.Sellers, p.Keys, p.InstanceIds = append(p.Sellers, r.Seller), append(p.Keys, r.Key), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID)
		p.Meters, p.Modes = append(p.Meters, r.Meter), append(p.Modes, r.Mode)
		p.BeginAts, p.EndAts, p.Values = append(p.BeginAts, r.BeginAt), append(p.EndAts, r.EndAt), append(p.Values, r.Value)
		p.ReportedAts, p.Corrects = append(p.ReportedAts, r.ReportedAt), append(p.Corrects, r.Corrects)
	}
	return p
}

func windowColumns(windows []*store.UsageTally) dbsqlc.UsageWindowsLockParams {
	var p dbsqlc.UsageWindowsLockParams
	for _, w := range windows {
		r := dbrow.FromUsageTally(w)
		p.Sellers, p.InstanceIds = append(p.Sellers, r.Seller), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds, p.Ids = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID), append(p.Ids, r.ID)
		p.Meters, p.Modes, p.EndAts = append(p.Meters, r.Meter), append(p.Modes, r.Mode), append(p.EndAts, r.EndAt)
		p.DueAts, p.DeadlineAts, p.RefuseAts = append(p.DueAts, r.DueAt), append(p.DeadlineAts, r.DeadlineAt), append(p.RefuseAts, r.RefuseAt)
		p.CreatedAts, p.UpdatedAts = append(p.CreatedAts, r.CreatedAt), append(p.UpdatedAts, r.UpdatedAt)
	}
	return p
}

func windowChanges(windows []*store.UsageTally) dbsqlc.UsageWindowsPutParams {
	var p dbsqlc.UsageWindowsPutParams
	for _, w := range windows {
		r := dbrow.FromUsageTally(w)
		p.Sellers, p.InstanceIds = append(p.Sellers, r.Seller), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID)
		p.Totals, p.Settles = append(p.Totals, r.Total), append(p.Settles, r.Settled)
		p.Opens, p.Records = append(p.Opens, r.Open), append(p.Records, r.Records)
		p.LastEndAts, p.LastReportedAts = append(p.LastEndAts, r.LastEndAt), append(p.LastReportedAts, r.LastReportedAt)
		p.LastKeys, p.UpdatedAts = append(p.LastKeys, r.LastKey), append(p.UpdatedAts, r.UpdatedAt)
	}
	return p
}

func recordColumns(records []store.UsageRecord) dbsqlc.UsageRecordsInsertParams {
	var p dbsqlc.UsageRecordsInsertParams
	for i := range records {
		r := dbrow.FromUsageRecord(&records[i])
		p.Sellers, p.Ids, p.InstanceIds = append(p.Sellers, r.Seller), append(p.Ids, r.ID), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds, p.Parts = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID), append(p.Parts, r.Part)
		p.Meters, p.BeginAts, p.EndAts = append(p.Meters, r.Meter), append(p.BeginAts, r.BeginAt), append(p.EndAts, r.EndAt)
		p.Values, p.States, p.Codes = append(p.Values, r.Value), append(p.States, r.State), append(p.Codes, r.Code)
		p.Attempts, p.DueAts = append(p.Attempts, r.Attempt), append(p.DueAts, r.DueAt)
		p.DeadlineAts, p.RefuseAts = append(p.DeadlineAts, r.DeadlineAt), append(p.RefuseAts, r.RefuseAt)
		p.CreatedAts, p.UpdatedAts = append(p.CreatedAts, r.CreatedAt), append(p.UpdatedAts, r.UpdatedAt)
		p.ToldBeginAts = append(p.ToldBeginAts, r.ToldBeginAt)
	}
	return p
}
