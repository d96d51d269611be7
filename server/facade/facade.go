package facade

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// prefix is where the endpoints are.
const prefix = "/produce/"

// Facade serves the production interface. Safe for concurrent use.
type Facade struct {
	Deps
	cfg       Config
	endpoints map[string]*endpoint
	stranger  *endpoint // stands in for endpoints that are not configured
	gateway   http.Handler
	noHeader  http.Header // of requests to the gateway
	orders    *orders
	away      away
	exchanges sync.Pool
}

var _ http.Handler = (*Facade)(nil)

// endpoint is an Endpoint with its routes.
type endpoint struct {
	Endpoint
	routes map[string]*route // by activity
}

// New returns the handler of /produce/. It fails when an endpoint is configured twice or wrongly.
func New(cfg Config, d Deps) (*Facade, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	f := &Facade{Deps: d, cfg: cfg, endpoints: make(map[string]*endpoint), orders: newOrders(cfg.KnownInstances), noHeader: make(http.Header)}
	keys := 1
	for i := range cfg.Endpoints {
		e := &endpoint{Endpoint: cfg.Endpoints[i]}
		e.Keys = slices.Clone(e.Keys)
		if err := e.check(); err != nil {
			return nil, err
		}
		if f.endpoints[e.Name] != nil {
			return nil, fmt.Errorf("facade: endpoint %q is configured twice", e.Name)
		}
		f.endpoints[e.Name] = e
		keys = max(keys, len(e.Keys))
	}
	// A stranger's call is verified as well, with as many keys as anybody's: neither the answer nor its time tells which
	// endpoints exist.
	f.stranger = &endpoint{}
	for range keys {
		f.stranger.Keys = append(f.stranger.Keys, rand.Text())
	}
	if err := f.buildRoutes(); err != nil {
		return nil, err
	}
	f.exchanges.New = func() any { return newExchange(f) }
	return f, nil
}

// ServeHTTP implements http.Handler.
func (f *Facade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok || name == "" || strings.Contains(name, "/") {
		refuse(w, http.StatusNotFound, "no such path")
		return
	}
	switch r.Method {
	case http.MethodPost:
		f.exchange(w, r, name)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowed)
		refuse(w, http.StatusMethodNotAllowed, "the method must be POST")
	}
}

const allowed = "OPTIONS, POST"

// refuse answers what is not a call at all.
func refuse(w http.ResponseWriter, status int, why string) {
	body := appendResult(nil, resultcode.InvalidParam, resultcode.Message(resultcode.InvalidParam, why))
	setHeader(w.Header(), len(body))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that left is no concern
}
