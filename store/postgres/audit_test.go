// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// TestAuditRowsKeepTheirState: no row is altered, and none is removed before its time, also by who reaches the table past Koogate.
func TestAuditRowsKeepTheirState(t *testing.T) {
	url := freshSchema(t)
	s := open(t, url)
	if err := s.OpenGap(storetest.AuditedCall(t.Context()), store.Gap{Seller: storetest.Seller, ID: "g"}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, statement := range []string{"UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"} {
		if _, err := conn.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "audit rows are not") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	for _, age := range []int{359, 361} {
		at := time.Now().AddDate(0, 0, -age).UnixMicro()
		if _, err := conn.Exec(t.Context(), `INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id)
			VALUES ('old', $1, '', '', '', '', '{}', '', '', '', '')`, at); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "DELETE FROM audit WHERE at = $1", at); (err == nil) != (age > 360) {
			t.Errorf("a row of %d days is removed: %v", age, err)
		}
	}
	if rows, err := s.ListAudit(t.Context(), store.ListQuery{Seller: storetest.Seller, Desc: true, Limit: 10}); err != nil || len(rows) != 1 || rows[0].Actor != "token support" {
		t.Errorf("%+v, %v", rows, err)
	}
}
