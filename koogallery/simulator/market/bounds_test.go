// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"context"
	"errors"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestLongTime(t *testing.T) {
	s := simtest.NewSeller(t, simtest.NewClock(), nil)
	cfg := simtest.Config(s)
	cfg.LongTime = true
	sim := simtest.NewSimulator(t, cfg)
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Renew(context.Background(), o.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.Body(2)["expireTime"]; got != "20280130155959000" {
		t.Errorf("expireTime %v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, nil)
	cfg := simtest.Config(s)
	cfg.MaxOrders, cfg.MaxCalls = 10, 7
	sim := simtest.NewSimulator(t, cfg)
	first, err := simtest.OpenOrder(t, sim, catalogue.OneTime)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if _, err := simtest.OpenOrder(t, sim, catalogue.OneTime); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(sim.Orders(0)); n != 10 {
		t.Errorf("%d orders", n)
	}
	if n, m := len(sim.Calls("")), len(sim.Messages(0)); n != 7 || m != 7 {
		t.Errorf("%d calls, %d messages", n, m)
	}
	if _, err := sim.Order(first.ID); !errors.Is(err, market.ErrOrder) {
		t.Errorf("the oldest order is still there: %v", err)
	}
	calls := sim.Calls("")
	for i := 1; i < len(calls); i++ {
		if calls[i].Seq != calls[i-1].Seq+1 {
			t.Error("the calls are not the last ones in order")
		}
	}
}

// An order with a call in progress is not forgotten; there is no room beside it.
func TestBusyOrdersAreKept(t *testing.T) {
	s := simtest.NewSeller(t, simtest.NewClock(), simtest.Failing("newInstance", 1, simtest.Reset))
	cfg := simtest.Config(s)
	cfg.MaxOrders = 1
	asleep, wake := make(chan struct{}), make(chan struct{})
	cfg.Clock = simtest.Held{Clock: s.Clock, Waits: func() { close(asleep) }, Wake: wake}
	sim := simtest.NewSimulator(t, cfg)
	o, err := sim.Place(catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := sim.Open(context.Background(), o.ID)
		done <- err
	}()
	<-asleep
	if _, err := sim.Place(catalogue.Period); !errors.Is(err, market.ErrFull) {
		t.Errorf("Place = %v", err)
	}
	close(wake)
	if err := <-done; err != nil {
		t.Errorf("Open = %v", err)
	}
	if _, err := sim.Place(catalogue.Period); err != nil {
		t.Errorf("Place = %v", err)
	}
}

func TestRepeatedIDs(t *testing.T) {
	cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	cfg.NewID = func() string { return "always" }
	sim := simtest.NewSimulator(t, cfg)
	if _, err := sim.Place(catalogue.Period); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Place(catalogue.Period); !errors.Is(err, market.ErrConfig) {
		t.Errorf("Place = %v", err)
	}
}
