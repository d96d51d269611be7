// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"fmt"
	"slices"

	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// Change is what becomes of a user. Members that are nil stay.
type Change struct {
	TenantID   string  `json:"tenantId"`
	UserName   string  `json:"userName"`
	Enabled    *bool   `json:"enabled"`    // false ends sessions and tokens
	Role       *string `json:"role"`       // user or admin
	Password   *string `json:"password"`   // not empty
	AppID      string  `json:"appId"`      // with Authorised
	Authorised *bool   `json:"authorised"` // for AppID
}

// Change changes a user. Errors: ErrUnknown; ErrConfig for a role or password that is none, or an application without Authorised.
func (c *Centre) Change(ch Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tenant(ch.TenantID)
	if t == nil {
		return fmt.Errorf("%w: tenantId %q", ErrUnknown, ch.TenantID)
	}
	u := user(t, ch.UserName)
	if u == nil {
		return fmt.Errorf("%w: userName %q", ErrUnknown, ch.UserName)
	}
	b := binding(t, byApp(ch.AppID))
	switch {
	case ch.Role != nil && *ch.Role != world.RoleUser && *ch.Role != world.RoleAdmin:
		return fmt.Errorf("%w: role is user or admin", ErrConfig)
	case ch.Password != nil && *ch.Password == "":
		return fmt.Errorf("%w: password is empty", ErrConfig)
	case (ch.AppID == "") != (ch.Authorised == nil):
		return fmt.Errorf("%w: appId and authorised go together", ErrConfig)
	case ch.AppID != "" && b == nil:
		return fmt.Errorf("%w: appId %q", ErrUnknown, ch.AppID)
	}
	if ch.Role != nil {
		u.Role = *ch.Role
	}
	if ch.Password != nil {
		u.Password = *ch.Password
	}
	if ch.Enabled != nil {
		u.Disabled = !*ch.Enabled
	}
	if ch.Authorised != nil {
		b.Users = slices.DeleteFunc(b.Users, func(name string) bool { return name == ch.UserName })
		if *ch.Authorised {
			b.Users = append(b.Users, ch.UserName)
		}
	}
	if u.Disabled {
		for key, s := range c.sessions.all {
			if s.tenantID == t.TenantID && s.userName == u.UserName {
				c.sessions.drop(key)
			}
		}
	}
	return nil
}

// Configure gives a tenant other settings. Errors: ErrUnknown, ErrConfig. Whether it is served at the common domain does not change.
func (c *Centre) Configure(tenantID string, s world.Settings) error {
	if err := world.CheckSettings(s); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tenant(tenantID)
	if t == nil {
		return fmt.Errorf("%w: tenantId %q", ErrUnknown, tenantID)
	}
	s.CommonDomain = t.Settings.CommonDomain
	t.Settings = s
	return nil
}

// Account is a test account, as 申请测试账号 gives it (second reading §5).
type Account struct {
	Domain   string `json:"domain"`
	TenantID string `json:"tenantId"`
	UserName string `json:"userName"`
	Password string `json:"password"`
}

// TestAccount returns the test account of an application, and makes one in its first tenant if there is none. Errors: ErrUnknown for an
// application that no tenant has, ErrConfig for a tenant that is full.
func (c *Centre) TestAccount(appID string) (Account, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var first *world.Tenant
	for i := range c.world.Tenants {
		t := &c.world.Tenants[i]
		b := binding(t, byApp(appID))
		if b == nil {
			continue
		}
		for _, u := range t.Users {
			if u.Test && slices.Contains(b.Users, u.UserName) {
				return Account{c.domains[t.TenantID], t.TenantID, u.UserName, u.Password}, nil
			}
		}
		if first == nil {
			first = t
		}
	}
	if first == nil {
		return Account{}, fmt.Errorf("%w: appId %q", ErrUnknown, appID)
	}
	if len(first.Users) >= world.MaxUsers {
		return Account{}, fmt.Errorf("%w: the tenant is full", ErrConfig)
	}
	u := world.User{UserName: random("test-")[:13], Name: "测试账号", Password: random("")[:12], Test: true}
	first.Users = append(first.Users, u)
	b := binding(first, byApp(appID))
	b.Users = append(b.Users, u.UserName)
	return Account{c.domains[first.TenantID], first.TenantID, u.UserName, u.Password}, nil
}
