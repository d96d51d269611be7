// SPDX-License-Identifier: Apache-2.0

package deadline_test

import (
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
)

func TestRules(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, r := range deadline.Rules() {
		key := [2]string{string(r.Family), string(r.Step)}
		if seen[key] {
			t.Errorf("%v has two rules", key)
		}
		seen[key] = true
		if r.Source == "" || r.End.Text() == "" || r.End.Chinese() == "" {
			t.Errorf("%v: no source or no text", key)
		}
		if r.Answer != 5*time.Second && r.Answer != 20*time.Second {
			t.Errorf("%v waits %s for an answer", key, r.Answer)
		}
		if got, ok := deadline.Of(r.Family, r.Step); !ok || got != r {
			t.Errorf("%v: Of says %+v", key, got)
		}
		if (r.Every == 0) != (r.Window == 0) || r.Window%max(r.Every, 1) != 0 {
			t.Errorf("%v: every %s for %s", key, r.Every, r.Window)
		}
	}
	if _, ok := deadline.Of(deadline.LicenseCode, deadline.Open); ok {
		t.Error("a licence code is opened by nobody")
	}
}

func TestAttempts(t *testing.T) {
	for _, c := range []struct {
		family   deadline.Family
		step     deadline.Step
		attempts int
	}{
		{deadline.SaasV2, deadline.Open, 4}, {deadline.SaasV1, deadline.Refresh, 61}, {deadline.LicenseCode, deadline.Status, 61},
		{deadline.LicenseV1, deadline.Release, 1}, {deadline.SaasV2, deadline.Check, 1},
	} {
		if r, _ := deadline.Of(c.family, c.step); r.Attempts() != c.attempts {
			t.Errorf("%s %s: %d attempts, want %d", c.family, c.step, r.Attempts(), c.attempts)
		}
	}
}
