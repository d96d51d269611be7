// SPDX-License-Identifier: Apache-2.0

package shadow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/shadow"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// records are what was recorded.
type records struct {
	mu   sync.Mutex
	list []store.CallComparison
}

func (r *records) call(bytes int) facade.Shadowed {
	c := facade.Shadowed{Kept: facade.Kept{Seller: "acme", Endpoint: "shop", Body: make([]byte, bytes)}}
	c.Record = func(x store.CallComparison, own, rules string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if own != "" || rules != "" {
			x += "?"
		}
		r.list = append(r.list, x)
	}
	return c
}

func (r *records) skipped() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.list {
		if x == store.CompareSkipped {
			n++
		}
	}
	return n
}

func service(opens *int) *shadow.Service {
	return shadow.New(shadow.Deps{
		Open: func(context.Context) (shadow.Store, error) {
			*opens++
			return nil, errors.New("no memory")
		},
		Clock: clock.System{}, Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	})
}

// A call waits while there is room, and is recorded without a comparison otherwise. Taking never waits.
func TestCallsWithoutRoomAreRecordedAtOnce(t *testing.T) {
	var opens int
	var r records
	s := service(&opens)
	for range 600 {
		s.Take(r.call(10))
	}
	if n := r.skipped(); n != 600-512 {
		t.Errorf("%d calls are skipped", n)
	}
	big := service(&opens)
	r = records{}
	for range 5 {
		big.Take(r.call(10 << 20))
	}
	if n := r.skipped(); n != 2 {
		t.Errorf("%d calls of 10 MiB are skipped", n)
	}
	if opens != 0 {
		t.Error("something was computed")
	}
}

// Each call that was taken is recorded, whatever happens: without a database, and when the service stops.
func TestEveryCallIsRecordedOnce(t *testing.T) {
	var opens int
	var r records
	s := service(&opens)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	for range 20 {
		s.Take(r.call(1))
	}
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	for range 400 {
		if r.skipped() == 20 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := r.skipped(); n != 20 || opens != 20 {
		t.Fatalf("%d of 20 calls are recorded, %d attempts", n, opens)
	}
	cancel()
	<-done
	s.Take(r.call(1)) // after the stop
	if n := r.skipped(); n != 21 {
		t.Errorf("%d of 21 calls are recorded", n)
	}
	stopped, end := context.WithCancel(t.Context())
	end()
	late := service(&opens)
	r = records{}
	for range 7 {
		late.Take(r.call(1))
	}
	late.Run(stopped)
	if n := r.skipped(); n != 7 {
		t.Errorf("%d of 7 calls are recorded by a stop", n)
	}
}

// whole is a service that can answer calls to an endpoint "shop".
func whole(t *testing.T, opens *int) *shadow.Service {
	t.Helper()
	rules, err := fulfil.NewRules([]fulfil.Endpoint{{Name: "shop", Seller: "acme", Products: map[string]fulfil.ProductRule{"*": {Provisioner: shadow.Provisioner, SyncBudget: time.Second}}}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := facade.NewTable([]facade.Endpoint{{Name: "shop", Seller: "acme", Keys: []string{"key"}}})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	return shadow.New(shadow.Deps{
		Open: func(ctx context.Context) (shadow.Store, error) {
			*opens++
			return sqlite.Open(ctx, sqlite.Options{Memory: true, Readers: 2})
		},
		Rules: func() *fulfil.Rules { return rules }, Settings: func() map[string]production.Settings { return nil }, Table: func() *facade.Table { return table },
		Sellers: func() []string { return []string{"acme"} }, Chain: interceptor.Chain(interceptor.Recover(log), interceptor.Status(log), interceptor.Validate(validator)).Unary,
		Sealer: sealer, NewID: storetest.NewID, Clock: clock.System{}, Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: log,
		Old: shadow.OldServers{
			Shows: func(context.Context, facade.Kept, string) (bool, error) { return false, nil },
			Ended: func(context.Context, string, string) (bool, error) { return false, nil },
		},
	})
}

// bought is a creation that the old server has answered with an instance.
func bought(order string, record func(store.CallComparison)) facade.Shadowed {
	body := `{"activity":"newInstance","orderId":"` + order + `","orderLineId":"1","businessId":"b"}`
	return facade.Shadowed{
		Kept: facade.Kept{Seller: "acme", Endpoint: "shop", Door: "/v2/", Body: []byte(body), Key: "key"}, Family: "saas_v2", Action: "newInstance", OrderID: order,
		LockKey: fulfil.LockKey("acme", order, "1", ""), Heard: true, Code: "000000", Status: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Answer: []byte(`{"resultCode":"000000","resultMsg":"ok","instanceId":"old-` + order + `"}`), Record: func(c store.CallComparison, _, _ string) { record(c) },
	}
}

// After a call that was left out, what is known is given up: it lacks what that call has told.
func TestACallThatWasLeftOut(t *testing.T) {
	var opens int
	s := whole(t, &opens)
	ctx, cancel := context.WithCancel(t.Context())
	same, skipped := 0, 0
	count := func(c store.CallComparison) {
		switch c {
		case store.CompareSame:
			same++
		case store.CompareSkipped:
			skipped++
		}
		if same == 513 {
			cancel()
		}
	}
	s.Take(bought("CS0", func(c store.CallComparison) {
		count(c)
		for i := range 520 { // in the hand of Run, so that none is taken out meanwhile
			s.Take(bought(fmt.Sprintf("CS%d", i+1), count))
		}
	}))
	s.Run(ctx)
	if same != 513 || skipped != 8 || opens != 2 {
		t.Errorf("%d the same, %d skipped, %d worlds", same, skipped, opens)
	}
}

// What is known is given up when there is too much of it.
func TestAWorldIsBounded(t *testing.T) {
	var opens int
	s := whole(t, &opens)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	var next func(store.CallComparison)
	next = func(c store.CallComparison) {
		if c != store.CompareSame {
			t.Errorf("call %d: %s", n, c)
		}
		if n++; n > 5000 {
			cancel()
			return
		}
		s.Take(bought(fmt.Sprint("CS", n%7), next))
	}
	s.Take(bought("CS", next))
	s.Run(ctx)
	if opens != 2 {
		t.Errorf("%d worlds for %d calls", opens, n)
	}
}
