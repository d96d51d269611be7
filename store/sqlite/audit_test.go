// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// TestAuditRowsAreOnlyAdded: also for who reaches the table past Koogate.
func TestAuditRowsAreOnlyAdded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "koogate.db")
	s := open(t, path)
	if err := s.OpenGap(storetest.AuditedCall(t.Context()), store.Gap{Seller: storetest.Seller, ID: "g"}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{"UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "audit rows are not") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if rows, err := s.Audit(t.Context(), storetest.Seller, time.Time{}, 10); err != nil || len(rows) != 1 || rows[0].Actor != "token support" {
		t.Errorf("%+v, %v", rows, err)
	}
}
