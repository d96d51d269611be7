// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Call returns one of a seller's calls. Errors: CALL_NOT_FOUND, STORE_UNAVAILABLE.
func (j *Journal) Call(ctx context.Context, seller, id string) (store.Call, error) {
	c, err := j.Store.Call(ctx, seller, id)
	if errors.Is(err, store.ErrNotFound) {
		return c, errs.New(errs.NotFound, errs.CallNotFound, "no call %s", id)
	}
	return c, storefault.Told(err)
}

// Calls returns one page. Errors: LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (j *Journal) Calls(ctx context.Context, q store.ListQuery) ([]store.Call, error) {
	rows, err := j.Store.ListCalls(ctx, q)
	return rows, storefault.Told(err)
}

// Refusals returns one page of the counts. Errors: LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (j *Journal) Refusals(ctx context.Context, q store.ListQuery) ([]store.CallRefusal, error) {
	rows, err := j.Store.ListRefusals(ctx, q)
	return rows, storefault.Told(err)
}
