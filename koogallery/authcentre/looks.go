// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/checker/source"
)

// homeRows bounds the lists of the overview.
const homeRows = 100

// named is a login with the name of its tenant.
type named struct {
	conduct.Login
	Tenant string
}

// cited is a rule with the pages that it comes from.
type cited struct {
	conduct.Rule
	Cites []string
}

// looks are the pages that people look at.
func (c *Centre) looks(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { c.show(w, r, http.StatusOK, "home", c.home()) })
	mux.HandleFunc("GET /rules", func(w http.ResponseWriter, r *http.Request) {
		var rows []cited
		for _, rule := range conduct.Rules() {
			row := cited{Rule: rule}
			for _, id := range rule.Source {
				s, _ := source.Find(id)
				row.Cites = append(row.Cites, id+": "+s.Cite())
			}
			rows = append(rows, row)
		}
		c.show(w, r, http.StatusOK, "rules", rows)
	})
	mux.HandleFunc("GET /logins/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		l, ok := c.Journal().Login(id)
		if err != nil || !ok {
			c.show(w, r, http.StatusNotFound, "error", struct{ Key string }{"errNotFound"})
			return
		}
		c.show(w, r, http.StatusOK, "one", named{l, c.nameOf(l.TenantID)})
	})
}

// show sends a page that no fault and no journal concerns.
func (c *Centre) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	c.mu.Lock()
	lang := c.language(r)
	c.mu.Unlock()
	c.send(w, r, &effect{}, render(r, lang, c.Now(), status, name, data))
}

func (c *Centre) nameOf(tenantID string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tenantName(tenantID)
}

// home is what the overview shows.
func (c *Centre) home() any {
	d := c.Describe()
	j := c.Journal()
	names := make(map[string]string)
	for _, t := range d.Tenants {
		names[t.TenantID] = t.Name
	}
	var logins []named
	for _, l := range j.Logins(homeRows) {
		logins = append(logins, named{l, names[l.TenantID]})
	}
	events, _, _ := j.Events(0)
	last := int64(0)
	if len(events) > 0 {
		last = events[len(events)-1].Seq
	}
	kinds := slices.Sorted(maps.Keys(FaultKinds()))
	return map[string]any{
		"Now": c.Now(), "Seq": last, "Findings": j.Findings(homeRows), "Logins": logins, "Apps": d.Applications, "Tenants": d.Tenants,
		"Faults": c.Faults(), "Kinds": slices.DeleteFunc(kinds, func(k string) bool { return k == "answer" }),
	}
}
