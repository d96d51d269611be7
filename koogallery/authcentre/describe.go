// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// Description is what somebody needs to log in, and to configure the seller's side. Everything secret in it is made up.
type Description struct {
	Portal       string      `json:"portal"`
	Applications []AppText   `json:"applications"`
	Tenants      []TenantOne `json:"tenants"`
}

// AppText is an application in a Description.
type AppText struct {
	AppID    string         `json:"appId"`
	Name     string         `json:"name"`
	Protocol world.Protocol `json:"protocol"`
	Callback string         `json:"callback"`
	Page     string         `json:"loginPage"`      // as the documents have it, with a fragment
	Query    string         `json:"loginPageQuery"` // the same with a query, for programs without a script engine
}

// TenantOne is a tenant in a Description.
type TenantOne struct {
	TenantID   string         `json:"tenantId"`
	TenantCode string         `json:"tenantCode"`
	Name       string         `json:"name"`
	Domain     string         `json:"domainName"`
	Listens    string         `json:"listensAt,omitempty"` // where the world names a domain: what has to lead here
	Workbench  string         `json:"workbench"`
	Settings   world.Settings `json:"settings"`
	Clients    []ClientOne    `json:"clients"`
	Users      []UserOne      `json:"users"`
}

// ClientOne is an OAuth client in a Description.
type ClientOne struct {
	AppID        string `json:"appId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Callback     string `json:"callback"`
}

// UserOne is a user in a Description.
type UserOne struct {
	UserName string   `json:"userName"`
	Name     string   `json:"name"`
	Password string   `json:"password"`
	Role     string   `json:"role"`
	Disabled bool     `json:"disabled"`
	Test     bool     `json:"testAccount"`
	Apps     []string `json:"authorisedFor"`
}

// maxDescribed bounds the users of a tenant in a Description.
const maxDescribed = 100

// Describe says what there is, with at most 100 users a tenant.
func (c *Centre) Describe() Description {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := Description{Portal: c.portal}
	for _, a := range c.world.Applications {
		query := "ind=" + indicator + "&appId=" + url.QueryEscape(a.AppID)
		d.Applications = append(d.Applications, AppText{
			a.AppID, a.Name, cmp.Or(a.Protocol, world.OAuth), a.Callback, c.portal + "/unified-login/#/portal-login?" + query, c.portal + "/unified-login/portal-login?" + query,
		})
	}
	for i := range c.world.Tenants {
		t := &c.world.Tenants[i]
		domain := c.domains[t.TenantID]
		one := TenantOne{TenantID: t.TenantID, TenantCode: t.TenantCode, Name: t.Name, Domain: domain, Listens: c.listens[t.TenantID], Workbench: domain + tenantPath(t, "workbench"), Settings: t.Settings}
		for _, b := range t.Applications {
			one.Clients = append(one.Clients, ClientOne{b.AppID, b.ClientID, b.ClientSecret, c.callback(&b)})
		}
		for _, u := range t.Users[:min(len(t.Users), maxDescribed)] {
			row := UserOne{UserName: u.UserName, Name: u.Name, Password: u.Password, Role: cmp.Or(u.Role, world.RoleUser), Disabled: u.Disabled, Test: u.Test, Apps: []string{}}
			for _, b := range t.Applications {
				if slices.Contains(b.Users, u.UserName) {
					row.Apps = append(row.Apps, b.AppID)
				}
			}
			one.Users = append(one.Users, row)
		}
		d.Tenants = append(d.Tenants, one)
	}
	return d
}
