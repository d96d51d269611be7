// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
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

func applicationRow(a *store.Application) dbsqlc.Application {
	return dbsqlc.Application{
		Seller: a.Seller, InstanceID: a.InstanceID, TenantID: a.TenantID, AppID: a.AppID, ID: a.ID(), ClientID: a.ClientID,
		ClientSecret: blob(a.ClientSecret), StampAt: micros(a.At), StampRank: int64(a.Rank), Deleted: truth(a.Deleted),
		CreatedAt: micros(a.CreatedAt), UpdatedAt: micros(a.UpdatedAt),
	}
}

func userRow(u *store.User) dbsqlc.User {
	return dbsqlc.User{
		Seller: u.Seller, InstanceID: u.InstanceID, TenantID: u.TenantID, AppID: u.AppID, UserName: u.UserName, ID: u.ID(),
		State: string(u.State), Role: u.Role, OrgCode: u.OrgCode, Profile: blob(u.Profile), StampAt: micros(u.At),
		StampRank: int64(u.Rank), Deleted: truth(u.Deleted), CreatedAt: micros(u.CreatedAt), UpdatedAt: micros(u.UpdatedAt),
	}
}

func departmentRow(d *store.Department) dbsqlc.Department {
	return dbsqlc.Department{
		Seller: d.Seller, InstanceID: d.InstanceID, TenantID: d.TenantID, OrgCode: d.OrgCode, ID: d.ID(), Name: d.Name,
		ParentCode: d.ParentCode, StampAt: micros(d.At), StampRank: int64(d.Rank), Deleted: truth(d.Deleted),
		CreatedAt: micros(d.CreatedAt), UpdatedAt: micros(d.UpdatedAt),
	}
}
