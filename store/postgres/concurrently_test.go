// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store/postgres"
)

// TestIndexesAreBuiltAnewAfterABrokenTry: an index that is built without a lock may be left half made when its migration dies.
// The next try makes all of them whole.
func TestIndexesAreBuiltAnewAfterABrokenTry(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := freshSchema(t)
	if _, err := postgres.Migrate(ctx, url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range []string{
		"DROP TABLE questions, sides, gap_calls, gaps, seller_revision, seller_settings, seller_keys, audit, calls, call_refusals, call_bodies, feed_base, webhooks, webhook_deliveries, " +
			"login_applications, login_requests, login_grants, login_sessions, login_keys", // what later migrations brought
		"DROP FUNCTION audit_keeps_rows", "DROP FUNCTION orders_side CASCADE",
		"ALTER TABLE quotas DROP COLUMN used_elsewhere CASCADE", "ALTER TABLE quota_items DROP COLUMN used_elsewhere CASCADE",
		"DELETE FROM goose_db_version WHERE version_id >= 11",
		"DROP INDEX tasks_kind_idx, users_role_idx",
		"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tasks_state_idx'::regclass", // as a try that died leaves it
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if applied, err := postgres.Migrate(ctx, url); err != nil || applied != versions-10 {
		t.Fatalf("Migrate: %d, %v", applied, err)
	}
	var whole int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid IN
		('tasks_kind_idx'::regclass, 'users_role_idx'::regclass, 'tasks_state_idx'::regclass)`).Scan(&whole)
	if err != nil || whole != 3 {
		t.Errorf("%d of 3 indexes are whole, %v", whole, err)
	}
}
