// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/store"
)

// Right is what somebody who is let in may use, and who it is.
type Right struct {
	Key        store.LoginKey
	TenantCode string
	TenantName string
	Instances  []Instance // through which the person is let in, in the order of their IDs; none for a test account
	Role       string     // of the newest row about the user, or what the centre says; see LoginSettings.Roles
	Name       string
	Mobile     string // only if LoginSettings.Personal names it, as Email
	Email      string
	OrgCode    string
	Test       bool // by the application's test account

	org store.TenantKey // whose departments OrgCode is one of
}

// String hides the person from every %v.
func (Right) String() string { return "[right]" }

// GoString hides the person from every %#v.
func (Right) GoString() string { return "[right]" }

// Instance is one that lets a person in.
type Instance struct {
	ID        string
	OrderID   string // empty when Koogate has no such instance, as ProductID
	ProductID string
	ExpiresAt time.Time // zero for none
	Role      string
	Frozen    bool
}

// right is what the instances that let somebody in give. What is known of the person is that of the newest row.
func (g *Gate) right(app *store.LoginApplication, passed []store.LoginFact, role func(store.LoginFact) string) Right {
	newest := slices.MaxFunc(passed, func(a, b store.LoginFact) int { return a.User.Compare(b.User.Stamp) })
	tenant := slices.MaxFunc(passed, func(a, b store.LoginFact) int { return a.Tenant.Compare(b.Tenant.Stamp) }).Tenant
	u := newest.User
	r := Right{
		Key:        store.LoginKey{Seller: app.Seller, AppID: app.AppID, TenantID: u.TenantID, UserName: u.UserName},
		TenantCode: tenant.TenantCode, TenantName: tenant.Name, Role: role(newest), OrgCode: u.OrgCode, org: u.TenantKey,
	}
	if p, err := directory.OpenProfile(g.vault, u); err == nil { // who has lost a profile has not lost a right
		r.Name = p.Name
		if slices.Contains(app.Settings.Personal, registry.PersonalMobile) {
			r.Mobile = p.Mobile
		}
		if slices.Contains(app.Settings.Personal, registry.PersonalEmail) {
			r.Email = p.Email
		}
	}
	for _, f := range passed {
		r.Instances = append(r.Instances, Instance{
			ID: f.InstanceID, OrderID: f.OrderID, ProductID: f.ProductID, ExpiresAt: f.ExpiresAt, Role: role(f), Frozen: f.State == store.InstanceFrozen,
		})
	}
	return r
}

// maxLevels bounds a path of departments; the marketplace has five (second-reading §7).
const maxLevels = 10

// Department is the path of the person's department, from the top; empty when none is known. Parents that lead in a circle, or too far,
// end it. Errors: STORE_UNAVAILABLE.
func (g *Gate) Department(ctx context.Context, r Right) (path []string, err error) {
	seen := make(map[string]bool)
	for code := r.OrgCode; code != "" && !seen[code] && len(path) < maxLevels; {
		seen[code] = true
		rows, err := g.store.ListDepartments(ctx, store.ListQuery{Seller: r.org.Seller, Limit: 1, Filter: []store.Term{
			{Field: "instance_id", Value: r.org.InstanceID}, {Field: "tenant_id", Value: r.org.TenantID}, {Field: "org_code", Value: code},
		}})
		if err != nil {
			return nil, storefault.Told(err)
		}
		if len(rows) == 0 {
			break
		}
		path, code = append(path, rows[0].Name), rows[0].ParentCode
	}
	slices.Reverse(path)
	return path, nil
}

// subjectLength is how many bytes of the digest a subject has.
const subjectLength = 16

// Subject is the sub of a user: the same in every application of a seller, and nobody's name. Errors: INTERNAL.
func (g *Gate) Subject(seller, tenantID, userName string) (string, error) {
	digest, err := g.vault.Digest("login sub", seller, tenantID, userName)
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return hex.EncodeToString(digest[:subjectLength]), nil
}

// The scopes.
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopePhone   = "phone"
	ScopeOffline = "offline_access" // brings no claims but a refresh token
)

// Scopes are those that bring something.
func Scopes() []string {
	return []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOffline}
}

// ClaimNames are the names of all claims about a person.
func ClaimNames() []string {
	return []string{
		"sub", "user_name", "role", "tenant_id", "tenant_code", "enterprise", "app_id", "instance_ids", "order_ids", "product_ids", "instances", "test",
		"name", "preferred_username", "org_code", "department", "email", "phone_number",
	}
}

// Claims is what an application is told of a person for scopes. openid is told always: sub, user_name, role, tenant_id, tenant_code,
// enterprise (its name), app_id, instance_ids, order_ids, product_ids, test, and instances, each with id, order_id, product_id, expires_at
// (RFC 3339), role and frozen. profile adds name, preferred_username, org_code and department (names from the top); email adds email, and
// phone adds phone_number. What is not known is left out. Errors: INTERNAL, STORE_UNAVAILABLE.
func (g *Gate) Claims(ctx context.Context, r Right, scopes []string) (map[string]any, error) {
	sub, err := g.Subject(r.Key.Seller, r.Key.TenantID, r.Key.UserName)
	if err != nil {
		return nil, err
	}
	c := map[string]any{"sub": sub, "app_id": r.Key.AppID, "tenant_id": r.Key.TenantID, "user_name": r.Key.UserName, "test": r.Test}
	put(c, "role", r.Role)
	put(c, "tenant_code", r.TenantCode)
	put(c, "enterprise", r.TenantName)
	c["instances"], c["instance_ids"], c["order_ids"], c["product_ids"] = r.instances()
	if slices.Contains(scopes, ScopeProfile) {
		path, err := g.Department(ctx, r)
		if err != nil {
			return nil, err
		}
		if len(path) > 0 {
			c["department"] = path
		}
		c["preferred_username"] = r.Key.UserName
		put(c, "name", r.Name)
		put(c, "org_code", r.OrgCode)
	}
	if slices.Contains(scopes, ScopeEmail) {
		put(c, "email", r.Email)
	}
	if slices.Contains(scopes, ScopePhone) {
		put(c, "phone_number", r.Mobile)
	}
	return c, nil
}

func put(c map[string]any, name, value string) {
	if value != "" {
		c[name] = value
	}
}

// instances are the claims about instances. Lists are never null.
func (r Right) instances() (list []map[string]any, ids, orders, products []string) {
	list, ids, orders, products = []map[string]any{}, []string{}, []string{}, []string{}
	add := func(to *[]string, value string) {
		if value != "" && !slices.Contains(*to, value) {
			*to = append(*to, value)
		}
	}
	for _, i := range r.Instances {
		one := map[string]any{"id": i.ID, "frozen": i.Frozen}
		put(one, "order_id", i.OrderID)
		put(one, "product_id", i.ProductID)
		put(one, "role", i.Role)
		if !i.ExpiresAt.IsZero() {
			one["expires_at"] = i.ExpiresAt.UTC().Format(time.RFC3339)
		}
		list = append(list, one)
		add(&ids, i.ID)
		add(&orders, i.OrderID)
		add(&products, i.ProductID)
	}
	return list, ids, orders, products
}
