// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/fulfil"
)

// freshToken is a token that the seed adds at run time.
const freshToken = "fresh-token-0123456789abcdef0123456789"

// grown is the rig's configuration with a further endpoint, products, provisioner, token and seller.
func grown() config.Config {
	cfg := testConfig()
	for i := range cfg.Endpoints {
		cfg.Endpoints[i].InstanceID = "business"
	}
	cfg.Provisioners = append(cfg.Provisioners, config.Provisioner{
		Name: "fresh-links", Type: config.ProvisionerTemplate, Template: config.Template{FrontEndURL: "https://fresh.example.com/{instance}"},
	})
	product := config.Product{Provisioner: "fresh-links", SyncBudget: 4 * time.Second}
	sms, mms, pack := product, product, product
	sms.Meter, mms.Meter = config.Meter{Name: "sms"}, config.Meter{Name: "mms"}
	pack.Package.Items = []config.PackageItem{{Product: "SMS", Quota: "100"}, {Product: "MMS", Quota: "50"}}
	cfg.Endpoints = append(cfg.Endpoints, config.Endpoint{
		Name: "fresh", Seller: "acme", Keys: []config.Secret{acmeKey}, InstanceID: "business", CreateAppInfo: "always",
		Products: map[string]config.Product{"*": product, "SMS": sms, "MMS": mms, "PKG": pack},
	})
	cfg.Sellers[0].Tokens = append(cfg.Sellers[0].Tokens, config.Token{Name: "fresh", Secret: freshToken, Scopes: []string{"read"}})
	cfg.Sellers = append(cfg.Sellers, config.Seller{Name: "third", Tokens: []config.Token{{Name: "all", Secret: freshToken + "3", Scopes: []string{"read"}}}})
	return cfg
}

// TestEveryConsumerFollowsTheRows: without a restart the facade, the core, the handlers' settings, the meters, the packages' contents,
// the tokens of REST and gRPC, the jobs of template provisioners, and the rounds with what readiness follows act on rows that were
// added, and on their end. The marketplace's clients are TestTheMarketplacesClientsFollow in cmd/koogate.
func TestEveryConsumerFollowsTheRows(t *testing.T) {
	facts := func(product, mode string) fulfil.OrderFacts {
		f := yearly
		f.Product.ProductID, f.Product.ChargingMode, f.Buyer = product, mode, []byte(`{"customerId":"ann"}`)
		return f
	}
	r := start(t, func(_ *config.Config, d *server.Deps) {
		d.Marketplace = &shop{d.Marketplace.(*market), map[string]fulfil.OrderFacts{
			"CS1-000001": facts("SMS", "ON_DEMAND"), "CS1-000002": facts("MMS", "ON_DEMAND"), "CS2-000001": facts("PKG", "ON_DEMAND_PKG"),
		}}
	})
	buy := func(order, line, product string) reply {
		t.Helper()
		return r.send("fresh", fmt.Sprintf(`{"activity":"newInstance","orderId":%q,"orderLineId":%q,"businessId":"b-%s","productId":%q}`, order, line, product, product))
	}
	rest := func() int {
		status, _, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", freshToken, "")
		return status
	}
	rounds := func() (n int) {
		_, body, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "koogate_round_age_seconds") && strings.Contains(line, `seller="third"`) {
				n++
			}
		}
		return n
	}
	client := koogatev1.NewOrderServiceClient(r.dial(freshToken))
	rpc := func() error {
		_, err := client.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{})
		return err
	}
	seed := func(cfg config.Config) {
		t.Helper()
		if err := r.deps.Sellers.Seed(t.Context(), server.Declared(&cfg)); err != nil {
			t.Fatal(err)
		}
	}
	if a := buy("CS1", "CS1-000001", "SMS"); a.code != "000001" || rest() != http.StatusUnauthorized || rpc() == nil || rounds() != 0 {
		t.Fatalf("before: %s, REST %d, %d rounds", a.body, rest(), rounds())
	}

	seed(grown())
	a := buy("CS1", "CS1-000001", "SMS") // the facade knows the address, the core the rule, and a job has filled the template
	if a.code != "000000" || !strings.Contains(a.body, "https://fresh.example.com/") {
		t.Errorf("facade, core, settings or jobs: %s", a.body)
	}
	buy("CS1", "CS1-000002", "MMS")
	buy("CS2", "CS2-000001", "PKG")
	if info := r.usageInfos("fresh", "b-SMS", "b-PKG"); len(info["b-SMS"]) != 1 || len(info["b-PKG"]) != 2 {
		t.Errorf("meters or contents: %v", info)
	}
	if err := rpc(); rest() != http.StatusOK || err != nil {
		t.Errorf("tokens: REST %d, gRPC %v", rest(), err)
	}
	eventually(t, "the rounds of a new seller", func() bool { return rounds() > 5 })

	cfg := testConfig()
	for i := range cfg.Endpoints {
		cfg.Endpoints[i].InstanceID = "business"
	}
	seed(cfg)
	if a := buy("CS3", "CS3-000001", "SMS"); a.code != "000001" || rest() != http.StatusUnauthorized || rpc() == nil {
		t.Errorf("after: %s, REST %d", a.body, rest())
	}
	eventually(t, "the end of a seller's rounds", func() bool { return rounds() == 0 })
}

// TestAReloadWithAFaultChangesNothing: the log names the fault and where it is, and everything is served as before.
func TestAReloadWithAFaultChangesNothing(t *testing.T) {
	r := start(t)
	before := r.deps.Sellers.Snapshot()
	cfg := grown()
	cfg.Endpoints[3].Seller = "nobody"
	r.Reload(t.Context(), &cfg, cfg.ValidateSellers())
	if log := r.log.String(); r.deps.Sellers.Snapshot() != before || !strings.Contains(log, "endpoints[3].seller") {
		t.Errorf("log: %s", log)
	}
	cfg = grown()
	if r.Reload(t.Context(), &cfg, cfg.ValidateSellers()); r.deps.Sellers.Snapshot().Endpoint("fresh") == nil {
		t.Error("a configuration without a fault was not taken")
	}
}
