// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"context"
	"testing"
	"time"

	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

// between runs a hook before each reading of an instance.
type between struct {
	rows

	hook func()
}

type rows = store.Instances

func (b *between) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	if f := b.hook; f != nil {
		b.hook = nil
		f()
	}
	return b.rows.Instances(ctx, seller, ids)
}

// A replica that looks at an instance while another uses up its last package does not thaw what that one has frozen.
func TestWhatAnotherReplicaFrozeStaysFrozen(t *testing.T) {
	r := newRig(t)
	r.pack("P1", "10")
	slow := &between{rows: r.store}
	other := quota.New(quota.Deps{Quotas: r.store, Instances: slow, Stopper: stopper{r}, Windows: hours{}, Clock: r.clock})
	r.must(r.reserve("a", "4"))
	r.must(r.reserve("b", "6"))
	slow.hook = func() { // while the commit of a is followed up, b takes what is left
		r.must(r.Commit(t.Context(), seller, "b", nil, time.Time{}))
		r.frozen(true)
	}
	r.must(other.Commit(t.Context(), seller, "a", nil, time.Time{}))
	if slow.hook != nil {
		t.Fatal("the instance was not looked at")
	}
	r.frozen(true)
}
