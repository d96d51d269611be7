// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// TestASellerMovesInAtRunTime: added by whoever looks after the installation, it gets a token of its own, with which it adds what it sells through and takes its first
// order; its keys change while it works; and when it is deleted, nothing of it is served or can be read from outside any more, and its orders stay.
func TestASellerMovesInAtRunTime(t *testing.T) {
	r := start(t, withoutJobs)
	installer := koogatev1.NewSellerServiceClient(r.dial(installerToken))
	settings := &koogatev1.SellerSettings{Site: "cn", AccessKey: "AK-1", SecretKey: "canary-sk-1"}
	made, err := installer.CreateSeller(t.Context(), &koogatev1.CreateSellerRequest{Seller: "beta", Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(made.String(), "canary") || len(made.GetTokenSecret()) < 40 {
		t.Errorf("the answer is %s", made)
	}
	own := r.dial(made.GetTokenSecret())
	tokens, err := koogatev1.NewTokenServiceClient(own).ListTokens(t.Context(), &koogatev1.ListTokensRequest{})
	if err != nil || len(tokens.GetTokens()) != 1 || tokens.GetTokens()[0].GetTokenId() != made.GetTokenId() || tokens.GetTokens()[0].GetName() != "first" || len(tokens.GetTokens()[0].GetScopes()) != 10 {
		t.Fatalf("got %v, %v", tokens, err)
	}
	// It gives what it holds, and cannot look after others.
	for scope, want := range map[koogatev1.Scope]string{koogatev1.Scope_SCOPE_WORKER: "", koogatev1.Scope_SCOPE_INSTALLATION: "SCOPE_NOT_HELD"} {
		_, err := koogatev1.NewTokenServiceClient(own).CreateToken(t.Context(), &koogatev1.CreateTokenRequest{Name: "second", Scopes: []koogatev1.Scope{scope}})
		if got, _ := reasonOf(err); got != want {
			t.Errorf("a token with %s: %v", scope, err)
		}
	}
	_, err = koogatev1.NewSellerServiceClient(own).CreateSeller(t.Context(), &koogatev1.CreateSellerRequest{Seller: "gamma", Settings: settings})
	if got, scope := reasonOf(err); got != "SCOPE_MISSING" || scope != "installation" {
		t.Errorf("got %v", err)
	}
	if _, err := koogatev1.NewProvisionerServiceClient(own).CreateProvisioner(t.Context(), &koogatev1.CreateProvisionerRequest{
		Provisioner: "beta-crm", Settings: &koogatev1.ProvisionerSettings{Type: "worker"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := koogatev1.NewEndpointServiceClient(own).CreateEndpoint(t.Context(), &koogatev1.CreateEndpointRequest{
		Endpoint: "beta-main", Settings: &koogatev1.EndpointSettings{}, Keys: []*koogatev1.NewEndpointKey{{Purpose: koogatev1.KeyPurpose_KEY_PURPOSE_BASE, Secret: acmeKey}},
		Products: []*koogatev1.NewProduct{{ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: "beta-crm"}}},
	}); err != nil {
		t.Fatal(err)
	}
	if a := r.mustCall("beta-main", newInstance("CS-BETA")); a.ResultCode != "000004" {
		t.Fatalf("got %+v", a)
	}
	orders, err := koogatev1.NewOrderServiceClient(own).ListOrders(t.Context(), &koogatev1.ListOrdersRequest{})
	if err != nil || len(orders.GetOrders()) != 1 || orders.GetOrders()[0].GetSeller() != "beta" {
		t.Errorf("got %v, %v", orders, err)
	}

	// Its own people change the access key; the calls after it are signed with the new one.
	updated, err := koogatev1.NewSellerServiceClient(own).UpdateSeller(t.Context(), &koogatev1.UpdateSellerRequest{
		Seller: "beta", Settings: &koogatev1.SellerSettings{AccessKey: "AK-2", SecretKey: "canary-sk-2"}, Etag: made.GetSeller().GetEtag(),
	})
	if err != nil || updated.GetSeller().GetSettings().GetAccessKey() != "AK-2" || strings.Contains(updated.String(), "canary") || updated.GetSeller().GetEtag() == made.GetSeller().GetEtag() {
		t.Fatalf("got %v, %v", updated, err)
	}
	rows, err := r.deps.Store.Sellers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var secrets []string
	for _, k := range rows.Keys {
		if k.Seller == "beta" && k.Use == store.KeySecret {
			plain, err := r.deps.Sealer.Open(k.Secret, "seller/key/beta/"+k.ID)
			secrets = append(secrets, fmt.Sprint(string(plain), err))
		}
	}
	if len(secrets) != 1 || secrets[0] != "canary-sk-2<nil>" {
		t.Errorf("the secret keys are %v", secrets)
	}

	// It goes only when nobody needs it, or by force.
	if _, err := installer.DeleteSeller(t.Context(), &koogatev1.DeleteSellerRequest{Seller: "beta"}); err == nil || !strings.Contains(err.Error(), "beta-main") {
		t.Errorf("got %v", err)
	}
	if _, err := installer.DeleteSeller(t.Context(), &koogatev1.DeleteSellerRequest{Seller: "beta", Force: true}); err != nil {
		t.Fatal(err)
	}
	if code, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", made.GetTokenSecret(), ""); code != http.StatusUnauthorized {
		t.Errorf("the token of a seller that is gone: %d %s", code, body)
	}
	if a, err := r.call("beta-main", newInstance("CS-BETA-2")); err != nil || a.ResultCode != "000001" {
		t.Errorf("the endpoint of a seller that is gone answers %+v, %v", a, err)
	}
	if rows, err = r.deps.Store.Sellers(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, x := range rows.Settings {
		if x.Seller == "beta" {
			t.Errorf("%s %s is still there", x.Kind, x.Name)
		}
	}
	if left, err := r.deps.Store.ListOrders(t.Context(), store.ListQuery{Seller: "beta", Limit: 10}); err != nil || len(left) != 1 {
		t.Errorf("its orders are %v, %v", left, err)
	}
}
