// SPDX-License-Identifier: Apache-2.0

package market

import (
	"strconv"
	"testing"
	"time"
)

func TestNoncesAreBounded(t *testing.T) {
	var b nonceBox
	now := time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)
	for n := range maxNonces + 10 {
		if !b.fresh(strconv.Itoa(n), now) {
			t.Fatal(n)
		}
	}
	if len(b.seen) != maxNonces || len(b.queue) != maxNonces || b.fresh("20", now) || !b.fresh("20", now.Add(31*time.Minute)) || len(b.seen) != 1 {
		t.Errorf("%d, %d", len(b.seen), len(b.queue))
	}
}

// The clients of a code that are told apart are bounded.
func TestClientsAreBounded(t *testing.T) {
	var st licenseState
	for n := range maxClients + 10 {
		st.use("2026-01-30", []string{strconv.Itoa(n)}, 0)
	}
	if len(st.clients) != maxClients {
		t.Errorf("%d clients", len(st.clients))
	}
}

func TestSecondsAreRoundedUp(t *testing.T) {
	whole := time.Date(2026, 1, 30, 14, 0, 0, 0, time.UTC)
	if got := ceil(whole.Add(time.Nanosecond)); !got.Equal(whole.Add(time.Second)) || !ceil(got).Equal(got) {
		t.Errorf("%v", got)
	}
}
