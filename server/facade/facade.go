// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"net/http"
	"strings"
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/facade/family"
)

// via names the facade in a [access.Principal].
const via = "facade"

// Facade serves the production interface. Safe for concurrent use.
type Facade struct {
	Deps
	cfg       Config
	gateways  map[protoreflect.FullName]http.Handler // by service
	noHeader  http.Header                            // of requests to the gateways
	budget    *budget
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

// New returns the handler of /produce/ for the endpoints of Deps.Table, or for those of the configuration, which do not change. It
// fails when one of these is configured twice or wrongly.
func New(cfg Config, d Deps) (*Facade, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if d.Work == nil {
		d.Work = d.Clock
	}
	if d.Table == nil {
		fixed, err := NewTable(cfg.Endpoints)
		if err != nil {
			return nil, err
		}
		d.Table = func() *Table { return fixed }
	}
	f := &Facade{
		Deps: d, cfg: cfg, orders: newOrders(cfg.KnownInstances), polls: newPolls(cfg.KnownInstances),
		noHeader: make(http.Header),
	}
	f.budget = newBudget(&f.cfg)
	var err error
	if f.gateways, err = newGateways(d.Conn); err != nil {
		return nil, err
	}
	f.exchanges.New = func() any { return newExchange(f) }
	return f, nil
}

// ServeHTTP implements http.Handler.
func (f *Facade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, family.Prefix)
	if !ok {
		refuse(w, http.StatusNotFound, "no such path")
		return
	}
	t := f.Table()
	path = t.endless(path)
	below := false // the path belongs to a door, whatever the method
	for _, d := range t.doors {
		name, activity, ok := d.Split(path)
		if !ok {
			continue
		}
		if r.Method == d.Method {
			f.exchange(w, r, t, d, name, activity)
			return
		}
		below = true
	}
	switch {
	case !below:
		refuse(w, http.StatusNotFound, "no such path")
		return
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", t.allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", t.allowed)
		refuse(w, http.StatusMethodNotAllowed, "the method must be one of: "+t.allowed)
	}
}

// endless drops one slash at the end of an address: it names the same one, and the path is no part of what is signed. Where a
// door wants an activity the slash stands before it and stays.
func (t *Table) endless(path string) string {
	for _, d := range t.doors {
		if d.Under != "" && strings.HasSuffix(path, d.Under) {
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
