// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/facade/family"
)

// Table is all endpoints as they are together at one moment, with their routes and keys. Nobody may change it.
type Table struct {
	endpoints map[string]*endpoint
	doors     []*door       // that some endpoint opens
	allowed   string        // methods of an endpoint's address
	stranger  *endpoint     // stands in for endpoints that are not configured
	widest    time.Duration // the most that any endpoint lets clocks differ
}

// NewTable fails when an endpoint is configured twice or wrongly.
func NewTable(endpoints []Endpoint) (*Table, error) {
	t := &Table{endpoints: make(map[string]*endpoint, len(endpoints)), widest: sign.DefaultSkew}
	keys := 1
	for i := range endpoints {
		e := &endpoint{Endpoint: endpoints[i]}
		e.Keys, e.KitKeys = slices.Clone(e.Keys), slices.Clone(e.KitKeys)
		if err := e.check(); err != nil {
			return nil, err
		}
		if t.endpoints[e.Name] != nil {
			return nil, fmt.Errorf("facade: endpoint %q is configured twice", e.Name)
		}
		e.caller = access.Principal{
			Kind: access.Signature, Seller: e.Seller, Subject: e.Name, Scopes: []access.Scope{access.Marketplace}, Via: via,
		}
		t.endpoints[e.Name] = e
		keys = max(keys, len(e.Keys), len(e.KitKeys))
		t.widest = max(t.widest, e.Skew)
	}
	// A call to an unknown endpoint is verified as well, and every endpoint tries equally many keys, some of which nobody has:
	// neither an answer nor its time tells which endpoints exist.
	t.stranger = &endpoint{}
	fill(t.stranger, keys)
	for _, e := range t.endpoints {
		fill(e, keys)
	}
	return t, t.buildRoutes()
}

// fill adds keys that nobody has until there are n.
func fill(e *endpoint, n int) {
	for len(e.Keys) < n {
		e.Keys = append(e.Keys, rand.Text())
	}
	for len(e.KitKeys) < n {
		e.KitKeys = append(e.KitKeys, rand.Text())
	}
}

// buildRoutes prepares the way from each activity of each endpoint to its rpc.
func (t *Table) buildRoutes() error {
	codec, err := newCodec()
	if err != nil {
		return err
	}
	allowed := map[string]bool{http.MethodOptions: true}
	for _, e := range t.endpoints {
		served, err := e.served()
		if err != nil {
			return err
		}
		e.routes = make(map[*door]map[string]*route)
		for _, f := range served {
			d := doors[f.Door]
			if err := e.open(f, d, codec); err != nil {
				return err
			}
			if !slices.Contains(t.doors, d) {
				t.doors = append(t.doors, d)
			}
			if d.Under == "" {
				allowed[d.Method] = true
			}
		}
	}
	t.allowed = strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")
	slices.SortFunc(t.doors, func(a, b *door) int { return strings.Compare(a.Method+a.Under, b.Method+b.Under) })
	return nil
}

// served resolves the families of an endpoint; none means the first.
func (e *endpoint) served() ([]family.Family, error) {
	if len(e.Families) == 0 {
		return family.All()[:1], nil
	}
	list := make([]family.Family, len(e.Families))
	for i, name := range e.Families {
		var ok bool
		if list[i], ok = family.Named(name); !ok {
			return nil, fmt.Errorf("facade: endpoint %q: no protocol family %q", e.Name, name)
		}
	}
	return list, nil
}
