// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var usageTextCases = []check.Case{check.WithStore("NoBadTextIsKept", noBadUsage)}

func noBadUsage(t *testing.T, s store.Store) {
	for name, bad := range check.BadTexts {
		raw, q, r, l := storetest.NewUsage("k", "i", 0, 1), quota("p", 5), reservation("r", 1), licence("h", hour(0))
		for call, v := range map[string]struct {
			value any
			write func() error
		}{
			"AddUsage":       {&raw.Key, func() error { _, err := s.AddUsage(check.Context(t), []store.UsageRaw{raw}); return err }},
			"PutQuota":       {&q.PackageID, func() error { _, err := s.PutQuota(check.Context(t), q); return err }},
			"ReserveQuota":   {&r.ID, func() error { _, err := s.ReserveQuota(check.Context(t), r, hour(0)); return err }},
			"PutLicenceCode": {&l.ProductID, func() error { return s.PutLicenceCode(check.Context(t), l, time.Time{}) }},
		} {
			if call == "ReserveQuota" {
				putQuota(t, s, quota("p-"+name, 5))
			}
			check.Spoil(reflect.ValueOf(v.value), call, bad, func(string) { check.Error(t, v.write(), store.ErrBadText) })
		}
	}
}
