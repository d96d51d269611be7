// SPDX-License-Identifier: Apache-2.0

package reseal_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/reseal"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type market struct{}

func (market) QueryOrder(context.Context, string, string, string) (fulfil.OrderFacts, error) {
	return fulfil.OrderFacts{}, errors.New("not asked")
}
func (market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fill has the services seal a value in every column, under a vault.
func fill(t *testing.T, st store.Store, v *vault.Vault) {
	t.Helper()
	ctx := t.Context()
	endpoint := fulfil.Endpoint{Name: "demo", Seller: "demo", BusinessID: true, Products: map[string]fulfil.ProductRule{"*": {Provisioner: "worker"}}}
	core := must[*fulfil.Service](t)(fulfil.New(fulfil.Config{}, []fulfil.Endpoint{endpoint}, fulfil.Deps{
		Store: st, Guard: memory.New(clock.System{}.Now), Sealer: v, Marketplace: market{}, Clock: clock.System{},
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Password: func() string { return "x" },
		Tracer: noop.NewTracerProvider().Tracer(""), Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	}))
	ep, _ := core.Endpoint("demo")
	if _, err := core.NewInstance(ctx, fulfil.NewInstance{
		Endpoint: ep, OrderID: "CS/1", OrderLineID: "1", BusinessID: "biz-1", ProductID: "p", Arrived: time.Now(), Extra: `{"x":1}`,
		Family: fulfil.FamilySaasV1, Match: map[string]string{"skuCode": "s"}, Input: fulfil.Input{CustomerID: "canary", UserName: "canary"},
		Told: &fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: "p"}, Buyer: []byte(`{"customerId":"canary"}`)},
	}); err != nil {
		t.Fatal(err)
	}
	tasks := must[[]store.Task](t)(core.Work.Lease(ctx, work.Ask{Seller: "demo", Queues: []string{"worker"}, Worker: "w", Max: 1, For: time.Minute}))
	must[store.Task](t)(core.CompleteTask(ctx, fulfil.Completion{
		Seller: "demo", TaskID: tasks[0].ID, Fence: tasks[0].Fence, Access: &fulfil.Access{FrontEndURL: "https://x.example.com", Password: "canary"},
	}))
	if _, err := core.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{Endpoint: ep, InstanceID: "biz-1", Freeze: true, Extra: `{"x":2}`}); err != nil {
		t.Fatal(err)
	}
	entries := directory.New(directory.Deps{Store: st, Recorder: core, Sealer: v, Clock: clock.System{}})
	scope := directory.Scope{Seller: "demo", InstanceID: "biz-1", TenantID: "t", At: time.Now().UTC(), Extra: `{"x":3}`}
	must[bool](t)(entries.SyncApplication(ctx, directory.Application{Scope: scope, AppID: "a", ClientID: "c", ClientSecret: "canary", Flag: directory.Add}))
	must[bool](t)(entries.SyncUsers(ctx, directory.Users{
		Scope: scope, AppID: "a", Flag: directory.Add, Users: []directory.User{{UserName: "u", Profile: directory.Profile{Name: "canary"}}},
	}))
	// A licence, a code, a webhook's secrets, a call and a key are sealed here by hand, for the contexts that reseal knows. That these are the services' own is held by
	// TestWhatIsSealedIsNotInTheFile of package server.
	a := must[*store.Aggregate](t)(st.Aggregate(ctx, "demo", "CS/1"))
	line := a.Lines[0]
	line.Result = must[[]byte](t)(v.Seal([]byte("{}"), "result/demo/CS/1/1/p/newInstance"))
	if err := st.Apply(ctx, &store.Change{PutLines: []store.Line{line}}); err != nil {
		t.Fatal(err)
	}
	code := must[[]byte](t)(v.Seal([]byte("canary"), "licence/code/demo/h"))
	if err := st.PutLicenceCode(ctx, store.LicenceCode{Seller: "demo", Hash: "h", Code: code, CreatedAt: time.Now(), UpdatedAt: time.Now()}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	secret := must[[]byte](t)(v.Seal([]byte("canary"), "seller/key/demo/k"))
	hook := must[[]byte](t)(v.Seal([]byte("canary"), "webhook/secret/demo/w"))
	older := must[[]byte](t)(v.Seal([]byte("canary"), "webhook/secret/demo/w"))
	if err := st.AddWebhook(ctx, &store.Webhook{
		Seller: "demo", ID: "w", Name: "w", State: store.WebhookEnabled, Secrets: []store.WebhookSecret{{ID: "b", Sealed: hook}, {ID: "a", Sealed: older}},
	}, 1); err != nil {
		t.Fatal(err)
	}
	said := store.Call{Seller: "demo", ID: storetest.NewIDAt(time.Now()), CreatedAt: time.Now(), LastAt: time.Now(), Times: 1, Verdict: store.CallAnswered}
	said.Body = must[[]byte](t)(v.Seal([]byte("canary"), "call/demo/"+said.ID))
	if err := st.RecordCalls(ctx, []store.Call{said}, nil); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	app := store.LoginApplication{Seller: "demo", AppID: "app", State: store.LoginEnabled}
	app.Test = must[[]byte](t)(v.Seal([]byte("canary"), "login application app"))
	request := store.LoginRequest{ID: "r", Seller: "demo", AppID: "app", Held: must[[]byte](t)(v.Seal([]byte("canary"), "login request r"))}
	session := store.LoginSession{ID: "s", Seller: "demo", AppID: "app", Upstream: must[[]byte](t)(v.Seal([]byte("canary"), "login session s")), CreatedAt: at}
	key := store.SigningKey{Number: 7, ID: "k", Private: must[[]byte](t)(v.Seal([]byte("canary"), "login key 7")), CreatedAt: at}
	if err := errors.Join(
		st.AddLoginApplication(ctx, &app, 1), st.AddLoginRequest(ctx, &request), st.AddLoginSession(ctx, &session), st.AddSigningKey(ctx, &key),
	); err != nil {
		t.Fatal(err)
	}
	if _, err := st.ChangeSellers(ctx, store.SellerChange{Keys: []store.SellerKey{{Seller: "demo", ID: "k", Use: store.KeyBase, Secret: secret}}}); err != nil {
		t.Fatal(err)
	}
}

// After a pass no column has a value under the old key, every value opens with the new key alone where it is, the chains hold, and a
// second pass has nothing to do. An event of an earlier release, which has the value in its data, gets a copy beside it.
func TestEveryColumnIsSealedAnew(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		ctx := t.Context()
		first := must[[]byte](t)(vault.Generate())
		oldKey, _, _ := vault.Keys(first)
		older := must[*vault.Vault](t)(vault.Open(first))
		fill(t, st, older)
		earlier := must[[]byte](t)(older.Seal([]byte(`{"x":0}`), "event/demo/CS0"))
		if err := st.Apply(ctx, &store.Change{
			NewOrder: &store.Order{Seller: "demo", OrderID: "CS0", Head: store.Head{Seq: 1}},
			Events:   []store.Event{{Seller: "demo", OrderID: "CS0", Seq: 1, Kind: "instance.frozen", Data: fmt.Sprintf(`{"extraSealed":"%s"}`, base64.StdEncoding.EncodeToString(earlier))}},
		}); err != nil {
			t.Fatal(err)
		}
		both := must[[]byte](t)(vault.Rotate(first))
		newKey, others, _ := vault.Keys(both)
		if len(others) != 1 || others[0] != oldKey {
			t.Fatal(others)
		}
		counts := must[[]reseal.Count](t)(reseal.Run(ctx, st, must[*vault.Vault](t)(vault.Open(both)), newKey, nil))
		for _, c := range counts {
			if c.Values == 0 || c.Resealed != c.Values || c.Unreadable != 0 || c.ByKey[oldKey] != c.Values {
				t.Errorf("%+v", c)
			}
		}
		alone := must[*vault.Vault](t)(vault.Open(must[[]byte](t)(vault.Retire(both, oldKey))))
		again := must[[]reseal.Count](t)(reseal.Run(ctx, st, alone, newKey, nil))
		for i, c := range again {
			if c.Values != counts[i].Values || c.Resealed != 0 || c.Unreadable != 0 || c.ByKey[newKey] != c.Values {
				t.Errorf("again: %+v", c)
			}
		}
		report := must[*evidence.Report](t)((&evidence.Verifier{Source: st, Anchors: st, Sealer: alone}).Order(ctx, "demo", "CS/1", ""))
		if report.FaultCount != 0 {
			t.Errorf("the chain: %+v", report.Faults)
		}
		// A value that is not where it was sealed is counted, and the others go on.
		exec(`UPDATE orders SET buyer = (SELECT access FROM instances) WHERE order_id = 'CS/1'`)
		third := must[[]byte](t)(vault.Rotate(both))
		key, _, _ := vault.Keys(third)
		counts = must[[]reseal.Count](t)(reseal.Run(ctx, st, must[*vault.Vault](t)(vault.Open(third)), key, nil))
		if counts[0].Unreadable != 1 || counts[0].Resealed != 0 || counts[1].Resealed != 1 {
			t.Errorf("%+v", counts)
		}
	})
}

// A value that a replica changes between the reading and the writing is left as the replica wrote it.
func TestAValueThatChangesMeanwhileIsLeftAlone(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		ctx := t.Context()
		first := must[[]byte](t)(vault.Generate())
		fill(t, st, must[*vault.Vault](t)(vault.Open(first)))
		column := store.SealedColumns[0]
		values := must[[]store.SealedValue](t)(st.SealedValues(ctx, column, nil, 10))
		if err := st.Apply(ctx, &store.Change{PutOrder: &store.Order{Seller: "demo", OrderID: "CS/1", Buyer: []byte("newer")}}); err != nil {
			t.Fatal(err)
		}
		n, err := st.Reseal(ctx, column, []store.Resealed{{Key: values[0].Key, Old: values[0].Text, New: []byte("stale")}})
		a := must[*store.Aggregate](t)(st.Aggregate(ctx, "demo", "CS/1"))
		if err != nil || n != 0 || string(a.Order.Buyer) != "newer" {
			t.Errorf("%d replaced, %v; %q", n, err, a.Order.Buyer)
		}
	})
}
