// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

type market struct{}

func (market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

func (market) QueryOrder(context.Context, string, string, string) (fulfil.OrderFacts, error) {
	return fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: "OFFI-1", ChargingMode: "PERIOD"}}, nil
}

// newRealRig is the facade over the real core on a real store, with the template provisioner at work.
func newRealRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlitetest.File(t)})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System{}
	guard := memory.New(now.Now)
	metrics := telemetry.NewMetrics(prometheus.NewRegistry())
	log := slog.New(slog.NewTextHandler(r.log, nil))
	tracer := noop.NewTracerProvider().Tracer("")
	core, err := fulfil.New(fulfil.Config{}, []fulfil.Endpoint{{
		Name: "demo", Seller: "demo-seller", BusinessID: true, Products: map[string]fulfil.ProductRule{"*": {Provisioner: "template", SyncBudget: 3 * time.Second}},
	}}, fulfil.Deps{
		Store: st, Guard: guard, Sealer: sealer, Marketplace: market{}, Clock: now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Password: func() string { return canaryPassword }, Tracer: tracer, Metrics: metrics, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	core.Work.Provide(work.Queue{
		Name: "template", Do: core.RunTemplate(fulfil.Template{FrontEndURL: "https://demo.example.com/{instance}", UserName: "admin", Memo: "您好"}),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var jobs sync.WaitGroup
	jobs.Go(func() {
		_ = work.Runner{Work: core.Work, Seller: "demo-seller", Worker: "test", Concurrency: 4}.Run(ctx)
	})
	t.Cleanup(func() {
		cancel()
		jobs.Wait()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := facade.New(facade.Config{Endpoints: []facade.Endpoint{{Name: "demo", Seller: "demo-seller", Keys: []string{key1}}}}, facade.Deps{
		Core: core, Guard: guard, Clock: now, Tracer: tracer, Metrics: metrics, Log: log,
		Conn: newConn(t, production.Deps{Core: core, Guard: guard, Clock: now, Metrics: metrics, Log: log}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.handler, r.clock = f, clocktest.New(now.Now())
	return r
}

// TestLifeOverTheRealCore is one instance from purchase to release, over every layer but the socket.
func TestLifeOverTheRealCore(t *testing.T) {
	r := newRealRig(t)
	step := func(body, want string) {
		t.Helper()
		if a := r.call(body); a.body != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, a.body, want)
		}
	}
	const id = "87b94795-0603-4e24-8ae5-69420d60e3c8"
	named := func(body string) string { return strings.Replace(body, "10e758d0-31ad-4c4b-8f1b-81d03469a10e", id, 1) }
	created := `{"resultCode":"000000","resultMsg":"success","instanceId":"` + id + `"}`
	gone := `{"resultCode":"000003","resultMsg":"instance ID does not exist: instance ` + id + ` is released"}`
	step(named(bodyQuery), `{"resultCode":"000003","resultMsg":"instance ID does not exist: instance `+id+` does not exist"}`)
	step(bodyNew, created)
	step(strings.Replace(bodyNew, id, "another-business-id", 1), created)
	step(named(bodyQuery), `{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"`+id+`","appInfo":{"frontEndUrl":"https://demo.example.com/`+id+
		`","userName":"admin","password":"`+canaryPassword+`","memo":"\u60a8\u597d"}}]}`)
	step(named(bodyRefresh), success)
	step(named(bodyRefresh), success)
	step(named(strings.Replace(bodyRefresh, "20221124023618256", "20231124023618256", 1)),
		success)
	step(named(bodyUpgrade), success)
	step(named(bodyCheck), success)
	step(named(bodyStatus), success)
	step(named(strings.Replace(bodyStatus, "FREEZE", "FROZEN", 1)),
		`{"resultCode":"000002","resultMsg":"invalid request parameters: status: must be in list [FREEZE, UNFREEZE]"}`)
	step(named(bodyRelease), success)
	step(named(bodyRelease), success)
	step(named(bodyStatus), gone)
	step(bodyNew, created) // the first committed answer, for ever
	if log := r.log.String(); strings.Contains(log, canaryPassword) || !strings.Contains(log, "call quarantined") {
		t.Errorf("log: %s", log)
	}
}

// Many calls of one order line at once make one instance.
func TestCrowdOverTheRealCore(t *testing.T) {
	r := newRealRig(t)
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			a := r.call(strings.Replace(bodyNew, "87b94795-0603-4e24-8ae5-69420d60e3c8", fmt.Sprintf("business-%d", i), 1))
			mu.Lock()
			defer mu.Unlock()
			seen[a.body]++
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("answers: %v", seen)
	}
}
