// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/access"
)

// prefix is where the endpoints are.
const prefix = "/produce/"

// via names the facade in a [access.Principal].
const via = "facade"

// Facade serves the production interface. Safe for concurrent use.
type Facade struct {
	Deps
	cfg       Config
	endpoints map[string]*endpoint
	doors     []*door     // that some endpoint opens
	allowed   string      // methods of an endpoint's address
	stranger  *endpoint   // stands in for endpoints that are not configured
	noHeader  http.Header // of requests to the gateways
	budget    *budget
	widest    time.Duration // the most that any endpoint lets clocks differ
	orders    *orders
	polls     *polls
	away      away
	exchanges sync.Pool
	long      sync.Pool // of *[]byte, beyond keptBuffer
}

var _ http.Handler = (*Facade)(nil)

// endpoint is an Endpoint with its routes.
type endpoint struct {
	Endpoint
	caller access.Principal            // who signs the calls
	routes map[*door]map[string]*route // by activity
}

// New returns the handler of /produce/. It fails when an endpoint is configured twice or wrongly.
func New(cfg Config, d Deps) (*Facade, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if d.Work == nil {
		d.Work = d.Clock
	}
	f := &Facade{
		Deps: d, cfg: cfg, endpoints: make(map[string]*endpoint), orders: newOrders(cfg.KnownInstances), polls: newPolls(cfg.KnownInstances),
		noHeader: make(http.Header),
	}
	f.budget = newBudget(&f.cfg)
	keys := 1
	f.widest = sign.DefaultSkew
	for i := range cfg.Endpoints {
		e := &endpoint{Endpoint: cfg.Endpoints[i]}
		e.Keys, e.KitKeys = slices.Clone(e.Keys), slices.Clone(e.KitKeys)
		if err := e.check(); err != nil {
			return nil, err
		}
		if f.endpoints[e.Name] != nil {
			return nil, fmt.Errorf("facade: endpoint %q is configured twice", e.Name)
		}
		e.caller = access.Principal{
			Kind: access.Signature, Seller: e.Seller, Subject: e.Name, Scopes: []access.Scope{access.Marketplace}, Via: via,
		}
		f.endpoints[e.Name] = e
		keys = max(keys, len(e.Keys), len(e.KitKeys))
		f.widest = max(f.widest, e.Skew)
	}
	// A call to an unknown endpoint is verified as well, and every endpoint tries equally many keys, some of which nobody has:
	// neither an answer nor its time tells which endpoints exist.
	f.stranger = &endpoint{}
	fill(f.stranger, keys)
	for _, e := range f.endpoints {
		fill(e, keys)
	}
	if err := f.buildRoutes(); err != nil {
		return nil, err
	}
	slices.SortFunc(f.doors, func(a, b *door) int { return strings.Compare(a.method+a.under, b.method+b.under) })
	f.exchanges.New = func() any { return newExchange(f) }
	return f, nil
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

// ServeHTTP implements http.Handler.
func (f *Facade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		refuse(w, http.StatusNotFound, "no such path")
		return
	}
	path = f.endless(path)
	below := false // the path belongs to a door, whatever the method
	for _, d := range f.doors {
		name, activity, ok := d.split(path)
		if !ok {
			continue
		}
		if r.Method == d.method {
			f.exchange(w, r, d, name, activity)
			return
		}
		below = true
	}
	switch {
	case !below:
		refuse(w, http.StatusNotFound, "no such path")
		return
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", f.allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", f.allowed)
		refuse(w, http.StatusMethodNotAllowed, "the method must be one of: "+f.allowed)
	}
}

// endless drops one slash at the end of an address: it names the same one, and the path is no part of what is signed. Where a
// door wants an activity the slash stands before it and stays.
func (f *Facade) endless(path string) string {
	for _, d := range f.doors {
		if d.under != "" && strings.HasSuffix(path, d.under) {
			return path
		}
	}
	return strings.TrimSuffix(path, "/")
}

// refuse answers a request that is not a call of the marketplace.
func refuse(w http.ResponseWriter, status int, why string) {
	body := appendResult(nil, resultcode.InvalidParam, resultcode.Message(resultcode.InvalidParam, why))
	setHeader(w.Header(), len(body))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has left, and nobody else needs this answer
}
