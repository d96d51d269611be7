// SPDX-License-Identifier: Apache-2.0

package world

import "slices"

// World is everything that a centre is made from.
type World struct {
	Applications []Application `json:"applications"`
	Tenants      []Tenant      `json:"tenants"`
}

// Application is one application credential of the seller (kit §B.2).
type Application struct {
	AppID        string       `json:"appId"` // at most 64 characters, unique
	Name         string       `json:"name"`
	Callback     string       `json:"callback"`               // an absolute http or https URL without fragment, as registered
	Protocol     Protocol     `json:"protocol,omitempty"`     // OAuth2.0 if empty
	LoginAddress LoginAddress `json:"loginAddress,omitempty"` // shared if empty
}

// Protocol is how an application logs its users in.
type Protocol string

// The protocols.
const (
	OAuth Protocol = "OAuth2.0"
	CAS   Protocol = "CAS"
)

// LoginAddress says whether all tenants log in at one address of the application (共享域名) or each has its own (独立域名).
type LoginAddress string

// The kinds of login addresses.
const (
	Shared      LoginAddress = "shared"
	Independent LoginAddress = "independent"
)

// Tenant is one enterprise. Users, departments and clients are its own.
type Tenant struct {
	TenantID     string       `json:"tenantId"`   // at most 64 characters, unique
	TenantCode   string       `json:"tenantCode"` // letters, digits and dashes, at most 64, unique: it stands in addresses
	Name         string       `json:"name"`
	Domain       string       `json:"domain,omitempty"` // with scheme; empty for the address that the centre listens on
	Settings     Settings     `json:"settings,omitzero"`
	Departments  []Department `json:"departments,omitempty"`
	Applications []Binding    `json:"applications"`
	Users        []User       `json:"users"`
}

// Department is one department of a tenant (kit §A.5).
type Department struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"`
}

// Binding is an application that a tenant has bought, with the OAuth client of the tenant (kit §A.2).
type Binding struct {
	AppID        string   `json:"appId"`
	ClientID     string   `json:"clientId"` // unique in the world
	ClientSecret string   `json:"clientSecret"`
	Callback     string   `json:"callback,omitempty"`   // instead of the application's, where login addresses are independent
	Users        []string `json:"users"`                // user names that are authorised
	Released     []string `json:"released,omitempty"`   // of "mobile" and "email": what the buyer has released (kit §A.8)
	InstanceID   string   `json:"instanceId,omitempty"` // of newInstance; the Kit's calls name it
	OrderID      string   `json:"orderId,omitempty"`
}

// User is one person of a tenant.
type User struct {
	UserName   string `json:"userName"` // unique in its tenant only
	Name       string `json:"name"`
	Role       string `json:"role,omitempty"` // "user", as if empty, or "admin"
	Department string `json:"department,omitempty"`
	Mobile     string `json:"mobile,omitempty"`
	Email      string `json:"email,omitempty"`
	Disabled   bool   `json:"disabled,omitempty"`
	Password   string `json:"password"`
	Test       bool   `json:"testAccount,omitempty"` // an account of 申请测试账号 (second reading §5)
}

// The roles (kit §A.3).
const (
	RoleUser  = "user"
	RoleAdmin = "admin"
)

// Settings are what the documents leave open or say twice, for one tenant. The zero value is the default of each.
type Settings struct {
	// Dialect decides paths, header and form of errors: "oneaccess" (default) or "orgid" (kit §B.9).
	Dialect string `json:"dialect,omitempty"`
	// CommonDomain: the tenant has no address of its own. It is served at the portal's, and named by the headers X-tenant-id and
	// X-client-id (second reading §7).
	CommonDomain bool `json:"commonDomain,omitempty"`
	// ExpiresIn is how expires_in is written: "number" (default) or "string" (kit §B.5).
	ExpiresIn string `json:"expiresIn,omitempty"`
	// NoRefreshToken: none is issued (second reading C20, third reading T42).
	NoRefreshToken bool `json:"noRefreshToken,omitempty"`
	// KeepRefreshToken: an older refresh_token counts beside the newest one. By default it ends with the next (third reading T43).
	KeepRefreshToken bool `json:"keepRefreshToken,omitempty"`
	// Userinfo is "full" (default: every field of the table), "protocol" (those of the protocol example) or "plain" (five).
	Userinfo string `json:"userinfo,omitempty"`
	// ClientFailure is how a wrong client or secret is answered at the token address: "invalid_client" (default, HTTP 401) or
	// "forbidden" (HTTP 403).
	ClientFailure string `json:"clientFailure,omitempty"`
	// AuthorizeTenant says when the callback of authorize carries tenant: "workbench" (default), "always" or "never" (kit §B.4).
	AuthorizeTenant string `json:"authorizeTenant,omitempty"`
	// CASLists: attributes of JSON answers are lists of one, as some CAS servers have them.
	CASLists bool `json:"casLists,omitempty"`
}

// The values of Settings that are not the default.
const (
	OrgID     = "orgid"
	AsString  = "string"
	Forbidden = "forbidden"
	Plain     = "plain"
	Brief     = "protocol"
	Always    = "always"
	Never     = "never"
)

// App returns an application by its id.
func (w *World) App(id string) (Application, bool) {
	i := slices.IndexFunc(w.Applications, func(a Application) bool { return a.AppID == id })
	if i < 0 {
		return Application{}, false
	}
	return w.Applications[i], true
}

// Clone returns a copy that shares nothing with w.
func (w *World) Clone() *World {
	c := &World{Applications: slices.Clone(w.Applications), Tenants: slices.Clone(w.Tenants)}
	for i := range c.Tenants {
		t := &c.Tenants[i]
		t.Departments, t.Applications, t.Users = slices.Clone(t.Departments), slices.Clone(t.Applications), slices.Clone(t.Users)
		for n := range t.Applications {
			t.Applications[n].Users = slices.Clone(t.Applications[n].Users)
			t.Applications[n].Released = slices.Clone(t.Applications[n].Released)
		}
	}
	return c
}
