// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// unknownRank is the rank in the row of a tenant of which no call has told yet: below every call's.
const unknownRank = -1

// ToStamp makes a stamp of its columns.
func ToStamp(at, rank int64) store.Stamp {
	return store.Stamp{At: Time(at), Rank: int8(rank)}
}

// FromTenant makes the row of a tenant.
func FromTenant(t *store.TenantRow) Tenant {
	row := Tenant{
		Seller: t.Seller, InstanceID: t.InstanceID, TenantID: t.TenantID, ID: t.ID(), OrderID: t.OrderID, TenantCode: t.TenantCode,
		Name: t.Name, DomainName: t.DomainName, StampAt: Micros(t.At), StampRank: int64(t.Rank), Deleted: Truth(t.Deleted),
		ErasedAt: Micros(t.Erased.At), ErasedRank: int64(t.Erased.Rank), FloorAt: Micros(t.Floor.At), FloorRank: int64(t.Floor.Rank),
		CreatedAt: Micros(t.CreatedAt), UpdatedAt: Micros(t.UpdatedAt),
	}
	if !t.Known {
		row.StampAt, row.StampRank = 0, unknownRank
	}
	return row
}

// ToTenantRow makes a tenant with the stamps of what is below it of its row.
func ToTenantRow(r Tenant) store.TenantRow {
	return store.TenantRow{
		Tenant: ToTenant(r), Known: r.StampRank != unknownRank, Erased: ToStamp(r.ErasedAt, r.ErasedRank),
		Floor: ToStamp(r.FloorAt, r.FloorRank),
	}
}

// ToTenant makes a tenant of its row.
func ToTenant(r Tenant) store.Tenant {
	return store.Tenant{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		OrderID:   r.OrderID, TenantCode: r.TenantCode, Name: r.Name, DomainName: r.DomainName,
		Stamp: ToStamp(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToApplication makes an application of its row.
func ToApplication(r Application) store.Application {
	return store.Application{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		AppID:     r.AppID, ClientID: r.ClientID, ClientSecret: Blob(r.ClientSecret),
		Stamp: ToStamp(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToUser makes a user of its row.
func ToUser(r User) store.User {
	return store.User{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		AppID:     r.AppID, UserName: r.UserName, State: store.UserState(r.State), Role: r.Role, OrgCode: r.OrgCode, Profile: Blob(r.Profile),
		Stamp: ToStamp(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToDepartment makes a department of its row.
func ToDepartment(r Department) store.Department {
	return store.Department{
		TenantKey: store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID},
		OrgCode:   r.OrgCode, Name: r.Name, ParentCode: r.ParentCode,
		Stamp: ToStamp(r.StampAt, r.StampRank), Deleted: r.Deleted != 0, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// FromApplication makes the row of an application.
func FromApplication(a *store.Application) Application {
	return Application{
		Seller: a.Seller, InstanceID: a.InstanceID, TenantID: a.TenantID, AppID: a.AppID, ID: a.ID(), ClientID: a.ClientID,
		ClientSecret: Blob(a.ClientSecret), StampAt: Micros(a.At), StampRank: int64(a.Rank), Deleted: Truth(a.Deleted),
		CreatedAt: Micros(a.CreatedAt), UpdatedAt: Micros(a.UpdatedAt),
	}
}

// FromUser makes the row of a user.
func FromUser(u *store.User) User {
	return User{
		Seller: u.Seller, InstanceID: u.InstanceID, TenantID: u.TenantID, AppID: u.AppID, UserName: u.UserName, ID: u.ID(),
		State: string(u.State), Role: u.Role, OrgCode: u.OrgCode, Profile: Blob(u.Profile), StampAt: Micros(u.At),
		StampRank: int64(u.Rank), Deleted: Truth(u.Deleted), CreatedAt: Micros(u.CreatedAt), UpdatedAt: Micros(u.UpdatedAt),
	}
}

// FromDepartment makes the row of a department.
func FromDepartment(d *store.Department) Department {
	return Department{
		Seller: d.Seller, InstanceID: d.InstanceID, TenantID: d.TenantID, OrgCode: d.OrgCode, ID: d.ID(), Name: d.Name,
		ParentCode: d.ParentCode, StampAt: Micros(d.At), StampRank: int64(d.Rank), Deleted: Truth(d.Deleted),
		CreatedAt: Micros(d.CreatedAt), UpdatedAt: Micros(d.UpdatedAt),
	}
}

// StampsByID are the stamps of rows by their IDs. The rows of the three tables differ in nothing but their type's name.
func StampsByID[R ~struct {
	ID        string
	StampAt   int64
	StampRank int64
}](rows []R) map[string]store.Stamp {
	have := make(map[string]store.Stamp, len(rows))
	for _, row := range rows {
		r := UserStampsRow(row)
		have[r.ID] = ToStamp(r.StampAt, r.StampRank)
	}
	return have
}
