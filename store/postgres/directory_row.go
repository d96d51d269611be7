// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// unknownRank is the rank in the row of a tenant of which no call has told yet: below every call's.
const unknownRank = -1

func stampOf(at, rank int64) store.Stamp {
	return store.Stamp{At: timeOf(at), Rank: int8(rank)}
}

func tenantRow(t *store.TenantRow) dbsqlc.Tenant {
	row := dbsqlc.Tenant{
		Seller: t.Seller, InstanceID: t.InstanceID, TenantID: t.TenantID, ID: t.ID(), OrderID: t.OrderID, TenantCode: t.TenantCode,
		Name: t.Name, DomainName: t.DomainName, StampAt: micros(t.At), StampRank: int64(t.Rank), Deleted: truth(t.Deleted),
		ErasedAt: micros(t.Erased.At), ErasedRank: int64(t.Erased.Rank), FloorAt: micros(t.Floor.At), FloorRank: int64(t.Floor.Rank),
		CreatedAt: micros(t.CreatedAt), UpdatedAt: micros(t.UpdatedAt),
	}
	if !t.Known {
		row.StampAt, row.StampRank = 0, unknownRank
	}
	return row
}

func tenantRowOf(r dbsqlc.Tenant) store.TenantRow {
	return store.TenantRow{
		Tenant: tenantOf(r), Known: r.StampRank != unknownRank, Erased: stampOf(r.ErasedAt, r.ErasedRank),
		Floor: stampOf(r.FloorAt, r.FloorRank),
	}
}

func tenantOf(r dbsqlc.Tenant) store.Tenant {
	return store.Tenant{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		OrderID:   r.OrderID, TenantCode: r.TenantCode, Name: r.Name, DomainName: r.DomainName,
		Stamp: stampOf(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func applicationOf(r dbsqlc.Application) store.Application {
	return store.Application{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		AppID:     r.AppID, ClientID: r.ClientID, ClientSecret: blob(r.ClientSecret),
		Stamp: stampOf(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func userOf(r dbsqlc.User) store.User {
	return store.User{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		AppID:     r.AppID, UserName: r.UserName, State: store.UserState(r.State), Role: r.Role, OrgCode: r.OrgCode, Profile: blob(r.Profile),
		Stamp: stampOf(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func departmentOf(r dbsqlc.Department) store.Department {
	return store.Department{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		OrgCode:   r.OrgCode, Name: r.Name, ParentCode: r.ParentCode,
		Stamp: stampOf(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func applicationColumns(k store.TenantKey, rows []store.Application, now int64) dbsqlc.ApplicationsMergeParams {
	p := dbsqlc.ApplicationsMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, a := range rows {
		p.AppIds, p.Ids = append(p.AppIds, a.AppID), append(p.Ids, a.ID())
		p.ClientIds, p.ClientSecrets = append(p.ClientIds, a.ClientID), append(p.ClientSecrets, blob(a.ClientSecret))
		p.StampAts, p.StampRanks = append(p.StampAts, micros(a.At)), append(p.StampRanks, int64(a.Rank))
		p.Deletes = append(p.Deletes, truth(a.Deleted))
	}
	return p
}

func userColumns(k store.TenantKey, rows []store.User, now int64) dbsqlc.UsersMergeParams {
	p := dbsqlc.UsersMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, u := range rows {
		p.AppIds, p.UserNames, p.Ids = append(p.AppIds, u.AppID), append(p.UserNames, u.UserName), append(p.Ids, u.ID())
		p.States, p.Roles = append(p.States, string(u.State)), append(p.Roles, u.Role)
		p.OrgCodes, p.Profiles = append(p.OrgCodes, u.OrgCode), append(p.Profiles, blob(u.Profile))
		p.StampAts, p.StampRanks = append(p.StampAts, micros(u.At)), append(p.StampRanks, int64(u.Rank))
		p.Deletes = append(p.Deletes, truth(u.Deleted))
	}
	return p
}

func departmentColumns(k store.TenantKey, rows []store.Department, now int64) dbsqlc.DepartmentsMergeParams {
	p := dbsqlc.DepartmentsMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, d := range rows {
		p.OrgCodes, p.Ids = append(p.OrgCodes, d.OrgCode), append(p.Ids, d.ID())
		p.Names, p.ParentCodes = append(p.Names, d.Name), append(p.ParentCodes, d.ParentCode)
		p.StampAts, p.StampRanks = append(p.StampAts, micros(d.At)), append(p.StampRanks, int64(d.Rank))
		p.Deletes = append(p.Deletes, truth(d.Deleted))
	}
	return p
}
