// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// applyDirectory merges a directory change; nil is none. It has written nothing when it returns store.ErrNoChange.
func (t *tx) applyDirectory(ctx context.Context, c *store.DirectoryChange) error {
	if c == nil {
		return nil
	}
	var row store.TenantRow
	switch r, err := t.query.TenantRow(ctx, dbsqlc.TenantRowParams(c.Key)); {
	case err == nil:
		row = dbrow.ToTenantRow(r)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("sqlite: read tenant: %w", err)
	}
	altered, err := t.arrive(ctx, c)
	if err != nil {
		return err
	}
	m := c.Merge(&row)
	c.Ignored = m.Ignored
	differed, err := t.compare(ctx, c, &m)
	if err != nil {
		return err
	}
	if m.PutTenant {
		if err := t.fast.TenantPut(ctx, dbsqlc.TenantPutParams(dbrow.FromTenant(&row))); err != nil {
			return fmt.Errorf("sqlite: put tenant: %w", err)
		}
		altered++
	}
	apps, users, departments := m.Stamps()
	for _, table := range []struct {
		rows  []store.Stamped
		write func(context.Context, *store.Merge) (int64, error)
		have  func(context.Context, store.TenantKey, []string) (map[string]store.Stamp, error)
	}{
		{apps, t.mergeApplications, t.applicationStamps}, {users, t.mergeUsers, t.userStamps}, {departments, t.mergeDepartments, t.departmentStamps},
	} {
		n, err := table.write(ctx, &m)
		if err != nil {
			return err
		}
		if altered += n; int(n) == len(table.rows) {
			continue
		}
		have, err := table.have(ctx, c.Key, store.StampedIDs(table.rows))
		if err != nil {
			return fmt.Errorf("sqlite: read stamps: %w", err)
		}
		c.Ignored += store.Newer(table.rows, have)
	}
	if err := t.erase(ctx, &row, &m); err != nil {
		return err
	}
	if altered == 0 {
		return store.ErrNoChange
	}
	if c.Compared != nil {
		c.Compared(differed)
	}
	return nil
}

// compare compares a full list with the departments that are there; it comes before they are written.
func (t *tx) compare(ctx context.Context, c *store.DirectoryChange, m *store.Merge) (store.Difference, error) {
	if c.Compared == nil {
		return store.Difference{}, nil
	}
	rows, err := t.query.DepartmentsOfTenant(ctx, dbsqlc.DepartmentsOfTenantParams(c.Key))
	if err != nil {
		return store.Difference{}, fmt.Errorf("sqlite: read departments: %w", err)
	}
	return c.Compare(m, dbrow.Each(rows, dbrow.ToDepartment)), nil
}

func (t *tx) mergeApplications(ctx context.Context, m *store.Merge) (altered int64, err error) {
	for i := range m.Applications {
		n, err := t.fast.ApplicationMerge(ctx, dbsqlc.ApplicationMergeParams(dbrow.FromApplication(&m.Applications[i])))
		if err != nil {
			return 0, fmt.Errorf("sqlite: merge application: %w", err)
		}
		altered += n
	}
	return altered, nil
}

func (t *tx) mergeUsers(ctx context.Context, m *store.Merge) (altered int64, err error) {
	for i := range m.Users {
		n, err := t.fast.UserMerge(ctx, dbsqlc.UserMergeParams(dbrow.FromUser(&m.Users[i])))
		if err != nil {
			return 0, fmt.Errorf("sqlite: merge user: %w", err)
		}
		altered += n
	}
	return altered, nil
}

func (t *tx) mergeDepartments(ctx context.Context, m *store.Merge) (altered int64, err error) {
	for i := range m.Departments {
		n, err := t.fast.DepartmentMerge(ctx, dbsqlc.DepartmentMergeParams(dbrow.FromDepartment(&m.Departments[i])))
		if err != nil {
			return 0, fmt.Errorf("sqlite: merge department: %w", err)
		}
		altered += n
	}
	return altered, nil
}

// erase makes tombstones of what a deletion or a full list has ended. Where there is one, the tenant's row has changed too,
// so nobody needs the numbers.
func (t *tx) erase(ctx context.Context, row *store.TenantRow, m *store.Merge) error {
	var errs []error
	if m.Erase {
		p := dbsqlc.ApplicationsEraseParams{
			Now: dbrow.Micros(row.UpdatedAt), Seller: row.Seller, InstanceID: row.InstanceID, TenantID: row.TenantID,
			StampAt: dbrow.Micros(row.Erased.At), StampRank: int64(row.Erased.Rank),
		}
		_, err := t.fast.ApplicationsErase(ctx, p)
		errs = append(errs, err)
		_, err = t.fast.UsersErase(ctx, dbsqlc.UsersEraseParams(p))
		errs = append(errs, err)
		_, err = t.fast.DepartmentsErase(ctx, dbsqlc.DepartmentsEraseParams(p))
		errs = append(errs, err)
	}
	if m.EraseBelow {
		_, err := t.fast.DepartmentsBelow(ctx, dbsqlc.DepartmentsBelowParams{
			Now: dbrow.Micros(row.UpdatedAt), Seller: row.Seller, InstanceID: row.InstanceID, TenantID: row.TenantID,
			StampAt: dbrow.Micros(row.Floor.At), StampRank: int64(row.Floor.Rank),
		})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sqlite: erase: %w", err)
	}
	return nil
}

// arrive replaces the stamps of a call with a time from the future by that of its first arrival, which is kept even if the call
// alters nothing else: otherwise a repeat would get the time of its own arrival.
func (t *tx) arrive(ctx context.Context, c *store.DirectoryChange) (altered int64, err error) {
	if c.Claimed.IsZero() {
		return 0, nil
	}
	if c.Ahead {
		altered, err = t.fast.DirectoryArrive(ctx, dbsqlc.DirectoryArriveParams{
			Seller: c.Key.Seller, InstanceID: c.Key.InstanceID, TenantID: c.Key.TenantID, ClaimedAt: dbrow.Micros(c.Claimed), ArrivedAt: dbrow.Micros(c.Now),
		})
		if err != nil {
			return 0, fmt.Errorf("sqlite: keep an arrival: %w", err)
		}
	}
	at, err := t.query.DirectoryArrival(ctx, dbsqlc.DirectoryArrivalParams{
		Seller: c.Key.Seller, InstanceID: c.Key.InstanceID, TenantID: c.Key.TenantID, ClaimedAt: dbrow.Micros(c.Claimed),
	})
	switch {
	case err == nil:
		c.Arrived(dbrow.Time(at))
	case !errors.Is(err, sql.ErrNoRows):
		return 0, fmt.Errorf("sqlite: read an arrival: %w", err)
	}
	return altered, nil
}

func (t *tx) applicationStamps(ctx context.Context, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := t.query.ApplicationStamps(ctx, dbsqlc.ApplicationStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: list(ids)})
	return dbrow.StampsByID(rows), err
}

func (t *tx) userStamps(ctx context.Context, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := t.query.UserStamps(ctx, dbsqlc.UserStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: list(ids)})
	return dbrow.StampsByID(rows), err
}

func (t *tx) departmentStamps(ctx context.Context, k store.TenantKey, ids []string) (map[string]store.Stamp, error) {
	rows, err := t.query.DepartmentStamps(ctx, dbsqlc.DepartmentStampsParams{Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, Ids: list(ids)})
	return dbrow.StampsByID(rows), err
}
