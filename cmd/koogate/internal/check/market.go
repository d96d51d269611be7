// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
)

// market serves the marketplace's open APIs until the returned function is called. Without --market it serves nothing.
func (c *Command) market(cfg probe.Config) (stop func(), err error) {
	if c.Market == "" {
		return func() {}, nil
	}
	sim, err := simulator.New(simulator.Config{
		FacadeURL: cfg.URL, AccessKey: cfg.Key, Credentials: sign.Credentials{AccessKey: c.AK, SecretKey: c.SK}, Clock: cfg.Clock,
	})
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", c.Market)
	if err != nil {
		sim.Close()
		return nil, fmt.Errorf("--market: %w", err)
	}
	srv := &http.Server{Handler: openAPIs(sim.Handler()), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	return func() {
		_ = errors.Join(srv.Close(), <-ended) // both say only that it is closed
		sim.Close()
	}, nil
}

// openAPIs lets only the open APIs through, which are signed. The simulator's pages have no authentication.
func openAPIs(all http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/rest/") && !strings.HasPrefix(r.URL.Path, "/api/") {
			http.NotFound(w, r)
			return
		}
		all.ServeHTTP(w, r)
	})
}
