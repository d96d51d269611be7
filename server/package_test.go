// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/metadata"

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
