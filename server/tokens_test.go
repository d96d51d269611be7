// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// TestATokenCountsAtOnceAndEndsAtOnce: the next call with a new token is let in, with what it was given and nothing more, and the first after its end
// is refused, by REST and by gRPC. Its secret is in no log.
func TestATokenCountsAtOnceAndEndsAtOnce(t *testing.T) {
	r := start(t, withoutJobs)
	client := koogatev1.NewTokenServiceClient(r.dial(tokensToken))
	made, err := client.CreateToken(t.Context(), &koogatev1.CreateTokenRequest{Name: "reader", Scopes: []koogatev1.Scope{koogatev1.Scope_SCOPE_READ}})
	if err != nil || len(made.GetSecret()) != 52 {
		t.Fatalf("%d characters, %v", len(made.GetSecret()), err)
	}
	rest := func(path string) int {
		status, _, _ := r.http(config.ListenerAPI, http.MethodGet, path, made.GetSecret(), "")
		return status
	}
	orders := koogatev1.NewOrderServiceClient(r.dial(made.GetSecret()))
	if _, err := orders.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{}); err != nil || rest("/v1/orders") != http.StatusOK {
		t.Errorf("the new token: %v", err)
	}
	if got := rest("/v1/tokens"); got != http.StatusForbidden {
		t.Errorf("what it was not given: %d", got)
	}
	shown, err := client.GetToken(t.Context(), &koogatev1.GetTokenRequest{TokenId: made.GetToken().GetTokenId()})
	if err != nil || shown.GetToken().GetLastUseTime() == nil {
		t.Errorf("its last use: %v, %v", shown, err)
	}
	if _, err := client.DeleteToken(t.Context(), &koogatev1.DeleteTokenRequest{TokenId: made.GetToken().GetTokenId()}); err != nil {
		t.Fatal(err)
	}
	_, err = orders.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{})
	if reason, _ := reasonOf(err); reason != "TOKEN_INVALID" || rest("/v1/orders") != http.StatusUnauthorized {
		t.Errorf("after its end: %v", err)
	}
	if strings.Contains(r.log.String(), made.GetSecret()) {
		t.Error("the log has the token")
	}
}

// TestNobodyLocksEverybodyOut: the last token that may manage tokens goes only by force; another that ends soon is no successor.
func TestNobodyLocksEverybodyOut(t *testing.T) {
	r := start(t, withoutJobs)
	file := koogatev1.NewTokenServiceClient(r.dial(tokensToken))
	create := func(c koogatev1.TokenServiceClient, name string, end time.Time) *koogatev1.CreateTokenResponse {
		t.Helper()
		q := &koogatev1.CreateTokenRequest{Name: name, Scopes: []koogatev1.Scope{koogatev1.Scope_SCOPE_TOKENS}}
		if !end.IsZero() {
			q.EndTime = timestamppb.New(end)
		}
		made, err := c.CreateToken(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := create(file, "first", time.Time{})
	own := koogatev1.NewTokenServiceClient(r.dial(first.GetSecret()))
	cfg := testConfig() // the file takes its own away
	cfg.Sellers[0].Tokens = cfg.Sellers[0].Tokens[:1]
	r.reseed(t, cfg)
	end := func(id string, force bool) error {
		_, err := own.DeleteToken(t.Context(), &koogatev1.DeleteTokenRequest{TokenId: id, Force: force})
		return err
	}
	refused := func(what string) {
		t.Helper()
		err := end(first.GetToken().GetTokenId(), false)
		if reason, _ := reasonOf(err); reason != "STATE_CONFLICT" || !strings.Contains(err.Error(), "with the scope tokens first, or delete this one with force") {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("the last")
	soon := create(own, "soon", time.Now().Add(time.Hour))
	refused("but one that ends in an hour")
	if err := end(soon.GetToken().GetTokenId(), false); err != nil {
		t.Errorf("the other: %v", err)
	}
	create(own, "next", time.Time{})
	if err := end(first.GetToken().GetTokenId(), false); err != nil {
		t.Errorf("with a successor: %v", err)
	}
}

// reseed has the rows follow another file.
func (r *rig) reseed(t *testing.T, cfg config.Config) {
	t.Helper()
	for i := range cfg.Endpoints {
		cfg.Endpoints[i].InstanceID = "business"
	}
	if err := r.deps.Sellers.Seed(t.Context(), server.Declared(&cfg)); err != nil {
		t.Fatal(err)
	}
}
