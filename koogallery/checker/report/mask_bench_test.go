// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
)

// big are calls whose answers are as long as an answer may be: one of instances that all have access information of their own, one of a
// single text, and one that is no JSON.
func big() []probe.Seen {
	var info strings.Builder
	for n := 0; info.Len() < 1<<20-400; n++ {
		fmt.Fprintf(&info, `{"instanceId":"i-%d","appInfo":{"frontEndUrl":"https://app.example.com/%d","userName":"user-%d","password":"secret-%d","memo":"hello"}},`, n, n, n, n)
	}
	const call = `{"activity":"queryInstance","instanceId":"i-1"}`
	return []probe.Seen{
		seen("POST", "https://s.example/p?signature=0123456789", call, `{"resultCode":"000000","info":[`+strings.TrimSuffix(info.String(), ",")+`]}`),
		seen("POST", "https://s.example/p?signature=1123456789", call, `{"resultCode":"000000","resultMsg":"`+strings.Repeat("x", 1<<20-100)+`"}`),
		seen("POST", "https://s.example/p?signature=2123456789", call, "<html>"+strings.Repeat("<p>at com.example.Order</p>", 1<<20/27)),
	}
}

// BenchmarkMask makes three failing calls with answers of 1 MiB readable.
func BenchmarkMask(b *testing.B) {
	calls := big()
	for b.Loop() {
		report.NewMask(calls, "vendor-key").Exchanges(calls)
	}
}
