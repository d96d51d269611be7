// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// readOnly is a database that can stop to take writes.
type readOnly struct {
	store.Store
	on atomic.Bool
}

func (s *readOnly) Apply(ctx context.Context, c *store.Change) error {
	if s.on.Load() {
		return fmt.Errorf("standby: %w", store.ErrReadOnly)
	}
	return s.Store.Apply(ctx, c)
}

// TestRepeatsAreAnsweredWithoutWrites: the database takes no writes. A repeat is answered as before, also one that differs, whose
// record has to wait; a query is answered; what would be new is to be repeated.
func TestRepeatsAreAnsweredWithoutWrites(t *testing.T) {
	st := &readOnly{Store: backendtest.SQLite(t)}
	r := over(t, st)
	r.fulfilled()
	first, err := r.told("CS1", "biz-1")
	r.wantAccess(first, err, "biz-1")
	st.on.Store(true)
	for name, mod := range map[string]func(c *fulfil.NewInstance){
		"the same": func(*fulfil.NewInstance) {},
		"another":  func(c *fulfil.NewInstance) { c.Match = map[string]string{"skuCode": "sku-2"}; c.BusinessID = "biz-2" },
	} {
		if a, err := r.told("CS1", "biz-1", mod); err != nil || a != first {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
	a, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
	if err != nil || a.Code != resultcode.Success || len(shown) != 1 {
		t.Errorf("a query: %+v %v", a, err)
	}
	if _, err := r.told("CS2", "biz-2", late); errs.As(err).Reason != errs.StoreUnavailable {
		t.Errorf("a new order: %v", err)
	}
	st.on.Store(false)
	if a, err := r.told("CS2", "biz-2"); err != nil || a.InstanceID != "biz-2" {
		t.Errorf("the same order when writes go on: %+v %v", a, err)
	}
}
