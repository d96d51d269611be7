// SPDX-License-Identifier: Apache-2.0

package seller_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// found is what a check finds.
type found []seller.Fault

func (f found) Error() string        { return fmt.Sprint([]seller.Fault(f)) }
func (f found) Each() []seller.Fault { return f }

// named is a check that a product's provisioner is one that its seller may use.
func named(d seller.Declared) error {
	var f found
	for i, e := range d.Endpoints {
		for id, p := range e.Products {
			if !slices.ContainsFunc(d.Provisioners, func(x seller.Provisioner) bool { return x.Name == p.Provisioner && x.Of(e.Seller) }) {
				f = append(f, seller.Fault{Path: fmt.Sprintf("endpoints[%d].products[%s].provisioner", i, id), Text: "is unknown: " + p.Provisioner})
			}
		}
	}
	if len(f) > 0 {
		return f
	}
	return nil
}

func wantFault(t *testing.T, what string, err error, reason errs.Reason, fields, text string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	e := errs.As(err)
	var paths []string
	for _, f := range e.Fields {
		paths = append(paths, f.Path)
	}
	if e.Reason != reason || strings.Join(paths, " ") != fields || !strings.Contains(e.Msg, text) {
		t.Errorf("%s: %v %v; want %s %s %q", what, e, paths, reason, fields, text)
	}
}

func nobody(context.Context) error { return nil }

// TestFaultsThatWereThereBeforeRefuseNoChange: the file has taken a provisioner away that a product of the API names. Everything else can be
// changed, and so can the product itself, but not to another fault.
func TestFaultsThatWereThereBeforeRefuseNoChange(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v, func(d *seller.Deps) { d.Check = named })
		w := declared()
		r.seed(w)
		a := seller.Act{Seller: "acme", Parent: "saas", Name: "MMS"}
		if _, err := r.CreateProduct(t.Context(), a, seller.Product{Provisioner: "links"}); err != nil {
			t.Fatal(err)
		}
		w.Provisioners = w.Provisioners[:1]
		r.seed(w)
		other := seller.Act{Seller: "acme", Parent: "another", Name: "X"}
		if _, err := r.CreateProduct(t.Context(), other, seller.Product{Provisioner: "crm"}); err != nil {
			t.Errorf("another product: %v", err)
		}
		to := func(p string) error {
			_, err := r.UpdateProduct(t.Context(), a, func(x *seller.Product) error { x.Provisioner = p; return nil })
			return err
		}
		wantFault(t, "another fault", to("none"), errs.InvalidField, "settings.provisioner", "is unknown: none")
		if err := to("crm"); err != nil {
			t.Errorf("the remedy: %v", err)
		}
	})
}

// TestOneSellersProvisionerIsNobodyElses: a provisioner of the API is its seller's alone, and no message names what another seller has.
func TestOneSellersProvisionerIsNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		check := named
		r := newRig(t, st, v, func(d *seller.Deps) { d.Check = func(x seller.Declared) error { return check(x) } })
		w := declared()
		w.Sellers = append(w.Sellers, seller.Seller{Name: "other"})
		w.Endpoints = append(w.Endpoints, seller.Endpoint{Name: "theirs", Seller: "other", Products: map[string]seller.Product{"*": {Provisioner: "crm"}}})
		r.seed(w)
		own := seller.Act{Seller: "acme", Name: "canary"}
		if _, _, err := r.CreateProvisioner(t.Context(), own, seller.Provisioner{Type: "worker"}); err != nil {
			t.Fatal(err)
		}
		foreign := seller.Act{Seller: "other", Name: "canary"}
		_, err := r.CreateProduct(t.Context(), seller.Act{Seller: "other", Parent: "theirs", Name: "X"}, seller.Product{Provisioner: "canary"})
		wantFault(t, "named by another", err, errs.InvalidField, "settings.provisioner", "is unknown")
		_, err = r.Provisioner(t.Context(), "other", "canary")
		wantFault(t, "read by another", err, errs.SettingNotFound, "", "does not exist")
		_, _, err = r.UpdateProvisioner(t.Context(), foreign, func(*seller.Provisioner) error { return nil })
		wantFault(t, "changed by another", err, errs.SettingNotFound, "", "does not exist")
		wantFault(t, "ended by another", r.EndProvisioner(t.Context(), foreign, nobody), errs.SettingNotFound, "", "does not exist")
		if _, err := r.CreateProduct(t.Context(), seller.Act{Seller: "acme", Parent: "saas", Name: "X"}, seller.Product{Provisioner: "canary"}); err != nil {
			t.Errorf("named by its owner: %v", err)
		}
		check = func(seller.Declared) error {
			return found{{Path: "sellers[1].tokens[0].queues[0]", Text: "is unknown"}}
		}
		if _, _, err := r.CreateProvisioner(t.Context(), seller.Act{Seller: "acme", Name: "third"}, seller.Provisioner{Type: "worker"}); err != nil {
			t.Errorf("another seller's old fault: %v", err)
		}
		calls := 0
		check = func(seller.Declared) error {
			if calls++; calls == 1 { // what would be is looked at before what is
				return found{{Path: "endpoints[2].products[*].package.items[0].product", Text: "is no fee item"}}
			}
			return nil
		}
		_, _, err = r.UpdateProvisioner(t.Context(), own, func(p *seller.Provisioner) error { p.Type = "template"; return nil })
		wantFault(t, "needed by another seller", err, errs.StateConflict, "", "what another seller has is no fee item")
		if strings.Contains(err.Error(), "theirs") {
			t.Errorf("names what another seller has: %v", err)
		}
	})
}

// TestAnEndpointStandsBehindTheOthers: the key that signs usage is the first endpoint's, and no new endpoint takes its place.
func TestAnEndpointStandsBehindTheOthers(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		before := r.Snapshot().UsageKey("acme")
		products := []seller.NamedProduct{{ID: "*", Product: seller.Product{Provisioner: "crm"}}}
		x, made, err := r.CreateEndpoint(t.Context(), seller.Act{Seller: "acme", Name: "aaa"}, seller.NewEndpoint{Products: products})
		if err != nil || len(made.Reveal()) != 52 || x.Value.Position < 2 {
			t.Fatalf("%+v, %v", x, err)
		}
		if got := r.Snapshot().UsageKey("acme"); got != before || before == "" {
			t.Error("usage is signed with another key")
		}
		if e := r.Snapshot().Endpoint("aaa"); e == nil || e.Keys[0] != made || e.Products["*"].Provisioner != "crm" {
			t.Errorf("served as %+v", e)
		}
		at := x.Value.Position
		x, err = r.UpdateEndpoint(t.Context(), seller.Act{Seller: "acme", Name: "aaa"}, func(e *seller.Endpoint) error { *e = seller.Endpoint{Isolate: true}; return nil })
		if err != nil || x.Value.Position != at || !x.Value.Isolate {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

// TestASellerIsAddedChangedAndEnded: a secret that changes alone changes the etag, one that stays is not sealed anew, and what is the seller's own goes with it.
func TestASellerIsAddedChangedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		act := seller.Act{Seller: "acme", Name: "beta"}
		m := seller.Marketplace{Site: "cn", AccessKey: "AK-1", SecretKey: "sk-1"}
		try := act
		try.Dry = true
		if x, first, err := r.CreateSeller(t.Context(), try, m); err != nil || first != (seller.FirstToken{}) || x.Version != 0 || r.Snapshot().Seller("beta") != nil {
			t.Fatalf("tried: %+v %+v, %v", x, first, err)
		}
		_, _, err := r.CreateSeller(t.Context(), act, seller.Marketplace{AccessKey: "AK-1"})
		wantFault(t, "without a secret key", err, errs.InvalidField, "settings.secret_key", "is required")
		x, first, err := r.CreateSeller(t.Context(), act, m)
		if err != nil || len(first.Secret.Reveal()) != 52 || x.Value.SecretKeyAt.IsZero() || !x.Value.UsageKeyAt.IsZero() {
			t.Fatalf("%+v %+v, %v", x, first, err)
		}
		if s := r.Snapshot().Seller("beta"); s == nil || s.Marketplace.SecretKey != "sk-1" || s.Marketplace.AccessKey != "AK-1" {
			t.Fatalf("served as %+v", s)
		}
		_, _, err = r.CreateSeller(t.Context(), act, m)
		wantFault(t, "a name that is taken", err, errs.StateConflict, "", "exists already")
		sealed := func() string {
			rows, err := st.Sellers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, k := range rows.Keys {
				if k.Seller == "beta" && k.Use == store.KeySecret {
					ids = append(ids, k.ID)
				}
			}
			return strings.Join(ids, " ")
		}
		id := sealed()
		set := func(edit func(*seller.Marketplace)) seller.Setting[seller.Seller] {
			t.Helper()
			y, err := r.UpdateSeller(t.Context(), act, func(m *seller.Marketplace) error { edit(m); return nil })
			if err != nil {
				t.Fatal(err)
			}
			return y
		}
		if same := set(func(*seller.Marketplace) {}); same.Version != x.Version || sealed() != id {
			t.Errorf("nothing changed, and the row has version %d after %d, the key %s after %s", same.Version, x.Version, sealed(), id)
		}
		if y := set(func(m *seller.Marketplace) { m.Site = "intl" }); y.Version == x.Version || sealed() != id || y.Value.Marketplace.Site != "intl" || !y.CreatedAt.Equal(x.CreatedAt) {
			t.Errorf("another site: %+v, the key %s after %s", y, sealed(), id)
		}
		before := r.Snapshot().Revision
		if y := set(func(m *seller.Marketplace) { m.SecretKey, m.UsageKey = "sk-2", "usage" }); y.Version <= before || sealed() == id || strings.Contains(sealed(), " ") || y.Value.UsageKeyAt.IsZero() {
			t.Errorf("other secrets: %+v, the key %s after %s", y, sealed(), id)
		}
		if got := r.Snapshot().Seller("beta").Marketplace; got.SecretKey != "sk-2" || got.UsageKey != "usage" {
			t.Error("the old secrets are served")
		}
		if y := set(func(m *seller.Marketplace) { m.UsageKey = "" }); !y.Value.UsageKeyAt.IsZero() || r.Snapshot().Seller("beta").Marketplace.UsageKey != "" {
			t.Error("the usage key is still there")
		}
		_, err = r.UpdateSeller(t.Context(), act, func(m *seller.Marketplace) error { m.SecretKey = ""; return nil })
		wantFault(t, "no secret key any more", err, errs.InvalidField, "settings.secret_key", "is required")
		_, err = r.UpdateSeller(t.Context(), seller.Act{Seller: "acme", Name: "acme"}, func(*seller.Marketplace) error { return nil })
		wantFault(t, "the file's", err, errs.ManagedByFile, "", "acme")

		if _, _, err := r.CreateProvisioner(t.Context(), seller.Act{Seller: "beta", Name: "beta-crm"}, seller.Provisioner{Type: "worker"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.CreateEndpoint(t.Context(), seller.Act{Seller: "beta", Name: "beta-main"}, seller.NewEndpoint{
			Products: []seller.NamedProduct{{ID: "*", Product: seller.Product{Provisioner: "beta-crm"}}},
		}); err != nil {
			t.Fatal(err)
		}
		needed := errors.New("needed")
		if err := r.EndSellerRow(t.Context(), act, func(context.Context) error { return needed }); !errors.Is(err, needed) || r.Snapshot().Seller("beta") == nil {
			t.Errorf("ended though it is needed: %v", err)
		}
		if err := r.EndSellerRow(t.Context(), act, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		rows, err := st.Sellers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range rows.Settings {
			if x.Seller == "beta" {
				t.Errorf("%s %s is left", x.Kind, x.Name)
			}
		}
		for _, k := range rows.Keys {
			if k.Seller == "beta" {
				t.Errorf("a key for %s is left", k.Use)
			}
		}
		if _, err := r.SellerRow(t.Context(), "beta"); err == nil {
			t.Error("the seller is left")
		}
		if _, _, err := r.CreateSeller(t.Context(), act, m); err != nil {
			t.Errorf("the name is not free again: %v", err)
		}
	})
}

// TestACertificateIsASuccessor: who is known by a certificate may manage tokens, too, so the last token may go.
func TestACertificateIsASuccessor(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		w := declared()
		r.seed(w)
		by := access.Principal{Kind: access.Process, Seller: "acme", Subject: "test", Scopes: []access.Scope{access.Tokens, access.Read}}
		x, made, err := r.CreateToken(t.Context(), by, seller.Token{Name: "only", Scopes: []string{"tokens"}}, time.Time{}, false)
		if err != nil || len(made.Reveal()) != 52 || x.Digest != "" {
			t.Fatal(x, err)
		}
		end := seller.Act{Seller: "acme", Name: x.ID}
		wantFault(t, "the last", r.EndToken(t.Context(), end, false), errs.StateConflict, "", "create one with the scope tokens first")
		w.Sellers[0].Certificates = []seller.Certificate{{Name: "reader", Subject: "a.example.com", Scopes: []string{"read"}}}
		r.seed(w)
		wantFault(t, "but a certificate without the scope", r.EndToken(t.Context(), end, false), errs.StateConflict, "", "create one with the scope tokens first")
		w.Sellers[0].Certificates[0].Scopes = []string{"tokens"}
		r.seed(w)
		if err := r.EndToken(t.Context(), end, false); err != nil {
			t.Errorf("but a certificate with the scope: %v", err)
		}
	})
}

// TestSecretsOfAWebhook: a webhook has a secret that is shown when it is made, two while it is changed, and none when it is a webhook no more; at rest they are sealed, and
// a key of an endpoint they are not.
func TestSecretsOfAWebhook(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		act := seller.Act{Seller: "acme", Name: "hook"}
		hook := seller.Provisioner{Type: "webhook", Webhook: seller.Hook{URL: "https://crm.example.com/x"}}
		dry := act
		dry.Dry = true
		if _, secret, err := r.CreateProvisioner(t.Context(), dry, hook); err != nil || secret != "" {
			t.Fatalf("tried: %q, %v", secret.Reveal(), err)
		}
		x, first, err := r.CreateProvisioner(t.Context(), act, hook)
		if _, bad := outbound.Key(first.Reveal()); err != nil || bad != nil || len(x.Value.Webhook.Held) != 1 {
			t.Fatalf("%v, %v, %+v", err, bad, x)
		}
		secrets := func(want ...seller.Secret) {
			t.Helper()
			if got := r.Snapshot().Provisioner("hook").Webhook.Secrets; !slices.Equal(got, want) {
				t.Errorf("%d secrets sign, want %d", len(got), len(want))
			}
		}
		secrets(first)
		_, err = r.RetireHookSecret(t.Context(), act, x.Value.Webhook.Held[0].ID)
		wantFault(t, "the only one", err, errs.StateConflict, "", "add another first")
		x, second, err := r.AddHookSecret(t.Context(), act)
		if err != nil || second == first || len(x.Value.Webhook.Held) != 2 {
			t.Fatal(err, x)
		}
		secrets(first, second)
		_, _, err = r.AddHookSecret(t.Context(), act)
		wantFault(t, "a third", err, errs.StateConflict, "", "has 2 secrets")
		_, err = r.RetireHookSecret(t.Context(), act, "none")
		wantFault(t, "which is not there", err, errs.SettingNotFound, "", "has no secret")
		_, _, err = r.AddHookSecret(t.Context(), seller.Act{Seller: "other", Name: "hook"})
		wantFault(t, "another's", err, errs.SettingNotFound, "", "does not exist")
		_, _, err = r.AddHookSecret(t.Context(), seller.Act{Seller: "acme", Name: "crm"})
		wantFault(t, "the file's", err, errs.ManagedByFile, "", "the configuration file")
		keys, err := r.Keys(t.Context(), store.ListQuery{Seller: "acme", Limit: 100})
		if err != nil || slices.ContainsFunc(keys, func(k seller.EndpointKey) bool { return k.Owner == "hook" }) {
			t.Errorf("keys of endpoints: %v, %v", keys, err)
		}
		_, err = r.Key(t.Context(), "acme", x.Value.Webhook.Held[0].ID)
		wantFault(t, "a key of an endpoint", err, errs.SettingNotFound, "", "does not exist")
		if _, err = r.RetireHookSecret(t.Context(), act, x.Value.Webhook.Held[0].ID); err != nil {
			t.Fatal(err)
		}
		secrets(second)
		rows, err := st.Sellers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range rows.Keys {
			if strings.Contains(string(k.Secret), second.Reveal()) {
				t.Error("a secret is in clear at rest")
			}
		}
		for _, p := range rows.Settings {
			if strings.Contains(p.Document, "whsec") {
				t.Errorf("%s has a secret", p.Document)
			}
		}
		_, made, err := r.UpdateProvisioner(t.Context(), act, func(p *seller.Provisioner) error { *p = seller.Provisioner{Type: "worker"}; return nil })
		if err != nil || made != "" {
			t.Fatal(err)
		}
		secrets()
		_, third, err := r.UpdateProvisioner(t.Context(), act, func(p *seller.Provisioner) error { *p = hook; return nil })
		if err != nil || third == "" || third == second {
			t.Fatal(err)
		}
		secrets(third)
		if err := r.EndProvisioner(t.Context(), act, nobody); err != nil {
			t.Fatal(err)
		}
		if rows, err = st.Sellers(t.Context()); err != nil || slices.ContainsFunc(rows.Keys, func(k store.SellerKey) bool { return k.Owner == "hook" }) {
			t.Errorf("secrets outlive their provisioner: %v", err)
		}
	})
}

// TestAWebhookOfTheFile: it is everybody's, and its secrets follow the file.
func TestAWebhookOfTheFile(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		w := declared()
		one, two := seller.Secret(outbound.NewSecret()), seller.Secret(outbound.NewSecret())
		w.Provisioners = append(w.Provisioners, seller.Provisioner{Name: "hook", Type: "webhook", Webhook: seller.Hook{URL: "https://crm.example.com/x"}})
		for _, want := range [][]seller.Secret{{one}, {one, two}, {two}} {
			w.Provisioners[len(w.Provisioners)-1].Webhook.Secrets = want
			r.seed(w)
			if got := r.Snapshot().Provisioner("hook").Webhook.Secrets; !slices.Equal(got, want) {
				t.Errorf("%d secrets sign, want %d", len(got), len(want))
			}
		}
		w.Provisioners = w.Provisioners[:len(w.Provisioners)-1]
		r.seed(w)
		if rows, err := st.Sellers(t.Context()); err != nil || slices.ContainsFunc(rows.Keys, func(k store.SellerKey) bool { return k.Owner == "hook" }) {
			t.Errorf("secrets outlive their provisioner: %v", err)
		}
	})
}
