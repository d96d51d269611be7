// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"strings"
	"testing"
)

// TestAMemoryIsWhatTheMigrationsMake: the same tables, rows, indexes and triggers, and statements are planned by the same numbers.
func TestAMemoryIsWhatTheMigrationsMake(t *testing.T) {
	want, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	db, err := inMemory().open(fleeting...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if err := furnish(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if got, err := dump(t.Context(), db); err != nil || got != want {
		t.Errorf("%v: %s\nwant\n%s", err, got, want)
	}
	for _, part := range []string{"CREATE TRIGGER", "CREATE UNIQUE INDEX", "INSERT INTO sqlite_stat1", `INSERT INTO "goose_db_version"`} {
		if !strings.Contains(want, part) {
			t.Errorf("the script has no %s", part)
		}
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT * FROM instances WHERE seller = 's' AND order_id = 'o'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail
	}
	if err := rows.Err(); err != nil || !strings.Contains(plan, "instances_order_idx") {
		t.Errorf("planned as %s, %v", plan, err)
	}
}
