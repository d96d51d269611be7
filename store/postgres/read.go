// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// Line implements store.Orders.
func (s *Store) Line(ctx context.Context, k store.LineKey) (store.Line, error) {
	if err := s.enter(ctx, k); err != nil {
		return store.Line{}, err
	}
	defer s.leave()
	row, err := s.query.LineGet(ctx, dbsqlc.LineGetParams(k))
	if err != nil {
		return store.Line{}, notFound(err, "read line")
	}
	return dbrow.ToLine(row), nil
}

// Aggregate implements store.Orders: one round trip and one snapshot.
func (s *Store) Aggregate(ctx context.Context, seller, orderID string) (*store.Aggregate, error) {
	if err := s.enter(ctx, seller, orderID); err != nil {
		return nil, err
	}
	defer s.leave()
	a := &store.Aggregate{}
	err := retry(ctx, func() error {
		return snapshot(ctx, s.pool,
			func(q *dbsqlc.Queries) error {
				row, err := q.OrderGet(ctx, dbsqlc.OrderGetParams{Seller: seller, OrderID: orderID})
				a.Order = dbrow.ToOrder(row)
				return err
			},
			func(q *dbsqlc.Queries) error {
				rows, err := q.LinesOfOrder(ctx, dbsqlc.LinesOfOrderParams{Seller: seller, RootOrderID: orderID})
				a.Lines = dbrow.Each(rows, dbrow.ToLine)
				return err
			},
			func(q *dbsqlc.Queries) error {
				rows, err := q.InstancesOfOrder(ctx, dbsqlc.InstancesOfOrderParams{Seller: seller, OrderID: orderID})
				a.Instances = dbrow.Each(rows, dbrow.ToInstance)
				return err
			},
			func(q *dbsqlc.Queries) error {
				rows, err := q.TasksOfOrder(ctx, dbsqlc.TasksOfOrderParams{Seller: seller, OrderID: orderID})
				a.Tasks = dbrow.Each(rows, dbrow.ToTask)
				return err
			},
		)
	})
	if err != nil {
		return nil, notFound(err, "read order")
	}
	return a, nil
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
		row, err := s.query.InstanceGet(ctx, dbsqlc.InstanceGetParams{Seller: seller, InstanceID: ids[0]})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("postgres: read instance: %w", err)
		}
		return []store.Instance{dbrow.ToInstance(row)}, nil
	}
	rows, err := s.query.InstancesByID(ctx, dbsqlc.InstancesByIDParams{Seller: seller, Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("postgres: read instances: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// InstancesOfBuyer implements store.Instances.
func (s *Store) InstancesOfBuyer(ctx context.Context, seller, productID, buyerKey string, limit int) ([]store.Instance, error) {
	if err := s.enter(ctx, seller, productID, buyerKey); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.InstancesOfBuyer(ctx, dbsqlc.InstancesOfBuyerParams{
		Seller: seller, ProductID: productID, BuyerKey: buyerKey, Max: count(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read the instances of a buyer: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// InstancesBought implements store.Instances.
func (s *Store) InstancesBought(ctx context.Context, seller, productID string, after store.Cursor, limit int) ([]store.Instance, error) {
	if err := s.enter(ctx, seller, productID, after.ID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.InstancesBought(ctx, dbsqlc.InstancesBoughtParams{
		Seller: seller, ProductID: productID, Since: dbrow.Micros(after.CreatedAt), AfterID: after.ID, Max: count(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read the instances of a product: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToInstance), nil
}

// Task implements store.Tasks.
func (s *Store) Task(ctx context.Context, id string) (store.Task, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.Task{}, err
	}
	defer s.leave()
	row, err := s.query.TaskGet(ctx, id)
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
	rows, err := s.query.EventsAfter(ctx, dbsqlc.EventsAfterParams{Seller: seller, OrderID: orderID, After: after, Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read events: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToEvent), nil
}

// Tenant implements store.Directory.
func (s *Store) Tenant(ctx context.Context, k store.TenantKey) (store.Tenant, error) {
	if err := s.enter(ctx, k); err != nil {
		return store.Tenant{}, err
	}
	defer s.leave()
	row, err := s.query.TenantGet(ctx, dbsqlc.TenantGetParams(k))
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
	row, err := s.query.ApplicationGet(ctx, dbsqlc.ApplicationGetParams{
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
	row, err := s.query.DepartmentGet(ctx, dbsqlc.DepartmentGetParams{
		Seller: k.Seller, InstanceID: k.InstanceID, TenantID: k.TenantID, OrgCode: orgCode,
	})
	if err != nil {
		return store.Department{}, notFound(err, "read department")
	}
	return dbrow.ToDepartment(row), nil
}

// count is a limit as a query takes it.
func count(limit int) int32 { return int32(min(max(limit, 0), math.MaxInt32)) }

func notFound(err error, doing string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	return fmt.Errorf("postgres: %s: %w", doing, err)
}
