// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var textCases = []check.Case{
	check.WithStore("NoBadTextIsKept", noBadText),
	check.WithStore("NoBadTextIsAskedFor", noBadQuestion),
	check.WithStore("OddTextIsKept", oddText),
}

// noBadText: whichever text of a change is bad, the whole change is refused with the same sentinel, leaves nothing, and the
// store goes on.
func noBadText(t *testing.T, s store.Store) {
	n := 0
	for name, bad := range check.BadTexts {
		check.Spoil(reflect.ValueOf(storetest.Admission("CS1", storetest.Epoch)), name, bad, func(string) { n++ })
		c := storetest.Admission("CS1", storetest.Epoch)
		check.Spoil(reflect.ValueOf(c), name, bad, func(path string) {
			if err := s.Apply(check.Context(t), c); err != store.ErrBadText { //nolint:errorlint // the sentinel itself: nothing was sent to the database
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	if n < 200 {
		t.Errorf("only %d texts were tried", n)
	}
	_, err := s.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	check.Error(t, s.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)), nil)
}

// noBadQuestion: asking for what cannot exist is told as that, and not as an outage.
func noBadQuestion(t *testing.T, s store.Store) {
	check.Error(t, s.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)), nil)
	for name, bad := range check.BadTexts {
		for call, ask := range map[string]func() error{
			"Line": func() error {
				_, err := s.Line(check.Context(t), store.LineKey{Seller: storetest.Seller, OrderID: bad})
				return err
			},
			"Aggregate": func() error { _, err := s.Aggregate(check.Context(t), storetest.Seller, bad); return err },
			"Instances": func() error {
				_, err := s.Instances(check.Context(t), storetest.Seller, []string{"x", bad})
				return err
			},
			"Task":   func() error { _, err := s.Task(check.Context(t), bad); return err },
			"Events": func() error { _, err := s.Events(check.Context(t), storetest.Seller, bad, 0, 1); return err },
			"Tenant": func() error {
				_, err := s.Tenant(check.Context(t), store.TenantKey{Seller: storetest.Seller, TenantID: bad})
				return err
			},
			"List": func() error {
				_, err := s.ListInstances(check.Context(t), store.ListQuery{Seller: storetest.Seller, Filter: []store.Term{{Field: "order_id", Value: bad}}, Limit: 1})
				return err
			},
			"Lease": func() error {
				_, err := s.Lease(check.Context(t), store.LeaseRequest{Seller: storetest.Seller, Queues: []string{storetest.Queue}, Worker: bad, Max: 1, For: time.Minute})
				return err
			},
		} {
			if err := ask(); err != store.ErrBadText { //nolint:errorlint // the sentinel itself
				t.Errorf("%s with %s: %v", call, name, err)
			}
		}
	}
}

// oddText: whatever is text is kept to the byte.
func oddText(t *testing.T, s store.Store) {
	const odd = "a/b:verify%2F?#&=\\ '\"\n\t\ufeff\ufffd\U0001F600\u202e中"
	c := storetest.Admission(odd, storetest.Epoch)
	check.Error(t, s.Apply(check.Context(t), c), nil)
	got, err := s.Aggregate(check.Context(t), storetest.Seller, odd)
	check.Error(t, err, nil)
	if got.Order.OrderID != odd || got.Instances[0].InstanceID != "inst-"+odd {
		t.Errorf("%q %q", got.Order.OrderID, got.Instances[0].InstanceID)
	}
}
