// SPDX-License-Identifier: Apache-2.0

package moving_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/moving"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gaps tells what it is told.
type gaps struct {
	open bool
	err  error
}

func (g gaps) Open(context.Context, string) (bool, error) { return g.open, g.err }

func over(st moving.Store, g moving.Gaps) (*moving.Service, *clocktest.Clock) {
	clk := clocktest.New(storetest.Epoch)
	return moving.New(moving.Deps{Store: st, Gaps: g, Clock: clk, Log: slog.New(slog.DiscardHandler)}), clk
}

// counting counts what is written.
type counting struct {
	store.Store
	writes int
	err    error
}

func (c *counting) NoteClaims(ctx context.Context, claims []store.Claim) error {
	if c.writes++; c.err != nil {
		return c.err
	}
	return c.Store.NoteClaims(ctx, claims)
}

// An instance that is not known is the old server's, but while a gap is open it may be ours.
func TestWhatIsNotKnownIsTheOldServersOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		ctx := t.Context()
		if err := st.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
		ids := []string{"a", "inst-CS1", "b", "noted"}
		noted := []store.Claim{{Seller: storetest.Seller, Kind: store.SideInstance, ID: "noted", Endpoint: "shop", At: storetest.Epoch}}
		if err := errors.Join(st.NoteClaims(ctx, noted), st.EndClaim(ctx, storetest.Seller, "noted", storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			g    gaps
			want []string
		}{{gaps{}, []string{"inst-CS1"}}, {gaps{open: true}, []string{"inst-CS1", "a", "b"}}} {
			s, _ := over(st, x.g)
			if own, err := s.Own(ctx, storetest.Seller, ids); err != nil || !slices.Equal(own, x.want) {
				t.Errorf("%+v: %v, %v", x.g, own, err)
			}
		}
		away := errs.New(errs.Unavailable, errs.StoreUnavailable, "away")
		s, _ := over(st, gaps{err: away})
		if _, err := s.Own(ctx, storetest.Seller, ids); !errors.Is(err, away) {
			t.Error(err)
		}
		if own, err := s.Own(ctx, storetest.Seller, ids[1:2]); err != nil || len(own) != 1 { // nobody asks about gaps
			t.Error(own, err)
		}
		if own, err := s.Own(ctx, "other", ids); !errors.Is(err, away) {
			t.Error(own)
		}
	})
}

// Claims stick, and what is left behind is told until it is over.
func TestWhatIsLeftBehindOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		ctx := t.Context()
		c := &counting{Store: st}
		s, clk := over(c, gaps{})
		want := func(instances, orders int64) {
			t.Helper()
			if got, err := s.LeftBehind(ctx, storetest.Seller, "shop"); err != nil || got != (store.LeftBehind{Instances: instances, Orders: orders}) {
				t.Errorf("%+v, %v, want %d and %d", got, err, instances, orders)
			}
		}
		if side, err := s.OrderSide(ctx, storetest.Seller, "CS1"); side != "" || err != nil {
			t.Error(side, err)
		}
		for range 2 {
			if side, err := s.Claim(ctx, storetest.Seller, "shop", "CS1"); side != store.SideOld || err != nil {
				t.Error(side, err)
			}
		}
		c.err = errors.New("away")
		s.Note(ctx, storetest.Seller, "shop", "i1")
		want(0, 1)
		c.err = nil
		s.Note(ctx, storetest.Seller, "shop", "i1", "i2", "a\x00b") // the next call makes up for it
		s.Note(ctx, storetest.Seller, "shop", "i2")
		s.Note(ctx, storetest.Seller, "shop")
		if c.writes != 2 {
			t.Errorf("%d writes", c.writes)
		}
		want(2, 1)
		s.Released(ctx, storetest.Seller, "i1")
		s.Released(ctx, storetest.Seller, "a\x00b")
		want(1, 1)
		clk.Advance(moving.Recent)
		want(1, 1)
		clk.Advance(time.Second)
		want(1, 0)
	})
}
