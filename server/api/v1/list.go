// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

const defaultPage = 50

// listRequest is what the list requests have in common.
type listRequest interface {
	GetPageSize() int32
	GetPageToken() string
	GetFilter() string
	GetOrderBy() string
}

// list is one kind of list.
type list[T any] struct {
	name   string
	fields fields
	read   func(context.Context, store.ListQuery) ([]T, error)
	place  func(T) store.Cursor
}

// page reads one page of the seller's rows and the token of the next, empty on the last. The page size may change from
// page to page; everything else is bound to the token. Errors: PAGE_TOKEN_INVALID, FILTER_INVALID, LIST_BUSY, LIST_TOO_SLOW,
// STORE_UNAVAILABLE.
func (l list[T]) page(ctx context.Context, r listRequest) (rows []T, next string, err error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, "", err
	}
	terms, err := parseFilter(r.GetFilter(), l.fields)
	if err != nil {
		return nil, "", err
	}
	desc, err := parseOrder(r.GetOrderBy())
	if err != nil {
		return nil, "", err
	}
	bound := pagetoken.Bind(l.name, seller, r.GetFilter(), r.GetOrderBy())
	after, err := pagetoken.Decode(bound, r.GetPageToken())
	if err != nil {
		return nil, "", err
	}
	size := pageSize(r.GetPageSize(), defaultPage)
	rows, err = l.read(ctx, store.ListQuery{Seller: seller, Filter: terms, Desc: desc, Browsing: true, After: after, Limit: size + 1})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > size { // one more than asked for tells that there is a next page
		rows = rows[:size]
		next = pagetoken.Encode(bound, l.place(rows[size-1]))
	}
	return rows, next, nil
}

func pageSize(asked int32, otherwise int) int {
	if asked <= 0 {
		return otherwise
	}
	return int(asked)
}
