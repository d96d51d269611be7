// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// shop answers order queries by the order line.
type shop struct {
	*market

	lines map[string]fulfil.OrderFacts
}

func (s *shop) QueryOrder(_ context.Context, _, _, lineID string) (fulfil.OrderFacts, error) {
	return s.lines[lineID], nil
}

// startShop is a server that sells SMS and MMS by use, and PKG, a package of both, each by an order line of its own.
func startShop(t *testing.T, opts ...option) (r *rig, buy func(order, line, product string) string) {
	t.Helper()
	facts := func(product, mode string) fulfil.OrderFacts {
		f := yearly
		f.Product.ProductID, f.Product.ChargingMode = product, mode
		f.Buyer = []byte(`{"customerId":"ann"}`)
		return f
	}
	r = start(t, append([]option{func(cfg *config.Config, d *server.Deps) {
		d.Marketplace = &shop{d.Marketplace.(*market), map[string]fulfil.OrderFacts{
			"CS1-000001": facts("SMS", "ON_DEMAND"), "CS1-000002": facts("MMS", "ON_DEMAND"), "CS2-000001": facts("PKG", "ON_DEMAND_PKG"),
		}}
		products := cfg.Endpoints[1].Products
		for id, p := range map[string]config.Product{
			"SMS": {Meter: config.Meter{Name: "sms"}}, "MMS": {Meter: config.Meter{Name: "mms"}},
			"PKG": {Package: config.Package{Items: []config.PackageItem{{Product: "SMS", Quota: "100"}, {Product: "MMS", Quota: "50"}}}},
		} {
			p.Provisioner, p.SyncBudget = products["*"].Provisioner, products["*"].SyncBudget
			products[id] = p
		}
	}}, opts...)...)
	return r, func(order, line, product string) string {
		t.Helper()
		a, err := r.call("linked", map[string]string{
			"activity": "newInstance", "orderId": order, "orderLineId": line, "businessId": "b-" + product, "productId": product,
		})
		if err != nil || a.InstanceID == "" {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.InstanceID
	}
}

// forgetful is a ledger that cannot say what packages hold.
type forgetful struct{ store.Store }

func (forgetful) PackageQuotas(context.Context, string, string) ([]store.Quota, error) {
	return nil, errors.New("the disk is gone")
}

// TestAPackageThatCannotBeReadCostsOnlyItself: queryInstance shows the usage of the other instances, and the way in to all.
func TestAPackageThatCannotBeReadCostsOnlyItself(t *testing.T) {
	r, buy := startShop(t, func(_ *config.Config, d *server.Deps) { d.Store = forgetful{d.Store} })
	sms, pkg := buy("CS1", "CS1-000001", "SMS"), buy("CS2", "CS2-000001", "PKG")
	infos := r.usageInfos("linked", pkg, sms)
	if len(infos) != 2 || infos[pkg] != nil || len(infos[sms]) != 1 || fmt.Sprint(infos[sms][0]["usageValue"]) != "0" {
		t.Errorf("queryInstance shows %v", infos)
	}
}

// TestAPackageFromItsOrder buys SMS and MMS by use, and then a package of both: from the first query on it shows an element
// for each fee item, and what is used of one is drawn from it (second reading C8, C9).
func TestAPackageFromItsOrder(t *testing.T) {
	r, buy := startShop(t)
	sms, mms, pkg := buy("CS1", "CS1-000001", "SMS"), buy("CS1", "CS1-000002", "MMS"), buy("CS2", "CS2-000001", "PKG")
	shows := func(want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for _, u := range r.usageInfo("linked", pkg) {
			got[fmt.Sprint(u["relatedInstanceId"])] = fmt.Sprint(u["usageValue"])
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("queryInstance shows %v, want %v", got, want)
		}
	}
	shows(map[string]string{sms: "0", mms: "0"})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+acmeToken)
	client := koogatev1.NewQuotaServiceClient(r.dial(""))
	if _, err := client.ReserveQuota(ctx, &koogatev1.ReserveQuotaRequest{InstanceId: mms, ReservationId: "r-1", Amount: "12.5"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CommitReservation(ctx, &koogatev1.CommitReservationRequest{ReservationId: "r-1"}); err != nil {
		t.Fatal(err)
	}
	shows(map[string]string{sms: "0", mms: "12.5"})
	list, err := client.ListPackageQuotas(ctx, &koogatev1.ListPackageQuotasRequest{PackageId: pkg})
	if err != nil || len(list.GetQuotas()) != 2 || list.GetQuotas()[0].GetQuota() != "100" || list.GetQuotas()[1].GetUsed() != "12.5" {
		t.Fatalf("%v, %v", list, err)
	}
}

// TestAnImportedPackage: what another integration has sold and counted goes on where it was: in the cycle in hand, at the marketplace's query, and once, however
// often its rows come.
func TestAnImportedPackage(t *testing.T) {
	r, _ := startShop(t)
	instances, quotas := koogatev1.NewInstanceServiceClient(r.dial(moverToken)), koogatev1.NewQuotaServiceClient(r.dial(acmeToken))
	created := timestamppb.New(time.Now().AddDate(0, -2, -3))
	row := func(id, product, mode string, p *koogatev1.ImportPackage) *koogatev1.ImportRow {
		return &koogatev1.ImportRow{
			Endpoint: "linked", OrderId: "CS-" + id, OrderLineId: "1", InstanceId: id, ProductId: product, ChargingMode: mode, CustomerId: "ann",
			State: koogatev1.ImportState_IMPORT_STATE_ACTIVE, CreateTime: created,
			Access: &koogatev1.InstanceAccess{FrontEndUrl: "https://old.example.com/"}, Package: p,
		}
	}
	month := koogatev1.QuotaReset_QUOTA_RESET_MONTH
	request := &koogatev1.ImportInstancesRequest{Reason: "moving in", Rows: []*koogatev1.ImportRow{
		row("pkg", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "sms", Quota: "100", Used: "40", Reset_: month}),
		row("pkg", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "mms", Quota: "50", Reset_: month}),
		row("sms", "SMS", "ON_DEMAND", nil),
		row("mms", "MMS", "ON_DEMAND", nil),
		row("none", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "nobody", Quota: "1"}),
		row("much", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "sms", Quota: "1", Used: "2"}),
		row("year", "PKG", "PERIOD", &koogatev1.ImportPackage{InstanceId: "sms", Quota: "1"}),
		row("form", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "sms", Quota: "many"}),
		row("gone", "PKG", "ON_DEMAND_PKG", &koogatev1.ImportPackage{InstanceId: "sms", Quota: "1"}),
	}}
	request.Rows[8].State = koogatev1.ImportState_IMPORT_STATE_RELEASED
	imports := func(want ...string) {
		t.Helper()
		answer, err := instances.ImportInstances(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range answer.GetResults() {
			got = append(got, strings.TrimSpace(strings.TrimPrefix(v.GetVerdict().String(), "IMPORT_VERDICT_")+" "+strings.Join(v.GetFields(), ",")))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q\n%v", got, want, answer)
		}
	}
	bad := []string{"INVALID package.used", "INVALID package", "INVALID package.quota", "INVALID package"}
	request.ValidateOnly = true
	imports(append([]string{"CREATED", "CREATED", "CREATED", "CREATED", "CREATED", "INVALID package.used", "CREATED"}, bad[2:]...)...) // whose instances are not there yet
	request.ValidateOnly = false
	imports(append([]string{"CREATED", "CREATED", "CREATED", "CREATED", "INVALID package"}, bad...)...)
	imports(append([]string{"UNCHANGED", "UNCHANGED", "UNCHANGED", "UNCHANGED", "INVALID package"}, bad...)...)

	shown := map[string]string{}
	for _, u := range r.usageInfo("linked", "pkg") {
		shown[fmt.Sprint(u["relatedInstanceId"])] = fmt.Sprint(u["usageValue"])
	}
	if want := map[string]string{"sms": "40", "mms": "0"}; !maps.Equal(shown, want) {
		t.Errorf("queryInstance shows %v, want %v", shown, want)
	}
	if _, err := quotas.ReserveQuota(t.Context(), &koogatev1.ReserveQuotaRequest{InstanceId: "sms", ReservationId: "much", Amount: "60.0001"}); status.Code(err) != codes.FailedPrecondition {
		t.Error(err)
	}
	if _, err := quotas.ReserveQuota(t.Context(), &koogatev1.ReserveQuotaRequest{InstanceId: "sms", ReservationId: "r", Amount: "60"}); err != nil {
		t.Error(err)
	}
	list, err := quotas.ListPackageQuotas(t.Context(), &koogatev1.ListPackageQuotasRequest{PackageId: "pkg"})
	if q := list.GetQuotas(); err != nil || len(q) != 2 || q[0].GetUsed() != "40" || q[0].GetUsedElsewhere() != "40" || q[0].GetCycle() != 2 || q[1].GetUsedElsewhere() != "0" {
		t.Error(list, err)
	}
	request.Rows[0].Package.Used = "41"
	request.Rows = request.Rows[:1]
	imports("DIFFERS package.used")
	if _, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/audit", acmeToken, ""); strings.Count(text, `"package"`) < 2 {
		t.Errorf("the audit does not tell what each package holds: %s", text)
	}
}
