// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store/postgres"
)

// TestALeaseIsPlannedForALongBacklog: the plan of a lease is made once for any queues, so it must be good for all: it finds the due
// tasks along their index and the rows by their IDs, although it has to expect many.
func TestALeaseIsPlannedForALongBacklog(t *testing.T) {
	url := freshSchema(t)
	if _, err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	lease, arguments := postgres.LeaseSQL(t.Context())
	for _, statement := range []string{
		`INSERT INTO tasks (id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
			retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at)
		SELECT 'id' || n, 's', 'q', 'CREATE', 'READY', 'o' || n, 'i' || n, 'o' || n, 'l', 1, n, 0, 0, 0, '', 0, '', '', '', '', n, n
		FROM generate_series(1, 60000) AS n`,
		"ANALYZE tasks",
		"SET plan_cache_mode = force_generic_plan",
		"PREPARE lease AS " + lease,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE lease ("+arguments+")", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	for _, want := range []string{"Index Scan using tasks_due_idx", "Index Scan using tasks_pkey"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan has no %q:\n%s", want, plan)
		}
	}
	if strings.Contains(plan, "Seq Scan") {
		t.Errorf("the plan reads a whole table:\n%s", plan)
	}
}
