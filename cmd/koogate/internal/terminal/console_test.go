// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"bytes"
	"testing"
)

func TestStatus(t *testing.T) {
	var out, errs bytes.Buffer
	c := New(&out, &errs)
	c.Status("1/2")
	if out.Len()+errs.Len() > 0 {
		t.Errorf("nobody looks: %q %q", out.String(), errs.String())
	}
	c.status = &errs
	c.Status("1/2 \x1b[2J\n")
	c.Status("")
	if got := errs.String(); got != "\r\x1b[K1/2 \\u001b[2J\\u000a\r\x1b[K" {
		t.Errorf("got %q", got)
	}
}
