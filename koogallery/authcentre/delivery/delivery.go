// SPDX-License-Identifier: Apache-2.0

// Package delivery tells a seller's Kit address what an authentication centre knows: for each tenant and application the calls that the
// marketplace makes when a buyer binds the application and authorises people (kit §A.6). It remembers nothing and repeats nothing.
package delivery

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// MaxUsers is how many users one authSync carries at most (kit §A.3).
const MaxUsers = 500

// ErrRefused says that the seller did not take a call.
var ErrRefused = errors.New("the seller did not take it")

// Config says how a world is delivered. All members are required but Told.
type Config struct {
	Caller    *wire.Caller   // with the Kit's key
	Family    judge.Family   // FamilyKitV1 or FamilyKitV2
	PublicKey *rsa.PublicKey // for which clientSecret is encrypted, 3072 bits or more
	Told      func(Step)     // is told of every call that was taken
}

// Step is a call that was taken.
type Step struct {
	TenantID, AppID string
	Activity        judge.Activity
}

// Deliver makes the calls, tenant by tenant, and stops at the first that is not taken. Errors: ErrRefused with the answer, judge.ErrFamily,
// those of the key, ctx.Err().
func Deliver(ctx context.Context, c *authcentre.Centre, cfg Config) error {
	if !cfg.Family.Joint() {
		return fmt.Errorf("%w: want %s or %s", judge.ErrFamily, judge.FamilyKitV1, judge.FamilyKitV2)
	}
	w := c.World()
	for i := range w.Tenants {
		t := &w.Tenants[i]
		for _, b := range t.Applications {
			calls, err := callsOf(cfg, t, b, c.Domain(t.TenantID))
			if err != nil {
				return err
			}
			for _, call := range calls {
				if err := cfg.make(ctx, t, b, call); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// call is one call to be made.
type call struct {
	activity judge.Activity
	params   map[string]any
}

// callsOf are the calls of one application of one tenant, in the order of the documents.
func callsOf(cfg Config, t *world.Tenant, b world.Binding, domain string) ([]call, error) {
	sealed, err := seal.EncryptSecret(cfg.PublicKey, b.ClientSecret, crypto.SHA256, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	departments := make([]wire.Department, 0, len(t.Departments))
	for _, d := range t.Departments {
		departments = append(departments, wire.Department{Code: d.Code, Name: d.Name, ParentCode: d.Parent})
	}
	member, list := wire.DepartmentList(cfg.Family, departments)
	calls := []call{
		{judge.ActivityTenant, map[string]any{"orderId": b.OrderID, "tenantCode": t.TenantCode, "name": t.Name, "domainName": domain, "flag": 1}},
		{judge.ActivityApplication, map[string]any{"appId": b.AppID, "clientId": b.ClientID, "clientSecret": sealed, "flag": 1}},
		{judge.ActivityAllOrg, map[string]any{member: list}},
	}
	for some := range slices.Chunk(usersOf(t, b), MaxUsers) {
		calls = append(calls, call{judge.ActivityAuth, map[string]any{"appId": b.AppID, "userList": wire.UserList(cfg.Family, some), "flag": 1}})
	}
	return calls, nil
}

// usersOf are the users that are authorised, with what is released of them.
func usersOf(t *world.Tenant, b world.Binding) []wire.User {
	var users []wire.User
	for _, u := range t.Users {
		if !slices.Contains(b.Users, u.UserName) {
			continue
		}
		user := wire.User{UserName: u.UserName, Name: u.Name, OrgCode: u.Department, Role: world.RoleUser, Enabled: !u.Disabled}
		if u.Role != "" {
			user.Role = u.Role
		}
		if slices.Contains(b.Released, "mobile") {
			user.Mobile = u.Mobile
		}
		if slices.Contains(b.Released, "email") {
			user.Email = u.Email
		}
		users = append(users, user)
	}
	return users
}

// make makes one call.
func (cfg Config) make(ctx context.Context, t *world.Tenant, b world.Binding, c call) error {
	stamp := wire.Local17(cfg.Caller.Stamp())
	c.params["tenantId"], c.params["testFlag"], c.params["timeStamp"] = t.TenantID, 0, stamp
	if c.activity == judge.ActivityAuth {
		c.params["currentSyncTime"] = stamp
	}
	r, err := cfg.Caller.Send(ctx, wire.Message{Family: cfg.Family, Activity: c.activity, Instance: b.InstanceID, Params: c.params})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.Outcome != judge.OutcomeOK {
		why := r.Err
		if why == "" {
			why = fmt.Sprintf("HTTP %d, resultCode %s, %s", r.Status, r.ResultCode, r.ResultMsg)
		}
		return fmt.Errorf("%w: %s of %s for %s: %s", ErrRefused, c.activity, b.AppID, t.Name, why)
	}
	if cfg.Told != nil {
		cfg.Told(Step{t.TenantID, b.AppID, c.activity})
	}
	return nil
}
