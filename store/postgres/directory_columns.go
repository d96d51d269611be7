// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

func applicationColumns(k store.TenantKey, rows []store.Application, now int64) dbsqlc.ApplicationsMergeParams {
	p := dbsqlc.ApplicationsMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, a := range rows {
		p.AppIds, p.Ids = append(p.AppIds, a.AppID), append(p.Ids, a.ID())
		p.ClientIds, p.ClientSecrets = append(p.ClientIds, a.ClientID), append(p.ClientSecrets, dbrow.Blob(a.ClientSecret))
		p.StampAts, p.StampRanks = append(p.StampAts, dbrow.Micros(a.At)), append(p.StampRanks, int64(a.Rank))
		p.Deletes = append(p.Deletes, dbrow.Truth(a.Deleted))
	}
	return p
}

func userColumns(k store.TenantKey, rows []store.User, now int64) dbsqlc.UsersMergeParams {
	p := dbsqlc.UsersMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, u := range rows {
		p.AppIds, p.UserNames, p.Ids = append(p.AppIds, u.AppID), append(p.UserNames, u.UserName), append(p.Ids, u.ID())
		p.States, p.Roles = append(p.States, string(u.State)), append(p.Roles, u.Role)
		p.OrgCodes, p.Profiles = append(p.OrgCodes, u.OrgCode), append(p.Profiles, dbrow.Blob(u.Profile))
		p.StampAts, p.StampRanks = append(p.StampAts, dbrow.Micros(u.At)), append(p.StampRanks, int64(u.Rank))
		p.Deletes = append(p.Deletes, dbrow.Truth(u.Deleted))
	}
	return p
}

func departmentColumns(k store.TenantKey, rows []store.Department, now int64) dbsqlc.DepartmentsMergeParams {
	p := dbsqlc.DepartmentsMergeParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Now: now}
	for _, d := range rows {
		p.OrgCodes, p.Ids = append(p.OrgCodes, d.OrgCode), append(p.Ids, d.ID())
		p.Names, p.ParentCodes = append(p.Names, d.Name), append(p.ParentCodes, d.ParentCode)
		p.StampAts, p.StampRanks = append(p.StampAts, dbrow.Micros(d.At)), append(p.StampRanks, int64(d.Rank))
		p.Deletes = append(p.Deletes, dbrow.Truth(d.Deleted))
	}
	return p
}
