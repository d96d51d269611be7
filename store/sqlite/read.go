// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// Line implements store.Orders.
func (s *Store) Line(ctx context.Context, k store.LineKey) (store.Line, error) {
	if err := s.enter(ctx, k); err != nil {
		return store.Line{}, err
	}
	defer s.leave()
	row, err := s.read.LineGet(ctx, dbsqlc.LineGetParams(k))
	if err != nil {
		return store.Line{}, notFound(err, "read line")
	}
	return dbrow.ToLine(row), nil
}

// Aggregate implements store.Orders: one read transaction, so one snapshot.
func (s *Store) Aggregate(ctx context.Context, seller, orderID string) (*store.Aggregate, error) {
	if err := s.enter(ctx, seller, orderID); err != nil {
		return nil, err
	}
	defer s.leave()
	t, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read order: %w", err)
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	q := s.read.WithTx(t)
	order, err := q.OrderGet(ctx, dbsqlc.OrderGetParams{Seller: seller, OrderID: orderID})
	if err != nil {
		return nil, notFound(err, "read order")
	}
	lines, err := q.LinesOfOrder(ctx, dbsqlc.LinesOfOrderParams{Seller: seller, RootOrderID: orderID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read lines: %w", err)
	}
	instances, err := q.InstancesOfOrder(ctx, dbsqlc.InstancesOfOrderParams{Seller: seller, OrderID: orderID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read instances: %w", err)
	}
	tasks, err := q.TasksOfOrder(ctx, dbsqlc.TasksOfOrderParams{Seller: seller, OrderID: orderID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read tasks: %w", err)
	}
	return &store.Aggregate{
		Order: dbrow.ToOrder(order), Lines: dbrow.Each(lines, dbrow.ToLine), Instances: dbrow.Each(instances, dbrow.ToInstance), Tasks: dbrow.Each(tasks, dbrow.ToTask),
	}, nil
}

// Instances implements store.Instances.
func (s *Store) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	if err := s.enter(ctx, seller, ids); err != nil {
		return nil, err
	}
	defer s.leave()
	switch len(ids) {
	case 0:
		return nil, nil
	case 1: // nearly every call asks for one
		row, err := s.read.InstanceGet(ctx, dbsqlc.InstanceGetParams{Seller: seller, InstanceID: ids[0]})
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: read instance: %w", err)
		}
		return []store.Instance{dbrow.ToInstance(row)}, nil
	}
	rows, err := s.read.InstancesByID(ctx, dbsqlc.InstancesByIDParams{Seller: seller, Ids: list(ids)})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read instances: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// list is a list of texts as one parameter, a JSON array: a statement with a place for each of them would be another one for each
// number of them, and be parsed at every call.
func list(texts []string) string {
	text, err := json.Marshal(texts)
	if err != nil { // encoding strings cannot fail
		panic(err)
	}
	return string(text)
}

// InstancesOfBuyer implements store.Instances.
func (s *Store) InstancesOfBuyer(ctx context.Context, seller, productID, buyerKey string, limit int) ([]store.Instance, error) {
	if err := s.enter(ctx, seller, productID, buyerKey); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.InstancesOfBuyer(ctx, dbsqlc.InstancesOfBuyerParams{
		Seller: seller, ProductID: productID, BuyerKey: buyerKey, Max: int64(max(limit, 0)),
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read the instances of a buyer: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// InstancesBought implements store.Instances.
func (s *Store) InstancesBought(ctx context.Context, seller, productID string, after store.Cursor, limit int) ([]store.Instance, error) {
	if err := s.enter(ctx, seller, productID, after.ID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.InstancesBought(ctx, dbsqlc.InstancesBoughtParams{
		Seller: seller, ProductID: productID, Since: dbrow.Micros(after.CreatedAt), AfterID: after.ID, Max: int64(max(limit, 0)),
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read the instances of a product: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// Task implements store.Tasks.
func (s *Store) Task(ctx context.Context, id string) (store.Task, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.Task{}, err
	}
	defer s.leave()
	row, err := s.read.TaskGet(ctx, id)
	if err != nil {
		return store.Task{}, notFound(err, "read task")
	}
	return dbrow.ToTask(row), nil
}

// Events implements store.Orders.
func (s *Store) Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error) {
	if err := s.enter(ctx, seller, orderID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.EventsAfter(ctx, dbsqlc.EventsAfterParams{Seller: seller, OrderID: orderID, After: after, Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read events: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToEvent), nil
}

// Tenant implements store.Directory.
func (s *Store) Tenant(ctx context.Context, k store.TenantKey) (store.Tenant, error) {
	if err := s.enter(ctx, k); err != nil {
		return store.Tenant{}, err
	}
	defer s.leave()
	row, err := s.read.TenantGet(ctx, dbsqlc.TenantGetParams(k))
	if err != nil {
		return store.Tenant{}, notFound(err, "read tenant")
	}
	return dbrow.ToTenant(row), nil
}

// Application implements store.Directory.
func (s *Store) Application(ctx context.Context, k store.TenantKey, appID string) (store.Application, error) {
	if err := s.enter(ctx, k, appID); err != nil {
		return store.Application{}, err
	}
	defer s.leave()
	row, err := s.read.ApplicationGet(ctx, dbsqlc.ApplicationGetParams{
		Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, AppID: appID,
	})
	if err != nil {
		return store.Application{}, notFound(err, "read application")
	}
	return dbrow.ToApplication(row), nil
}

// Department implements store.Directory.
func (s *Store) Department(ctx context.Context, k store.TenantKey, orgCode string) (store.Department, error) {
	if err := s.enter(ctx, k, orgCode); err != nil {
		return store.Department{}, err
	}
	defer s.leave()
	row, err := s.read.DepartmentGet(ctx, dbsqlc.DepartmentGetParams{
		Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, OrgCode: orgCode,
	})
	if err != nil {
		return store.Department{}, notFound(err, "read department")
	}
	return dbrow.ToDepartment(row), nil
}

func notFound(err error, doing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return fmt.Errorf("sqlite: %s: %w", doing, err)
}
