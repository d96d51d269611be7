// SPDX-License-Identifier: Apache-2.0

package sqllist

import (
	"cmp"
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
	at     string // the column of the creation time; empty for created_at
	id     string
	number bool // the column id is a number
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
// text. A filter field that the list does not have is an error. Errors: ErrBadText for the place of another list.
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
	at, than, direction := cmp.Or(l.at, "created_at"), ">", "ASC"
	if q.Desc {
		than, direction = "<", "DESC"
	}
	if q.After != nil {
		id, err := l.place(q.After.ID)
		if err != nil {
			return Page{}, err
		}
		fmt.Fprintf(&b, " AND (%s, %s) %s (%s, %s)", at, l.id, than, arg(dbrow.Micros(q.After.CreatedAt)), arg(id))
	}
	fmt.Fprintf(&b, " ORDER BY %[4]s %[1]s, %[2]s %[1]s LIMIT %[3]s", direction, l.id, arg(int64(max(q.Limit, 0))), at)
	return Page{Suffix: b.String(), Args: args}, nil
}

// place is the ID of a cursor as the column has it. Errors: ErrBadText for what is no number where one is needed.
func (l List) place(id string) (any, error) {
	if !l.number {
		return id, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: the place %q is no number", store.ErrBadText, id)
	}
	return n, nil
}
