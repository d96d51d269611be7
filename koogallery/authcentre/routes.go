// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"net/http"
	"strings"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// paths are the addresses below a tenant's domain.
type paths struct{ authorize, token, userinfo, logout, casLogin, casLogout, validate1, validate2, validate3 string }

// pathsOf are OneAccess's (kit §B.4 to §B.8), or OrgID's (kit §B.9, where authorize and some of CAS's are not on any page).
func pathsOf(t *world.Tenant) paths {
	if t.Settings.Dialect == world.OrgID {
		const at = "/orgid/openapi/v1"
		return paths{
			at + "/oauth2/authorize", at + "/oauth2/token", at + "/oauth2/userinfo", "/oauth/logout",
			at + "/cas/login", at + "/cas/logout", at + "/cas/validate", at + "/cas/serviceValidate", at + "/cas/p3/serviceValidate",
		}
	}
	const at = "/api/v1"
	return paths{
		at + "/oauth2/authorize", at + "/oauth2/token", at + "/oauth2/userinfo", at + "/logout",
		at + "/cas/login", at + "/cas/logout", at + "/cas/validate", at + "/cas/serviceValidate", at + "/cas/p3/serviceValidate",
	}
}

// route is what a path of a tenant's domain leads to.
type route struct {
	point conduct.Point
	h     handler
	any   bool // the handler judges the method itself
}

// find returns what a path leads to.
func (p paths) find(path string) (route, bool) {
	switch path {
	case p.authorize:
		return route{conduct.PointAuthorize, authorize, false}, true
	case p.token:
		return route{conduct.PointToken, token, true}, true
	case p.userinfo:
		return route{conduct.PointUserinfo, userinfo, false}, true
	case p.logout:
		return route{conduct.PointLogout, logout, false}, true
	case p.casLogin:
		return route{conduct.PointCASLogin, casLogin, false}, true
	case p.casLogout:
		return route{conduct.PointLogout, casLogout, false}, true
	case p.validate1:
		return route{conduct.PointValidate, validate(1), false}, true
	case p.validate2:
		return route{conduct.PointValidate, validate(2), false}, true
	case p.validate3:
		return route{conduct.PointValidate, validate(3), false}, true
	}
	return route{}, false
}

// Tenant serves the domain of a tenant: OAuth, CAS, its login page and its workbench.
func (c *Centre) Tenant(tenantID string) http.Handler {
	mux := http.NewServeMux()
	c.common(mux, tenantID)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.protocol(w, r, tenantID) })
	return mux
}

// Portal serves the unified login page, every tenant's login page and workbench, the common domain, and what people and tests look at:
//
//	GET  /                          logins, findings, what to enter at the seller's side
//	GET  /logins/{id}  /rules       one login step by step; every rule
//	     /centre/…                  the same as JSON, and acts ([Centre.control])
func (c *Centre) Portal() http.Handler {
	pages := http.NewServeMux()
	c.common(pages, "")
	c.looks(pages)
	c.control(pages)
	c.get(pages, "/unified-login/{$}", conduct.PointPage, "", fragmentPage)
	c.get(pages, "/unified-login/portal-login", conduct.PointPage, "", portalForm)
	c.post(pages, "/unified-login/portal-login", conduct.PointPage, "", portalLogin)
	c.post(pages, "/unified-login/choose", conduct.PointPage, "", portalChoose)
	pages.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.protocol(w, r, c.commonTenant(r)) })
	return pages
}

// common are the pages that every address has: a tenant's own those of the tenant, the portal those of all.
func (c *Centre) common(mux *http.ServeMux, only string) {
	for name, kind := range map[string]string{"centre.css": "text/css; charset=utf-8", "centre.js": "text/javascript; charset=utf-8"} {
		text, _ := assets.ReadFile("assets/" + name) // embedded
		mux.HandleFunc("GET /centre-assets/"+name, func(w http.ResponseWriter, r *http.Request) {
			c.send(w, r, &effect{}, answer{status: http.StatusOK, kind: kind, body: text, public: true})
		})
	}
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	c.get(mux, "/t/{code}/login", conduct.PointLogin, only, tenantForm)
	c.post(mux, "/t/{code}/login", conduct.PointLogin, only, tenantLogin)
	c.get(mux, "/t/{code}/workbench", conduct.PointWorkbench, only, workbench)
	c.get(mux, "/t/{code}/open", conduct.PointWorkbench, only, openTile)
}

func (c *Centre) get(mux *http.ServeMux, path string, point conduct.Point, only string, h handler) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { c.serveAt(w, r, point, only, h) })
}

// post takes forms of our own pages only.
func (c *Centre) post(mux *http.ServeMux, path string, point conduct.Point, only string, h handler) {
	mux.Handle("POST "+path, http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.serveAt(w, r, point, only, h)
	})))
}

// serveAt serves a page, of the tenant whose code is in the path; of none but only unless that is empty.
func (c *Centre) serveAt(w http.ResponseWriter, r *http.Request, point conduct.Point, only string, h handler) {
	code := r.PathValue("code")
	if code == "" {
		c.serve(w, r, point, "", h)
		return
	}
	id := ""
	c.mu.Lock()
	for _, t := range c.world.Tenants {
		if strings.EqualFold(t.TenantCode, code) {
			id = t.TenantID
		}
	}
	c.mu.Unlock()
	if id == "" || only != "" && id != only {
		http.NotFound(w, r)
		return
	}
	c.serve(w, r, point, id, h)
}

// protocol serves what the documents name below a tenant's domain.
func (c *Centre) protocol(w http.ResponseWriter, r *http.Request, tenantID string) {
	c.mu.Lock()
	t := c.tenant(tenantID)
	var is route
	known := false
	if t != nil {
		is, known = pathsOf(t).find(r.URL.Path)
	}
	c.mu.Unlock()
	switch {
	case known && (is.any || r.Method == http.MethodGet):
		c.serve(w, r, is.point, tenantID, is.h)
	case t == nil:
		c.serve(w, r, conduct.PointOther, "", noTenant)
	default:
		c.serve(w, r, conduct.PointOther, tenantID, noPath)
	}
}

// documented says whether an address is meant for one of the documents' interfaces.
func documented(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/orgid/") || strings.HasPrefix(path, "/oauth/")
}

// noPath answers what no page has.
func noPath(c *Centre, q *call) answer {
	if documented(q.r.URL.Path) {
		c.broke(q, conduct.PathUnknown, "%s %s 不存在", "there is no %s %s", clip(q.r.Method), clip(q.r.URL.Path))
	}
	return q.fail(http.StatusNotFound, "not_found", "No such address")
}

// noTenant answers a call at the portal that names no tenant.
func noTenant(c *Centre, q *call) answer {
	if !documented(q.r.URL.Path) {
		return q.fail(http.StatusNotFound, "not_found", "No such address")
	}
	c.broke(q, conduct.CommonHeaders, "%s %s 没有说明租户", "%s %s names no tenant", clip(q.r.Method), clip(q.r.URL.Path))
	return q.fail(http.StatusBadRequest, "invalid_request", "X-tenant-id names no tenant of the common domain")
}

// commonTenant is the tenant that a call at the common domain is for: X-tenant-id says it. Browsers send no such header, so authorize is
// known by its client, and CAS's login by its service or the tile that led there.
func (c *Centre) commonTenant(r *http.Request) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, query := r.Header.Get("X-tenant-id"), r.URL.Query()
	launched, byTile := c.launches.get(query.Get("launch"))
	for i := range c.world.Tenants {
		t := &c.world.Tenants[i]
		if !t.Settings.CommonDomain || id != "" && t.TenantID != id {
			continue
		}
		switch p := pathsOf(t); {
		case id != "", byTile && launched.tenantID == t.TenantID:
			return t.TenantID
		case byTile:
		case r.URL.Path == p.authorize && binding(t, byClient(query.Get("client_id"))) != nil,
			r.URL.Path == p.casLogin && binding(t, func(b world.Binding) bool { return c.callback(&b) == query.Get("service") }) != nil,
			(r.URL.Path == p.logout || r.URL.Path == p.casLogout) && hasCookie(r, sessionCookie(t)):
			return t.TenantID
		}
	}
	return ""
}

func hasCookie(r *http.Request, name string) bool {
	_, err := r.Cookie(name)
	return err == nil
}
