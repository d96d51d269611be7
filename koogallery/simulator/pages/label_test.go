// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Every activity has a name of its own on the page.
func TestActivityLabels(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range judge.Families() {
		for _, a := range []judge.Activity{
			judge.ActivityNew, judge.ActivityQuery, judge.ActivityRefresh, judge.ActivityStatus, judge.ActivityRelease, judge.ActivityUpgrade, judge.ActivityCheck, judge.ActivityExpire,
			judge.ActivityLicenseAsync, judge.ActivityNotify, judge.ActivityTenant, judge.ActivityApplication, judge.ActivityAuth, judge.ActivitySingleOrg, judge.ActivityAllOrg,
		} {
			name := wire.Name(f, a)
			if label := label(name); label == string(name) {
				t.Errorf("%s has no label", name)
			} else {
				seen[label] = true
			}
		}
	}
	if len(seen) != 24 {
		t.Errorf("%d labels", len(seen))
	}
}
