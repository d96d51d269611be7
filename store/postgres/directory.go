package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// applyDirectory merges a directory change and writes the rest of the change in one transaction. It needs a few round
// trips, since what to write depends on the tenant's row; the row stays locked meanwhile, and every change that has one
// locks it first.
func (s *Store) applyDirectory(ctx context.Context, c *store.DirectoryChange, rest *writes) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if err := merge(ctx, s.query.WithTx(t), c); err != nil {
			return err
		}
		if len(rest.steps) == 0 {
			return nil
		}
		return rest.run(ctx, t)
	})
}

func merge(ctx context.Context, q *dbsqlc.Queries, c *store.DirectoryChange) error {
	k, now := c.Key, micros(c.Now)
	locked, err := q.TenantLock(ctx, dbsqlc.TenantLockParams{
		Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, ID: k.ID(), Now: now,
	})
	if err != nil {
		return fmt.Errorf("postgres: lock tenant: %w", err)
	}
	row := tenantRowOf(locked)
	m := c.Merge(&row)
	var altered int64
	add := func(doing string, wanted bool, run func() (int64, error)) {
		if !wanted || err != nil {
			return
		}
		n, fault := run()
		if altered += n; fault != nil {
			err = fmt.Errorf("postgres: %s: %w", doing, fault)
		}
	}
	add("put tenant", m.PutTenant, func() (int64, error) { return 1, q.TenantPut(ctx, tenantPut(tenantRow(&row))) })
	add("merge applications", len(m.Applications) > 0, func() (int64, error) {
		return q.ApplicationsMerge(ctx, applicationColumns(k, m.Applications, now))
	})
	add("merge users", len(m.Users) > 0, func() (int64, error) { return q.UsersMerge(ctx, userColumns(k, m.Users, now)) })
	add("merge departments", len(m.Departments) > 0, func() (int64, error) {
		return q.DepartmentsMerge(ctx, departmentColumns(k, m.Departments, now))
	})
	erased := dbsqlc.ApplicationsEraseParams{
		Now: now, Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID,
		StampAt: micros(row.Erased.At), StampRank: int64(row.Erased.Rank),
	}
	add("erase applications", m.Erase, func() (int64, error) { return q.ApplicationsErase(ctx, erased) })
	add("erase users", m.Erase, func() (int64, error) { return q.UsersErase(ctx, dbsqlc.UsersEraseParams(erased)) })
	add("erase departments", m.Erase, func() (int64, error) {
		return q.DepartmentsErase(ctx, dbsqlc.DepartmentsEraseParams(erased))
	})
	add("erase departments below", m.EraseBelow, func() (int64, error) {
		return q.DepartmentsBelow(ctx, dbsqlc.DepartmentsBelowParams{
			Now: now, Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID,
			StampAt: micros(row.Floor.At), StampRank: int64(row.Floor.Rank),
		})
	})
	if err == nil && altered == 0 {
		return store.ErrNoChange
	}
	return err
}

func tenantPut(t dbsqlc.Tenant) dbsqlc.TenantPutParams {
	return dbsqlc.TenantPutParams{
		OrderID: t.OrderID, TenantCode: t.TenantCode, Name: t.Name, DomainName: t.DomainName, StampAt: t.StampAt,
		StampRank: t.StampRank, Deleted: t.Deleted, ErasedAt: t.ErasedAt, ErasedRank: t.ErasedRank, FloorAt: t.FloorAt,
		FloorRank: t.FloorRank, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
		Seller: t.Seller, InstanceID: t.InstanceID, TenantID: t.TenantID,
	}
}
