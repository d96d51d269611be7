// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestRestartAfterTheWindow(t *testing.T) {
	h := func(w http.ResponseWriter, activity string, n int) bool {
		switch {
		case activity == "newInstance" && n <= 5:
			simtest.Reset(w)
		case activity == "newInstance" && n == 6:
			simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "working", "instanceId": "i-1"})
		case activity == "queryInstance" && n == 1:
			simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "working"})
		case activity == "queryInstance":
			simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{map[string]any{"instanceId": "i-1"}}})
		default:
			return false
		}
		return true
	}
	sim, s, _ := simtest.Fixture(t, h)
	ctx := context.Background()
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if !errors.Is(err, market.ErrCall) || !o.Refunded {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	if _, err := sim.Restart(ctx, o.ID); !errors.Is(err, market.ErrCall) {
		t.Errorf("first restart: %v", err)
	}
	c, err := sim.Restart(ctx, o.ID)
	if err != nil || c.Attempt != 6 || c.ResultCode != "000004" {
		t.Errorf("second restart: %+v, %v", c, err)
	}
	o, _ = sim.Order(o.ID)
	if o.State != market.Completed || o.Refunded || o.Reason != "" || o.InstanceID != "i-1" || sim.FailedOrders() != 1 {
		t.Errorf("order = %+v", o)
	}
	if _, err := sim.Restart(ctx, o.ID); !errors.Is(err, market.ErrRestart) {
		t.Errorf("third restart: %v", err)
	}
	if _, err := sim.Restart(ctx, "CS0"); !errors.Is(err, market.ErrOrder) {
		t.Errorf("unknown order: %v", err)
	}
	if n := len(s.Sequence()); n != 8 {
		t.Errorf("%d calls", n)
	}
}

// A restart inside the window succeeds: the automatic attempts end at once, and
// the open that was waiting goes on.
func TestRestartInsideTheWindow(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, simtest.Failing("newInstance", 1, simtest.Reset))
	cfg := simtest.Config(s)
	asleep := make(chan struct{})
	cfg.Clock = simtest.Held{Clock: c, Waits: func() { close(asleep) }}
	sim := simtest.NewSimulator(t, cfg)
	o, err := sim.Place(catalogue.OneTime)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := sim.Open(context.Background(), o.ID)
		done <- err
	}()
	<-asleep
	if call, err := sim.Restart(context.Background(), o.ID); err != nil || call.Attempt != 2 {
		t.Errorf("Restart = %+v, %v", call, err)
	}
	if err := <-done; err != nil {
		t.Errorf("Open = %v", err)
	}
	simtest.Equal(t, "calls", s.Sequence(), []string{"newInstance", "newInstance", "queryInstance"})
}

// Calls other than create and upgrade do not fail an order: they wait.
func TestRestartOfAFreezeAndARenewal(t *testing.T) {
	broken := true
	h := func(w http.ResponseWriter, activity string, _ int) bool {
		if broken && (activity == "updateInstanceStatus" || activity == "refreshInstance") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	sim, _, c := simtest.Fixture(t, h)
	ctx := context.Background()
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Now()
	if err := sim.Freeze(ctx, o.ID); !errors.Is(err, market.ErrCall) || c.Now().Sub(before) != time.Hour {
		t.Errorf("Freeze = %v after %v", err, c.Now().Sub(before))
	}
	before = c.Now()
	renewal, err := sim.Renew(ctx, o.ID)
	if !errors.Is(err, market.ErrCall) || c.Now().Sub(before) != 2*time.Hour {
		t.Errorf("Renew = %v after %v", err, c.Now().Sub(before))
	}
	if renewal.State != market.Processing || renewal.Refunded || sim.FailedOrders() != 0 {
		t.Errorf("renewal = %+v", renewal)
	}
	broken = false
	for _, id := range []string{o.ID, renewal.ID} {
		if _, err := sim.Restart(ctx, id); err != nil {
			t.Errorf("Restart(%s) = %v", id, err)
		}
	}
	o, _ = sim.Order(o.ID)
	renewal, _ = sim.Order(renewal.ID)
	if !o.Frozen || renewal.State != market.Completed || !o.Present.ExpireTime.Equal(renewal.ExpireTime) {
		t.Errorf("order %+v, renewal %+v", o, renewal)
	}
}

func TestUpgradeThatFailsIsRefunded(t *testing.T) {
	sim, _, _ := simtest.Fixture(t, simtest.Failing("upgradeInstance", 99, simtest.Reset))
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	change, err := sim.Upgrade(context.Background(), o.ID, 50)
	if !errors.Is(err, market.ErrCall) || change.State != market.Cancelled || !change.Refunded || sim.FailedOrders() != 1 {
		t.Errorf("Upgrade = %+v, %v", change, err)
	}
	if o, _ = sim.Order(o.ID); o.State != market.Completed || o.Present.Product.LinearValue != 10 {
		t.Errorf("order = %+v", o)
	}
}

// An interrupted call is nobody's failure and can be restarted.
func TestInterruption(t *testing.T) {
	s := simtest.NewSeller(t, simtest.NewClock(), simtest.Failing("newInstance", 1, simtest.Reset))
	cfg := simtest.Config(s)
	ctx, cancel := context.WithCancel(context.Background())
	cfg.Clock = simtest.Held{Clock: s.Clock, Waits: cancel}
	sim := simtest.NewSimulator(t, cfg)
	o, err := sim.Place(catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	o, err = sim.Open(ctx, o.ID)
	if !errors.Is(err, context.Canceled) || o.State != market.Processing || sim.FailedOrders() != 0 {
		t.Errorf("Open = %+v, %v", o, err)
	}
	if _, err := sim.Restart(context.Background(), o.ID); err != nil {
		t.Errorf("Restart = %v", err)
	}
	if o, _ = sim.Order(o.ID); o.State != market.Completed || !o.Informed {
		t.Errorf("order = %+v", o)
	}
}

func TestCallsThatMakeNoSense(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, nil)
	ctx := context.Background()
	o, err := sim.Place(catalogue.OneTime)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Duplicate(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("Duplicate before Open = %v", err)
	}
	if _, err := sim.Open(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Open(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("Open twice = %v", err)
	}
	if c, err := sim.Duplicate(ctx, o.ID); err != nil || c.Problem != "" {
		t.Errorf("Duplicate = %+v, %v", c, err)
	}
	if _, err := sim.Query(ctx, o.ID); err != nil {
		t.Errorf("Query = %v", err)
	}
	if err := sim.Freeze(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("Freeze of a one-time order = %v", err)
	}
	if err := sim.CheckChange(ctx, o.ID, 3); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("CheckChange of a one-time order = %v", err)
	}
	if _, err := sim.Unsubscribe(ctx, o.ID); err != nil {
		t.Errorf("Unsubscribe = %v", err)
	}
	if err := sim.Release(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("Release after Unsubscribe = %v", err)
	}
	simtest.Equal(t, "calls", s.Sequence(), []string{"newInstance", "queryInstance", "newInstance", "queryInstance", "releaseInstance"})
}
