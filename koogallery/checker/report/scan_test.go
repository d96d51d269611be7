// SPDX-License-Identifier: Apache-2.0

package report

import "testing"

// What is not replaced stays to the byte, whatever the body is.
func TestScanKeepsEveryByte(t *testing.T) {
	for _, body := range []string{
		"", "null", `"`, `"\`, `{"a":`, `{"a" : [1,-2.5e3,"x\"y"],"b":{"password":"p`, "<html>12 \"quoted\": - ]]}}</html>", "\xff\"\xfe\":1", `{"appInfo":{}}`,
	} {
		if got := eachValue(body, func(raw string, _ bool) string { return raw }); got != body {
			t.Errorf("%q became %q", body, got)
		}
	}
}
