// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// Apply implements store.Changes. When the connection breaks after the change was sent, the error does not say whether it was
// committed; the caller reads again.
func (s *Store) Apply(ctx context.Context, c *store.Change) error {
	return s.ApplyAll(ctx, []*store.Change{c})
}

// ApplyAll implements store.Changes; see Apply. Orders follow in the order of their IDs, so that no two calls wait for each other in a circle.
func (s *Store) ApplyAll(ctx context.Context, changes []*store.Change) error {
	if err := store.CheckAll(changes); err != nil || len(changes) == 0 {
		return err
	}
	if err := s.enter(ctx, changes); err != nil {
		return err
	}
	defer s.leave()
	changes = sorted(changes, compareChanges)
	row, audits := store.Audits(ctx)
	err := retry(ctx, func() error {
		if len(changes) == 1 && changes[0].Directory != nil {
			return s.applyDirectory(ctx, changes[0])
		}
		w := &writes{} // anew for each try: a batch is good for one
		for _, c := range changes {
			if err := w.change(c, s.given()); err != nil {
				return err
			}
		}
		if len(w.steps) == 0 {
			return nil
		}
		if audits {
			if err := w.add("insert audit row", nil, func(q *dbsqlc.Queries) error { return s.audit(ctx, q, row(store.AlteredBy(changes))) }); err != nil {
				return err
			}
		}
		return w.run(ctx, s.pool)
	})
	if err != nil {
		return err
	}
	s.notifier.notify(s.hub.Publish(store.TopicsOf(changes)...)...)
	return nil
}

// change adds the statements of a change. The order's row comes first, so that changes of one order queue there; tables follow
// in a fixed order, and rows in the order of their keys, so that no two changes wait for each other in a circle. The caller hears
// of the first violated constraint, so those after which it reads and decides again come first.
func (w *writes) change(c *store.Change, given int64) error {
	ctx := context.Background()
	var err error
	add := func(doing string, miss error, run func(q *dbsqlc.Queries) error) {
		if err == nil {
			err = w.add(doing, miss, run)
		}
	}
	for k := range c.Takes {
		row := dbrow.SideTake(&c.Takes[k])
		add("take from the old side", nil, func(q *dbsqlc.Queries) error { return q.SideTake(ctx, row) })
	}
	if c.NewOrder != nil {
		row := dbsqlc.OrderInsertParams(dbrow.FromOrder(c.NewOrder))
		add("insert order", nil, func(q *dbsqlc.Queries) error { return q.OrderInsert(ctx, row) })
	}
	if c.PutOrder != nil {
		row := dbrow.OrderUpdate(dbrow.FromOrder(c.PutOrder))
		add("update order", store.ErrNotFound, func(q *dbsqlc.Queries) error { return q.OrderUpdate(ctx, row) })
	}
	for _, e := range c.Events {
		row := dbsqlc.EventInsertParams(dbrow.FromEvent(&e))
		add("insert event", nil, func(q *dbsqlc.Queries) error { return q.EventInsert(ctx, row) })
	}
	for _, l := range sorted(c.NewLines, compareLines) {
		row := dbsqlc.LineInsertParams(dbrow.FromLine(&l))
		add("insert line", nil, func(q *dbsqlc.Queries) error { return q.LineInsert(ctx, row) })
	}
	for _, l := range sorted(c.PutLines, compareLines) {
		row := dbrow.LineUpdate(dbrow.FromLine(&l))
		add("update line", store.ErrNotFound, func(q *dbsqlc.Queries) error { return q.LineUpdate(ctx, row) })
	}
	for _, i := range sorted(c.NewInstances, compareInstances) {
		row := dbsqlc.InstanceInsertParams(dbrow.FromInstance(&i))
		add("insert instance", nil, func(q *dbsqlc.Queries) error { return q.InstanceInsert(ctx, row) })
	}
	for _, i := range sorted(c.PutInstances, compareInstances) {
		row := dbrow.InstanceUpdate(dbrow.FromInstance(&i))
		add("update instance", store.ErrNotFound, func(q *dbsqlc.Queries) error { return q.InstanceUpdate(ctx, row) })
	}
	for _, p := range sorted(c.PutTasks, func(a, b store.TaskPut) int { return cmp.Compare(a.ID, b.ID) }) {
		row := dbrow.TaskUpdate(&p)
		add("update task", store.ErrFenced, func(q *dbsqlc.Queries) error { return q.TaskUpdate(ctx, row) })
	}
	for _, t := range sorted(c.NewTasks, func(a, b store.Task) int { return cmp.Compare(a.ID, b.ID) }) {
		row := dbsqlc.TaskInsertParams(dbrow.FromTask(&t))
		add("insert task", nil, func(q *dbsqlc.Queries) error { return q.TaskInsert(ctx, row) })
	}
	for k := range c.Questions {
		end, forget := dbrow.QuestionEnd(&c.Questions[k]), dbrow.QuestionForget(&c.Questions[k])
		add("end question", nil, func(q *dbsqlc.Queries) error {
			if end.State == "" {
				return q.QuestionForget(ctx, forget)
			}
			return q.QuestionEnd(ctx, end)
		})
	}
	if err != nil {
		return err
	}
	return w.markLogins(ctx, c, given)
}

// sorted returns the rows in order and leaves the caller's slice alone.
func sorted[T any](rows []T, compare func(a, b T) int) []T {
	if len(rows) < 2 {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, compare)
	return rows
}

func compareLines(a, b store.Line) int {
	return cmp.Or(
		cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(a.OrderLineID, b.OrderLineID),
		cmp.Compare(a.ProductID, b.ProductID), cmp.Compare(a.Action, b.Action),
	)
}

func compareInstances(a, b store.Instance) int {
	return cmp.Or(cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.InstanceID, b.InstanceID))
}

func compareChanges(a, b *store.Change) int { return cmp.Compare(orderOf(a), orderOf(b)) }

// orderOf is the order that a change is about; empty when it changes no row of one.
func orderOf(c *store.Change) string {
	for _, o := range []*store.Order{c.NewOrder, c.PutOrder} {
		if o != nil {
			return o.OrderID
		}
	}
	return ""
}
