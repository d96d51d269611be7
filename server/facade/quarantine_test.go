// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"strings"
	"testing"
)

// House rule 10: a value outside its documented list is an alarm on the order it belongs to, and 000002 to the caller.
func TestQuarantine(t *testing.T) {
	const id = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
	long := strings.Repeat("订", 40)
	for _, c := range []struct{ name, body, alarm string }{
		{"scene", strings.Replace(bodyRefresh, "RENEWAL", "GIFT", 1), "demo-seller|CS-ROOT|refreshInstance|scene|GIFT"},
		{"status", strings.Replace(bodyStatus, "FREEZE", "FROZEN", 1), "demo-seller|CS-ROOT|updateInstanceStatus|status|FROZEN"},
		{"testFlag", strings.Replace(bodyUpgrade, `"0"`, `"2"`, 1), "demo-seller|CS-ROOT|upgradeInstance|testFlag|2"},
		{"of a debugging call, on no order", debugging(strings.Replace(bodyRefresh, "RENEWAL", "GIFT", 1)), "demo-seller||refreshInstance|scene|GIFT"},
		{"long value", strings.Replace(bodyStatus, "FREEZE", long, 1), "demo-seller|CS-ROOT|updateInstanceStatus|status|" + long[:63]},
		{"empty value is only invalid", strings.Replace(bodyStatus, "FREEZE", "", 1), ""},
		{"missing value is only invalid", strings.Replace(bodyStatus, `"status"`, `"state"`, 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.core.orders[id] = "CS-ROOT"
			a := r.call(c.body)
			r.want(a, "000002")
			if strings.Contains(a.msg, "GIFT") || strings.Contains(a.msg, "FROZEN") {
				t.Errorf("the message repeats the value: %s", a.msg)
			}
			if got := strings.Join(r.core.alarms, "\n"); got != c.alarm {
				t.Errorf("alarms %q, want %q", got, c.alarm)
			}
		})
	}
}
