// SPDX-License-Identifier: Apache-2.0

package pages_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// The page shows usage records, bills and calls of the open APIs, and so does the
// REST of it.
func TestPageOfUsage(t *testing.T) {
	s := simtest.NewStall(t, nil)
	if _, _, page := simtest.Browse(t, s.Server, "GET", "/", "", "", nil); !strings.Contains(page, "暂无话单") || !strings.Contains(page, "暂无账单") || !strings.Contains(page, "暂无调用") {
		t.Error("the empty page lacks a table")
	}
	s.Adopt("instance-1", market.Adoption{})
	s.Adopt("pack-1", market.Adoption{Kind: catalogue.Package, Quota: simtest.Amount(t, "5")})
	s.Taken(s.Record("instance-1", "sn-1", 0, time.Hour, "7.25").With("relate_pkg_instance", "pack-1"))
	s.Clock.Advance(time.Hour)
	s.Taken(s.Record("instance-1", "sn-2", 0, time.Hour, "1"), s.Record("instance-1", "sn-3", 2*time.Hour, time.Hour, "1"))
	s.Push(s.Record("<b>nobody", "sn-4", 0, time.Hour, "1"))
	_, _, page := simtest.Browse(t, s.Server, "GET", "/", "", "", nil)
	for _, want := range []string{
		"话单管理", "instance-1", "sn-1", "已出账 billed", "正常 accepted", "异常 abnormal 001", "does not exist", "迟报 late", "&lt;b&gt;nobody",
		"超量 oversold 2.25", "7.25 / 5", "2026-01-30 20:15:00", "2026-01-30 21:15:00", "账单 Bills", "hourly", "94060999", "2 / 2", "0 / 1",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<b>nobody") {
		t.Error("the page does not escape")
	}
	for path, want := range map[string][]string{
		"/sim/usage":                             {`"meteringSn":"sn-4"`, `"code":"001"`, `"packageId":"pack-1"`, `"oversold":"2.25"`},
		"/sim/usage?instance=instance-1&limit=1": {`"pushed":"9.25"`, `"billed":"7.25"`, `"waiting":"2"`, `"late":"1"`, "sn-3"},
		"/sim/bills?instance=instance-1":         {`"amount":"7.25"`, `"at":"2026-01-30T12:15:00Z"`},
		"/sim/bills?instance=nobody":             {`"bills":[]`},
		"/sim/requests?limit=1":                  {`"api":"usage"`, `"code":"94060999"`, `"seq":3`},
	} {
		status, _, body := simtest.Browse(t, s.Server, "GET", path, "", "", nil)
		for _, w := range want {
			if status != 200 || !strings.Contains(body, w) {
				t.Errorf("%s lacks %s: %s", path, w, body)
			}
		}
	}
}
