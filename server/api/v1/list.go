// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

// maxValue is the longest filter value, in characters after unescaping; no filterable column is longer.
const maxValue = 128

// fields says which fields a list may be filtered by and, for those with a fixed set of values, which values.
type fields map[string][]string

// parseFilter reads `field = "value"` terms joined by AND. Blanks around names, signs and values do not matter; inside a
// value \" and \\ stand for the quote and the backslash. Each field may be named once. Errors: FILTER_INVALID.
func parseFilter(text string, allowed fields) ([]store.Term, error) {
	p := filterParser{rest: strings.TrimSpace(text)}
	if p.rest == "" {
		return nil, nil
	}
	var terms []store.Term
	for {
		t, err := p.term(allowed)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(terms, func(o store.Term) bool { return o.Field == t.Field }) {
			return nil, badFilter("field %s is named twice", t.Field)
		}
		terms = append(terms, t)
		if p.blank(); p.rest == "" {
			return terms, nil
		}
		if word := p.word(); word != "AND" {
			return nil, badFilter("terms are joined by AND")
		}
	}
}

// filterParser holds what is still to be read.
type filterParser struct{ rest string }

func (p *filterParser) blank() { p.rest = strings.TrimLeft(p.rest, " \t") }

// word reads a run of letters and underscores.
func (p *filterParser) word() string {
	p.blank()
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

func (p *filterParser) term(allowed fields) (store.Term, error) {
	field := p.word()
	values, ok := allowed[field]
	if !ok {
		return store.Term{}, badFilter("a term begins with one of the fields %s", strings.Join(names(allowed), ", "))
	}
	if p.blank(); !strings.HasPrefix(p.rest, "=") {
		return store.Term{}, badFilter("field %s is followed by = and a quoted value", field)
	}
	p.rest = p.rest[1:]
	value, err := p.quoted(field)
	if err != nil {
		return store.Term{}, err
	}
	if values != nil && !slices.Contains(values, value) {
		return store.Term{}, badFilter("field %s is one of %s", field, strings.Join(values, ", "))
	}
	return store.Term{Field: field, Value: value}, nil
}

func (p *filterParser) quoted(field string) (string, error) {
	if p.blank(); !strings.HasPrefix(p.rest, `"`) {
		return "", badFilter(`the value of field %s is quoted with "`, field)
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			value := b.String()
			if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxValue {
				return "", badFilter("the value of field %s is longer than %d characters", field, maxValue)
			}
			return value, nil
		case c == '\\':
			i++
			if i >= len(p.rest) || p.rest[i] != '"' && p.rest[i] != '\\' {
				return "", badFilter(`in the value of field %s only \" and \\ may follow a backslash`, field)
			}
			b.WriteByte(p.rest[i])
		case c < ' ' || c == 0x7f:
			return "", badFilter("the value of field %s holds a control character", field)
		default:
			b.WriteByte(c)
		}
	}
	return "", badFilter("the value of field %s has no closing quote", field)
}

// parseOrder reads order_by: "create_time desc", which is also what the empty text means, or "create_time asc". Errors:
// FILTER_INVALID.
func parseOrder(text string) (desc bool, err error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return true, nil
	case len(words) == 2 && words[0] == "create_time" && (words[1] == "asc" || words[1] == "desc"):
		return words[1] == "desc", nil
	}
	return false, errs.BadFieldOf(errs.FilterInvalid, "order_by", `is "create_time desc" or "create_time asc"`)
}

// badFilter never repeats the caller's text beyond names from the list of fields.
func badFilter(format string, args ...any) error {
	return errs.BadFieldOf(errs.FilterInvalid, "filter", format, args...)
}

func names(f fields) []string {
	list := make([]string, 0, len(f))
	for n := range f {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

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
