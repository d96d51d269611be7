// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	openapidoc "github.com/koogate/koogate/gen/openapi"
	"github.com/koogate/koogate/server/api/reference"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/console"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/inproc"
)

// apiLimits leave room for a lease that waits 60 s.
var apiLimits = limits{header: 5 * time.Second, read: 30 * time.Second, write: 90 * time.Second, body: maxMessage}

// apiListener serves the internal API as REST: the generated gateway over an in-process channel with the interceptors of the
// gRPC listener.
func (s *Server) apiListener(svc services) (*listener, error) {
	chain := svc.authenticated(config.ListenerAPI, s.draining)
	channel := inproc.NewStreaming(chain.Unary, chain.Stream)
	svc.internal.Register(channel)
	mux := rest.New(svc.admit)
	if err := svc.internal.RegisterGateway(context.Background(), mux, channel); err != nil {
		return nil, err
	}
	if err := rest.ServeStreams(mux, channel, s.deps.Clock.Now); err != nil {
		return nil, err
	}
	root := http.NewServeMux()
	root.HandleFunc("GET /openapi.yaml", serveOpenAPI(s.cfg.Listeners.API.PublicURL))
	pages, err := console.New(console.Options{API: admitted{channel, svc.admit}, Jaeger: s.cfg.Tracing.JaegerURL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Clock: s.deps.Clock, Log: s.deps.Log})
	if err != nil {
		return nil, err
	}
	root.Handle("/console/", pages.Handler())
	explained, err := reference.Handler()
	if err != nil {
		return nil, err
	}
	root.Handle("GET "+reference.Path, explained)
	root.Handle("/", mux)
	return httpListener(config.ListenerAPI, s.cfg.Listen.API, s.parting(s.proxies.Resolve(plainHeaders(root))), apiLimits, s.certificates[config.ListenerAPI], s.deps.Log), nil
}

// admitted are the calls of the console, which are judged by their headers first, as those of REST are.
type admitted struct {
	grpc.ClientConnInterface
	admit func(ctx context.Context, method string) error
}

// Invoke implements grpc.ClientConnInterface.
func (a admitted) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if err := a.judge(ctx, method); err != nil {
		return err
	}
	return a.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// NewStream implements grpc.ClientConnInterface.
func (a admitted) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if err := a.judge(ctx, method); err != nil {
		return nil, err
	}
	return a.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}

func (a admitted) judge(ctx context.Context, method string) error {
	md, _ := metadata.FromOutgoingContext(ctx)
	return errs.ToStatus(a.admit(metadata.NewIncomingContext(ctx, md), method)).Err()
}

// ownServer is how the document names the address under which it was fetched.
const ownServer = "servers:\n  - description: The address of listen.api.\n    url: /\n"

// serveOpenAPI serves the document, which names the address under which callers reach the listener.
func serveOpenAPI(address string) http.HandlerFunc {
	document := openapidoc.YAML
	if address != "" {
		server := fmt.Sprintf("servers:\n  - description: The address under which this API is reached.\n    url: %q\n", strings.TrimRight(address, "/"))
		document = bytes.Replace(document, []byte(ownServer), []byte(server), 1)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(document)
	}
}

// plainHeaders keeps answers out of caches and browsers from guessing.
func plainHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}
