// SPDX-License-Identifier: Apache-2.0

package licence_test

import (
	"database/sql"
	"testing"

	"github.com/koogate/koogate/store"
)

// licenceDays reads all days, which the store does not list.
func licenceDays(t *testing.T, path string) (days []store.LicenceDay) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT hash, state, reason FROM licence_days")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var d store.LicenceDay
		if err := rows.Scan(&d.Hash, &d.State, &d.Reason); err != nil {
			t.Fatal(err)
		}
		days = append(days, d)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return days
}
