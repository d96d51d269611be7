// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// badTexts are what no database may be given: PostgreSQL refuses them, SQLite would keep them.
var badTexts = map[string]string{"NUL": "a\x00b", "invalid UTF-8": "a\xffb", "half a surrogate pair": "a\xed\xa0\xbd", "GBK": "\xc4\xe3"}

var textCases = []testCase{
	withStore("NoBadTextIsKept", noBadText),
	withStore("NoBadTextIsAskedFor", noBadQuestion),
	withStore("OddTextIsKept", oddText),
}

var usageTextCases = []testCase{withLedger("NoBadTextIsKept", noBadUsage)}

// spoil calls use for every text in v, one at a time made bad, and puts each back afterwards.
func spoil(v reflect.Value, path, bad string, use func(path string)) {
	switch v.Kind() {
	case reflect.String:
		was := v.String()
		v.SetString(bad)
		use(path)
		v.SetString(was)
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), path, bad, use)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i), path+"."+v.Type().Field(i).Name, bad, use)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				spoil(v.Index(i), fmt.Sprintf("%s[%d]", path, i), bad, use)
			}
		}
	default:
	}
}

// noBadText: whichever text of a change is bad, the whole change is refused with the same sentinel, leaves nothing, and the
// store goes on.
func noBadText(t *testing.T, s store.Store) {
	n := 0
	for name, bad := range badTexts {
		spoil(reflect.ValueOf(Admission("CS1", Epoch)), name, bad, func(string) { n++ })
		c := Admission("CS1", Epoch)
		spoil(reflect.ValueOf(c), name, bad, func(path string) {
			if err := s.Apply(background(t), c); err != store.ErrBadText { //nolint:errorlint // the sentinel itself: nothing was sent to the database
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	if n < 200 {
		t.Errorf("only %d texts were tried", n)
	}
	_, err := s.Aggregate(background(t), Seller, "CS1")
	wantError(t, err, store.ErrNotFound)
	wantError(t, s.Apply(background(t), Admission("CS1", Epoch)), nil)
}

// noBadQuestion: asking for what cannot exist is told as that, and not as an outage.
func noBadQuestion(t *testing.T, s store.Store) {
	wantError(t, s.Apply(background(t), Admission("CS1", Epoch)), nil)
	for name, bad := range badTexts {
		for call, ask := range map[string]func() error{
			"Line":      func() error { _, err := s.Line(background(t), store.LineKey{Seller: Seller, OrderID: bad}); return err },
			"Aggregate": func() error { _, err := s.Aggregate(background(t), Seller, bad); return err },
			"Instances": func() error { _, err := s.Instances(background(t), Seller, []string{"x", bad}); return err },
			"Task":      func() error { _, err := s.Task(background(t), bad); return err },
			"Events":    func() error { _, err := s.Events(background(t), Seller, bad, 0, 1); return err },
			"Tenant": func() error {
				_, err := s.Tenant(background(t), store.TenantKey{Seller: Seller, TenantID: bad})
				return err
			},
			"List": func() error {
				_, err := s.ListInstances(background(t), store.ListQuery{Seller: Seller, Filter: []store.Term{{Field: "order_id", Value: bad}}, Limit: 1})
				return err
			},
			"Lease": func() error {
				_, err := s.Lease(background(t), store.LeaseRequest{Seller: Seller, Queues: []string{Queue}, Worker: bad, Max: 1, For: time.Minute})
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
	c := Admission(odd, Epoch)
	wantError(t, s.Apply(background(t), c), nil)
	got, err := s.Aggregate(background(t), Seller, odd)
	wantError(t, err, nil)
	if got.Order.OrderID != odd || got.Instances[0].InstanceID != "inst-"+odd {
		t.Errorf("%q %q", got.Order.OrderID, got.Instances[0].InstanceID)
	}
}

func noBadUsage(t *testing.T, s Ledger) {
	for name, bad := range badTexts {
		raw, q, r, l := NewUsage("k", "i", 0, 1), quota("p", 5), reservation("r", 1), licence("h", hour(0))
		for call, v := range map[string]struct {
			value any
			write func() error
		}{
			"AddUsage":       {&raw.Key, func() error { _, err := s.AddUsage(background(t), []store.UsageRaw{raw}); return err }},
			"PutQuota":       {&q.PackageID, func() error { _, err := s.PutQuota(background(t), q); return err }},
			"ReserveQuota":   {&r.ID, func() error { _, err := s.ReserveQuota(background(t), r, hour(0)); return err }},
			"PutLicenceCode": {&l.ProductID, func() error { return s.PutLicenceCode(background(t), l, time.Time{}) }},
		} {
			if call == "ReserveQuota" {
				putQuota(t, s, quota("p-"+name, 5))
			}
			spoil(reflect.ValueOf(v.value), call, bad, func(string) { wantError(t, v.write(), store.ErrBadText) })
		}
	}
}
