// SPDX-License-Identifier: Apache-2.0

package sqllist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
)

// List is one kind of list: the column that breaks ties of the creation time, and the columns that may be filtered; apart names
// the values that a column's index leaves out.
type List struct {
	id     string
	fields []string
	apart  map[string][]string
}

// Page is what a list query appends to its base query.
type Page struct {
	Suffix string
	Args   []any
}

// Placeholder is how an engine writes the n-th parameter of a statement, the first being 1.
type Placeholder func(n int) string

// Question is SQLite's: each stands for the parameter after the greatest before it.
func Question(int) string { return "?" }

// Dollar is PostgreSQL's.
func Dollar(n int) string { return "$" + strconv.Itoa(n) }

// Page is a page of the list with its filters, place, order and limit. Only names and values from the list itself get into the
// text. A filter field that the list does not have is an error.
func (l List) Page(q store.ListQuery, placeholder Placeholder) (Page, error) {
	var b strings.Builder
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return placeholder(len(args) + 1)
	}
	for _, t := range q.Filter {
		apart := l.apart[t.Field]
		switch {
		case !slices.Contains(l.fields, t.Field):
			return Page{}, fmt.Errorf("unknown filter field %q", t.Field)
		case slices.Contains(apart, t.Value): // spelled out: only so does every plan see that the partial index of this value serves
			b.WriteString(" AND " + t.Field + " = '" + t.Value + "'")
		default:
			b.WriteString(" AND " + t.Field + " = " + arg(t.Value))
			for _, v := range apart { // the condition of the partial index, word for word
				b.WriteString(" AND " + t.Field + " <> '" + v + "'")
			}
		}
	}
	than, direction := ">", "ASC"
	if q.Desc {
		than, direction = "<", "DESC"
	}
	if q.After != nil {
		fmt.Fprintf(&b, " AND (created_at, %s) %s (%s, %s)", l.id, than, arg(dbrow.Micros(q.After.CreatedAt)), arg(q.After.ID))
	}
	fmt.Fprintf(&b, " ORDER BY created_at %[1]s, %[2]s %[1]s LIMIT %[3]s", direction, l.id, arg(int64(max(q.Limit, 0))))
	return Page{Suffix: b.String(), Args: args}, nil
}
