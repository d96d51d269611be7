// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"slices"
	"testing"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/fulfil"
)

// TestAFactIsToldOnceWhoeverActs: what the chain tells once it tells once, also when the next caller is another one. The event names
// the first.
func TestAFactIsToldOnceWhoeverActs(t *testing.T) {
	r := newRig(t)
	id := r.active("CS1")
	for _, who := range []access.Principal{{Kind: access.Job}, {Kind: access.Token, Subject: "support"}, {Kind: access.Signature, Subject: "other"}} {
		ctx := access.With(t.Context(), who)
		if err := r.PackageWaits(ctx, "demo", id, "p-1", "no instance"); err != nil {
			t.Fatal(err)
		}
		r.Repaired(ctx, "demo", "CS1", "newInstance", []string{"customerName: not valid text"})
	}
	for kind, want := range map[string]string{
		fulfil.EventPackageWaits: `{"actor":"koogate","productId":"p-1","reason":"no instance"}`,
		fulfil.EventRepaired:     `{"activity":"newInstance","actor":"koogate","repairs":["customerName: not valid text"]}`,
	} {
		if got := r.dataOf("CS1", kind); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q once", kind, got, want)
		}
	}
}
