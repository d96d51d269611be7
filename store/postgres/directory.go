// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// applyDirectory merges a directory change and writes the rest of the change in one transaction. It needs a few round
// trips, since what to write depends on the tenant's row; the row stays locked meanwhile, and every change that has one
// locks it first.
func (s *Store) applyDirectory(ctx context.Context, c *store.Change) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if err := merge(ctx, s.query.WithTx(t), c.Directory); err != nil {
			return err
		}
		rest := &writes{}
		if err := rest.change(c, s.given()); err != nil || len(rest.steps) == 0 { // only now: the merge may have completed the events
			return err
		}
		return rest.run(ctx, t)
	})
}

func merge(ctx context.Context, q *dbsqlc.Queries, c *store.DirectoryChange) error {
	k, now := c.Key, dbrow.Micros(c.Now)
	locked, err := q.TenantLock(ctx, dbsqlc.TenantLockParams{
		Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, ID: k.ID(), Now: now,
	})
	if err != nil {
		return fmt.Errorf("postgres: lock tenant: %w", err)
	}
	row := dbrow.ToTenantRow(locked)
	altered, err := arrive(ctx, q, c)
	if err != nil {
		return err
	}
	m := c.Merge(&row)
	c.Ignored = m.Ignored
	differed, err := compare(ctx, q, c, &m)
	if err != nil {
		return err
	}
	apps, users, departments := m.Stamps()
	add := func(doing string, wanted bool, run func() (int64, error)) {
		if !wanted || err != nil {
			return
		}
		n, fault := run()
		if altered += n; fault != nil {
			err = fmt.Errorf("postgres: %s: %w", doing, fault)
		}
	}
	add("put tenant", m.PutTenant, func() (int64, error) { return 1, q.TenantPut(ctx, tenantPut(dbrow.FromTenant(&row))) })
	mergeRows := func(doing string, rows []store.Stamped, write func() (int64, error), have stampsOf) {
		add(doing, len(rows) > 0, func() (int64, error) {
			n, err := write()
			if err != nil || int(n) == len(rows) {
				return n, err
			}
			stamps, err := have(ctx, q, k, store.StampedIDs(rows))
			c.Ignored += store.Newer(rows, stamps)
			return n, err
		})
	}
	mergeRows("merge applications", apps, func() (int64, error) {
		return q.ApplicationsMerge(ctx, applicationColumns(k, m.Applications, now))
	}, applicationStamps)
	mergeRows("merge users", users, func() (int64, error) { return q.UsersMerge(ctx, userColumns(k, m.Users, now)) }, userStamps)
	mergeRows("merge departments", departments, func() (int64, error) {
		return q.DepartmentsMerge(ctx, departmentColumns(k, m.Departments, now))
	}, departmentStamps)
	erased := dbsqlc.ApplicationsEraseParams{
		Now: now, Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID,
		StampAt: dbrow.Micros(row.Erased.At), StampRank: int64(row.Erased.Rank),
	}
	add("erase applications", m.Erase, func() (int64, error) { return q.ApplicationsErase(ctx, erased) })
	add("erase users", m.Erase, func() (int64, error) { return q.UsersErase(ctx, dbsqlc.UsersEraseParams(erased)) })
	add("erase departments", m.Erase, func() (int64, error) {
		return q.DepartmentsErase(ctx, dbsqlc.DepartmentsEraseParams(erased))
	})
	add("erase departments below", m.EraseBelow, func() (int64, error) {
		return q.DepartmentsBelow(ctx, dbsqlc.DepartmentsBelowParams{
			Now: now, Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID,
			StampAt: dbrow.Micros(row.Floor.At), StampRank: int64(row.Floor.Rank),
		})
	})
	switch {
	case err != nil:
		return err
	case altered == 0:
		return store.ErrNoChange
	case c.Compared != nil:
		c.Compared(differed)
	}
	return nil
}

// compare compares a full list with the departments that are there, before the list is written. The tenant's row is locked by then,
// so no other change comes between.
func compare(ctx context.Context, q *dbsqlc.Queries, c *store.DirectoryChange, m *store.Merge) (store.Difference, error) {
	if c.Compared == nil {
		return store.Difference{}, nil
	}
	rows, err := q.DepartmentsOfTenant(ctx, dbsqlc.DepartmentsOfTenantParams(c.Key))
	if err != nil {
		return store.Difference{}, fmt.Errorf("postgres: read departments: %w", err)
	}
	return c.Compare(m, dbrow.Each(rows, dbrow.ToDepartment)), nil
}

func tenantPut(t dbsqlc.Tenant) dbsqlc.TenantPutParams {
	return dbsqlc.TenantPutParams{
		OrderID: t.OrderID, TenantCode: t.TenantCode, Name: t.Name, DomainName: t.DomainName, StampAt: t.StampAt,
		StampRank: t.StampRank, Deleted: t.Deleted, ErasedAt: t.ErasedAt, ErasedRank: t.ErasedRank, FloorAt: t.FloorAt,
		FloorRank: t.FloorRank, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
		Seller: t.Seller, InstanceID: t.InstanceID, TenantID: t.TenantID,
	}
}

// arrive replaces the stamps of a call with a time from the future by that of its first arrival, which is kept even if the call
// alters nothing else: otherwise a repeat would get the time of its own arrival.
func arrive(ctx context.Context, q *dbsqlc.Queries, c *store.DirectoryChange) (altered int64, err error) {
	if c.Claimed.IsZero() {
		return 0, nil
	}
	if c.Ahead {
		altered, err = q.DirectoryArrive(ctx, dbsqlc.DirectoryArriveParams{
			Seller: c.Key.Seller, InstanceID: c.Key.InstanceID, TenantID: c.Key.TenantID, ClaimedAt: dbrow.Micros(c.Claimed), ArrivedAt: dbrow.Micros(c.Now),
		})
		if err != nil {
			return 0, fmt.Errorf("postgres: keep an arrival: %w", err)
		}
	}
	at, err := q.DirectoryArrival(ctx, dbsqlc.DirectoryArrivalParams{
		Seller: c.Key.Seller, InstanceID: c.Key.InstanceID, TenantID: c.Key.TenantID, ClaimedAt: dbrow.Micros(c.Claimed),
	})
	switch {
	case err == nil:
		c.Arrived(dbrow.Time(at))
	case !errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("postgres: read an arrival: %w", err)
	}
	return altered, nil
}

// stampsOf reads what rows of a tenant were written by.
type stampsOf func(ctx context.Context, q *dbsqlc.Queries, k store.TenantKey, ids []string) (map[string]store.Stamp, error)

func applicationStamps(ctx context.Context, q *dbsqlc.Queries, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := q.ApplicationStamps(ctx, dbsqlc.ApplicationStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: ids})
	return dbrow.StampsByID(rows), err
}

func userStamps(ctx context.Context, q *dbsqlc.Queries, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := q.UserStamps(ctx, dbsqlc.UserStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: ids})
	return dbrow.StampsByID(rows), err
}

func departmentStamps(ctx context.Context, q *dbsqlc.Queries, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := q.DepartmentStamps(ctx, dbsqlc.DepartmentStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: ids})
	return dbrow.StampsByID(rows), err
}

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
