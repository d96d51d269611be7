// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// explainer asks for the plan of a query instead of running it.
type explainer struct {
	*pgx.Conn
	plan string
}

var errExplained = errors.New("explained")

func (e *explainer) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return nil, e.explain(ctx, query, args)
}

// QueryRow implements dbsqlc.DBTX.
func (e *explainer) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return noRow{e.explain(ctx, query, args)}
}

// Exec implements dbsqlc.DBTX.
func (e *explainer) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, e.explain(ctx, query, args)
}

func (e *explainer) explain(ctx context.Context, query string, args []any) error {
	rows, err := e.Conn.Query(ctx, "EXPLAIN "+query, args...)
	if err != nil {
		return err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	e.plan = strings.Join(lines, "\n")
	return errors.Join(errExplained, err)
}

type noRow struct{ err error }

// Scan implements pgx.Row.
func (r noRow) Scan(...any) error { return r.err }

// pendingUsage is a backlog of windows and records whose deadlines are in no order that the table knows.
var pendingUsage = []string{
	`INSERT INTO usage_windows (seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records,
		last_end_at, last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at)
	SELECT 's', n % 1000, n / 1000, '', n, 'calls', 'SUM', n / 1000 + 1, 1, 0, 1, 1, 0, 0, '', n * 7919 % 20000, n * 7919 % 20000 / 1000, 0, 0, 0
	FROM generate_series(0, 19999) AS n`,
	`INSERT INTO usage_records (seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt,
		due_at, deadline_at, refuse_at, created_at, updated_at)
	SELECT 's', md5(n::text), n % 1000, n / 1000, '', 0, 'calls', n / 1000, n / 1000 + 1, 1, 'SENDING', '', 0,
		n * 7919 % 20000, n * 7919 % 20000 / 1000, 0, 0, 0
	FROM generate_series(0, 19999) AS n`,
}

// TestPlans pins that the next of a backlog, and the last call of a series, are found without sorting, whatever the planner knows of the tables.
func TestPlans(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]string{
		"nothing known": pendingUsage,
		"known":         append(pendingUsage[:2:2], "ANALYZE usage_windows, usage_records"),
		"known as they were when nothing was pending": append(pendingUsage[:2:2],
			"UPDATE usage_windows SET settled = total, open = 0", "UPDATE usage_records SET state = 'PUSHED'", "ANALYZE usage_windows, usage_records",
			"UPDATE usage_windows SET settled = 0, open = 1", "UPDATE usage_records SET state = 'SENDING'"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			url := freshSchema(t)
			open(t, url)
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			for _, s := range steps {
				if _, err := conn.Exec(ctx, s); err != nil {
					t.Fatal(err)
				}
			}
			e := &explainer{Conn: conn}
			q := dbsqlc.New(e)
			_, err = q.UsageRecordsSending(ctx, dbsqlc.UsageRecordsSendingParams{Seller: "s", Now: 1 << 50, Max: 1000})
			checkPlan(t, e.plan, err, "usage_records_sending_idx")
			_, err = q.UsageWindowsDue(ctx, dbsqlc.UsageWindowsDueParams{Seller: "s", Now: 1 << 50, Max: 1000})
			checkPlan(t, e.plan, err, "usage_windows_open_idx")
			if _, err := conn.Exec(ctx, "SET enable_seqscan = off"); err != nil { // what it prefers while it believes that there is nothing
				t.Fatal(err)
			}
			_, err = q.UsageNextDue(ctx, "s")
			checkPlan(t, e.plan, err, "usage_records_due_idx")
			checkPlan(t, e.plan, err, "usage_windows_due_idx")
			err = q.CallPut(ctx, dbsqlc.CallPutParams{Seller: "s", Subject: "x"})
			checkPlan(t, e.plan, err, "calls_subject_idx")
			_, err = q.CallsOfSubjects(ctx, dbsqlc.CallsOfSubjectsParams{Seller: "s", Subjects: []string{"x", "y"}, Max: 5000})
			if !errors.Is(err, errExplained) || !strings.Contains(e.plan, "calls_subject_idx") { // it sorts what few rows these subjects have
				t.Errorf("want a plan by calls_subject_idx, have %v\n%s", err, e.plan)
			}
		})
	}
}

func checkPlan(t *testing.T, plan string, err error, index string) {
	t.Helper()
	if !errors.Is(err, errExplained) {
		t.Fatal(err)
	}
	if !strings.Contains(plan, index) || strings.Contains(plan, "Sort") {
		t.Errorf("want a plan by %s without a sort, have\n%s", index, plan)
	}
}
