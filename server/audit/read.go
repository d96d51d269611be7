// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Reader shows the rows of one seller at a time.
type Reader struct{ Rows store.AuditRows }

// Entries returns one page. Errors: LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (r Reader) Entries(ctx context.Context, q store.ListQuery) ([]store.AuditRow, error) {
	rows, err := r.Rows.ListAudit(ctx, q)
	return rows, storefault.Told(err)
}
