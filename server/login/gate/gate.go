// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
)

// Store is what a gate reads.
type Store interface {
	LoginFacts(ctx context.Context, k store.LoginKey, limit int) ([]store.LoginFact, error)
	LoginApplication(ctx context.Context, appID string) (store.LoginApplication, error)
	ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error)
}

// Vault opens what is sealed, and makes identifiers; *vault.Vault is one.
type Vault interface {
	registry.Sealer
	Digest(texts ...string) ([]byte, error)
}

// Gate says who may log in. Safe for concurrent use.
type Gate struct {
	store Store
	vault Vault
}

// New returns a gate.
func New(s Store, v Vault) *Gate { return &Gate{s, v} }

// maxFacts bounds the instances that are looked at for one tenant. A tenant with more is let in by the first of them.
const maxFacts = 500

// Administrator is the role of those who administer an application (kit §A.3).
const Administrator = "admin"

// Refusal is why somebody is not let in.
type Refusal struct {
	Reason store.LoginEnd
	// Unknown: the marketplace has never told of such a tenant.
	Unknown bool
	// Unbound: it has told of the tenant, and never of this application of it.
	Unbound bool
}

// Error implements error. It names nobody.
func (r *Refusal) Error() string { return "login refused: " + string(r.Reason) }

// Tenant is a tenant's login at its authentication centre. Its Callback is its user's to set.
type Tenant struct {
	upstream.Tenant
	Name string
	Test bool // by the application's test account
}

// Tenant returns what a login of a tenant needs, from its newest rows that are there, those of an instance in use first. When none is there
// the application's test account serves for its tenant. Errors: *Refusal, INTERNAL, STORE_UNAVAILABLE.
func (g *Gate) Tenant(ctx context.Context, app store.LoginApplication, tenantID string) (Tenant, error) {
	facts, err := g.facts(ctx, &app, tenantID, "")
	if err != nil {
		return Tenant{}, err
	}
	alive := slices.DeleteFunc(slices.Clone(facts), func(f store.LoginFact) bool { return !bound(f) })
	if len(alive) == 0 {
		a, ok, err := g.test(&app, tenantID)
		switch {
		case err != nil:
			return Tenant{}, err
		case ok && a.Domain != "" && a.ClientID != "":
			return Tenant{Test: true, Tenant: upstream.Tenant{
				ID: a.TenantID, Code: a.TenantCode, Domain: a.Domain, ClientID: a.ClientID, Secret: upstream.Secret(a.ClientSecret),
			}}, nil
		}
		return Tenant{}, nearest(facts, func(f store.LoginFact) store.LoginEnd { return ending(f, "") })
	}
	newest := slices.MaxFunc(alive, func(a, b store.LoginFact) int {
		return cmp.Or(cmp.Compare(inUse(a), inUse(b)), a.Application.Compare(b.Application.Stamp), a.Tenant.Compare(b.Tenant.Stamp),
			cmp.Compare(a.InstanceID, b.InstanceID))
	})
	secret, err := directory.OpenSecret(g.vault, newest.Application)
	if err != nil {
		return Tenant{}, err
	}
	t := newest.Tenant
	return Tenant{Name: t.Name, Tenant: upstream.Tenant{
		ID: t.TenantID, Code: t.TenantCode, Domain: t.DomainName, ClientID: newest.Application.ClientID, Secret: upstream.Secret(secret),
	}}, nil
}

// Person lets somebody in whom the authentication centre has named. Errors: *Refusal, INTERNAL, STORE_UNAVAILABLE.
func (g *Gate) Person(ctx context.Context, app store.LoginApplication, tenantID string, said upstream.Person) (Right, error) {
	if said.UserName == "" {
		return Right{}, &Refusal{Reason: store.EndUserUnauthorised}
	}
	facts, err := g.facts(ctx, &app, tenantID, said.UserName)
	if err != nil {
		return Right{}, err
	}
	role := func(f store.LoginFact) string {
		if app.Settings.Roles == registry.RolesUserinfo {
			return cmp.Or(said.Role, f.User.Role)
		}
		return f.User.Role
	}
	judge := func(f store.LoginFact) store.LoginEnd {
		if end := ending(f, said.UserName); end != "" {
			return end
		}
		if f.State == store.InstanceFrozen && !mayUseFrozen(app.Settings.Frozen, role(f)) {
			return store.EndInstanceFrozen
		}
		return ""
	}
	passed := slices.DeleteFunc(slices.Clone(facts), func(f store.LoginFact) bool { return judge(f) != "" })
	if len(passed) > 0 {
		return g.right(&app, passed, role), nil
	}
	if !slices.ContainsFunc(facts, bound) {
		a, ok, err := g.test(&app, tenantID)
		switch {
		case err != nil:
			return Right{}, err
		case ok && a.Account != said.UserName:
			return Right{}, &Refusal{Reason: store.EndUserUnauthorised}
		case ok:
			return Right{
				Key: store.LoginKey{Seller: app.Seller, AppID: app.AppID, TenantID: tenantID, UserName: said.UserName}, TenantCode: a.TenantCode,
				Role: said.Role, Name: said.Name, Test: true,
			}, nil
		}
	}
	return Right{}, nearest(facts, judge)
}

// Session asks whether a session keeps its right: empty for yes, and otherwise why not. Errors: INTERNAL, STORE_UNAVAILABLE.
func (g *Gate) Session(ctx context.Context, s store.LoginSession) (store.LoginEnd, error) {
	app, err := g.store.LoginApplication(ctx, s.AppID)
	if errors.Is(err, store.ErrNotFound) || err == nil && app.Seller != s.Seller {
		return store.EndApplicationClosed, nil
	}
	if err != nil {
		return "", storefault.Told(err)
	}
	_, err = g.SessionRight(ctx, app, s)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Reason, nil
	}
	return "", err
}

// SessionRight is the right of a session's person, as of now. Errors: *Refusal, INTERNAL, STORE_UNAVAILABLE.
func (g *Gate) SessionRight(ctx context.Context, app store.LoginApplication, s store.LoginSession) (Right, error) {
	said := upstream.Person{UserName: s.UserName}
	if app.Settings.Roles == registry.RolesUserinfo || len(app.Test) > 0 {
		held, err := session.HeldOf(g.vault, &s)
		if err != nil {
			return Right{}, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
		}
		said.Role, said.Name = held.Person.Role, held.Person.Name
	}
	return g.Person(ctx, app, s.TenantID, said)
}

// facts reads what is known of a user, or of a tenant.
func (g *Gate) facts(ctx context.Context, app *store.LoginApplication, tenantID, userName string) ([]store.LoginFact, error) {
	if app.State != store.LoginEnabled {
		return nil, &Refusal{Reason: store.EndApplicationClosed}
	}
	if tenantID == "" {
		return nil, &Refusal{Reason: store.EndTenantDeleted, Unknown: true}
	}
	facts, err := g.store.LoginFacts(ctx, store.LoginKey{Seller: app.Seller, AppID: app.AppID, TenantID: tenantID, UserName: userName}, maxFacts)
	switch {
	case errors.Is(err, store.ErrBadText): // no directory has such a name
		return nil, nil
	case err != nil:
		return nil, storefault.Told(err)
	}
	return facts, nil
}

// test is the application's test account, if it is of a tenant.
func (g *Gate) test(app *store.LoginApplication, tenantID string) (registry.TestAccount, bool, error) {
	a, ok, err := registry.OpenTest(g.vault, app)
	return a, ok && a.TenantID == tenantID, err
}
