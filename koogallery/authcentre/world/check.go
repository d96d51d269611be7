// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a world.
const (
	MaxApplications = 50
	MaxTenants      = 50
	MaxUsers        = 5000 // of a tenant (second reading §7)
	MaxDepartments  = 999  // of a tenant (second reading §7)
)

var code = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

// Check says what a centre could not be made from. Errors: as [Read].
func (w *World) Check() error {
	r := &faults{}
	if len(w.Applications) == 0 || len(w.Applications) > MaxApplications {
		r.add("applications", fmt.Sprintf("there are %d", len(w.Applications)), fmt.Sprintf("write 1 to %d", MaxApplications))
	}
	if len(w.Tenants) == 0 || len(w.Tenants) > MaxTenants {
		r.add("tenants", fmt.Sprintf("there are %d", len(w.Tenants)), fmt.Sprintf("write 1 to %d", MaxTenants))
	}
	apps, tenants, codes, clients := seen{}, seen{}, seen{}, seen{}
	for i, a := range w.Applications {
		at := fmt.Sprintf("applications[%d]", i)
		r.text(at+".appId", a.AppID, 64)
		r.once(apps, at+".appId", a.AppID)
		r.text(at+".name", a.Name, 255)
		r.callback(at+".callback", a.Callback)
		oneOf(r, at+".protocol", string(a.Protocol), "", string(OAuth), string(CAS))
		oneOf(r, at+".loginAddress", string(a.LoginAddress), "", string(Shared), string(Independent))
	}
	for i := range w.Tenants {
		at := fmt.Sprintf("tenants[%d]", i)
		t := &w.Tenants[i]
		r.text(at+".tenantId", t.TenantID, 64)
		r.once(tenants, at+".tenantId", t.TenantID)
		r.text(at+".tenantCode", t.TenantCode, 64)
		r.once(codes, at+".tenantCode", strings.ToLower(t.TenantCode))
		if !code.MatchString(t.TenantCode) {
			r.add(at+".tenantCode", "it stands in addresses", "write letters, digits and dashes")
		}
		r.text(at+".name", t.Name, 255)
		if t.Domain != "" {
			if u, err := url.Parse(t.Domain); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
				r.add(at+".domain", "it is no address", "write scheme and host, such as https://t1.example.com")
			}
			if t.Settings.CommonDomain {
				r.add(at+".domain", "the tenant is served at the common domain", "take domain or settings.commonDomain away")
			}
		}
		r.settings(at+".settings", &t.Settings)
		r.tenant(at, w, t, clients)
	}
	return r.err()
}

// settings checks what is chosen.
func (r *faults) settings(at string, s *Settings) {
	oneOf(r, at+".dialect", s.Dialect, "", "oneaccess", OrgID)
	oneOf(r, at+".expiresIn", s.ExpiresIn, "", "number", AsString)
	oneOf(r, at+".userinfo", s.Userinfo, "", "full", Brief, Plain)
	oneOf(r, at+".clientFailure", s.ClientFailure, "", "invalid_client", Forbidden)
	oneOf(r, at+".authorizeTenant", s.AuthorizeTenant, "", "workbench", Always, Never)
}

// CheckSettings is [World.Check] for settings alone.
func CheckSettings(s Settings) error {
	r := &faults{}
	r.settings("settings", &s)
	return r.err()
}

// tenant checks what is a tenant's own.
func (r *faults) tenant(at string, w *World, t *Tenant, clients seen) {
	if len(t.Users) > MaxUsers {
		r.add(at+".users", fmt.Sprintf("there are %d", len(t.Users)), fmt.Sprintf("write at most %d", MaxUsers))
		return
	}
	if len(t.Departments) > MaxDepartments {
		r.add(at+".departments", fmt.Sprintf("there are %d", len(t.Departments)), fmt.Sprintf("write at most %d", MaxDepartments))
		return
	}
	departments, users, apps := seen{}, seen{}, seen{}
	for i, d := range t.Departments {
		at := fmt.Sprintf("%s.departments[%d]", at, i)
		r.text(at+".code", d.Code, 64)
		r.once(departments, at+".code", d.Code)
		r.text(at+".name", d.Name, 128)
	}
	for i, d := range t.Departments {
		if d.Parent != "" && !departments[d.Parent] {
			r.add(fmt.Sprintf("%s.departments[%d].parent", at, i), "there is no such department", "write the code of one, or leave it empty")
		}
	}
	for i, u := range t.Users {
		at := fmt.Sprintf("%s.users[%d]", at, i)
		r.text(at+".userName", u.UserName, 64)
		r.once(users, at+".userName", u.UserName)
		r.text(at+".name", u.Name, 64)
		r.text(at+".password", u.Password, 255)
		oneOf(r, at+".role", u.Role, "", RoleUser, RoleAdmin)
		if u.Department != "" && !departments[u.Department] {
			r.add(at+".department", "there is no such department", "write the code of one of the tenant's")
		}
	}
	for i, b := range t.Applications {
		at := fmt.Sprintf("%s.applications[%d]", at, i)
		app, ok := w.App(b.AppID)
		if !ok {
			r.add(at+".appId", "there is no such application", "write the appId of one under applications")
		}
		r.once(apps, at+".appId", b.AppID)
		r.text(at+".clientId", b.ClientID, 64)
		r.once(clients, at+".clientId", b.ClientID)
		r.text(at+".clientSecret", b.ClientSecret, 255)
		if b.Callback != "" {
			r.callback(at+".callback", b.Callback)
			if ok && app.LoginAddress != Independent {
				r.add(at+".callback", "all tenants of the application share one address", "take it away, or make loginAddress independent")
			}
		}
		for n, name := range b.Users {
			if !users[name] {
				r.add(fmt.Sprintf("%s.users[%d]", at, n), "there is no such user", "write a userName of the tenant")
			}
		}
		for n, what := range b.Released {
			oneOf(r, fmt.Sprintf("%s.released[%d]", at, n), what, "mobile", "email")
		}
	}
}

// seen are values that may be there once.
type seen map[string]bool

func (r *faults) once(all seen, path, value string) {
	if value != "" && all[value] {
		r.add(path, "it is there twice", "write another one")
	}
	all[value] = true
}

func (r *faults) text(path, value string, most int) {
	switch n := utf8.RuneCountInString(value); {
	case value == "":
		r.add(path, "it is missing", "write it")
	case n > most:
		r.add(path, fmt.Sprintf("it has %d characters", n), fmt.Sprintf("write at most %d", most))
	case strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }):
		r.add(path, "it has blanks at its ends or control characters", "take them away")
	}
}

func (r *faults) callback(path, value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" {
		r.add(path, "it is no address that a browser could come back to", "write one such as http://127.0.0.1:9000/callback")
	}
}

func oneOf(r *faults, path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.add(path, "it is none of the values", "write one of "+strings.TrimPrefix(strings.Join(allowed, ", "), ", "))
	}
}
