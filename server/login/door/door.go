// SPDX-License-Identifier: Apache-2.0

package door

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/server/login/upstream"
)

// Config is what the configuration says of logins.
type Config struct {
	Issuer     string // by which apps and browsers know this service, without a slash at its end; empty where nobody logs in
	UnifiedURL string // the marketplace's login page
	Rules      []upstream.Rule
	Suffixes   []string      // ends of host names that tenants may have; none for every public one
	Budget     time.Duration // of one call to an authentication centre
	KeyLife    time.Duration // for which a key signs
}

// Deps are what the door works with.
type Deps struct {
	Caller upstream.Guard // to the domains of tenants
}

// Door is the login as a whole. Safe for concurrent use.
type Door struct {
	cfg    Config
	deps   Deps
	Centre *upstream.Client
}

// New puts the parts together. It makes no call. Errors: [upstream.ErrConfig].
func New(cfg Config, d Deps) (*Door, error) {
	centre, err := upstream.New(upstream.Config{Guard: d.Caller, Rules: cfg.Rules, Budget: cfg.Budget, Suffixes: cfg.Suffixes})
	if err != nil {
		return nil, err
	}
	return &Door{cfg: cfg, deps: d, Centre: centre}, nil
}

// Handler answers browsers and apps.
func (d *Door) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no login is served yet", http.StatusServiceUnavailable)
	})
}
