// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	openapidoc "github.com/koogate/koogate/gen/openapi"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/console"
	"github.com/koogate/koogate/server/inproc"
)

// apiLimits leave room for a lease that waits 60 s.
var apiLimits = limits{header: 5 * time.Second, read: 30 * time.Second, write: 90 * time.Second, body: maxMessage}

// apiDoor serves the internal API as REST: the generated gateway over an in-process channel with the interceptors of the
// gRPC door.
func (s *Server) apiDoor(svc services) (*door, error) {
	chain := svc.authenticated(config.ListenerAPI, s.draining)
	channel := inproc.NewStreaming(chain.Unary, chain.Stream)
	svc.internal.Register(channel)
	mux := newGateway(svc.admit)
	if err := v1.RegisterGateway(context.Background(), mux, channel); err != nil {
		return nil, err
	}
	root := http.NewServeMux()
	root.HandleFunc("GET /openapi.yaml", serveOpenAPI(s.cfg.Listeners.API.PublicURL))
	pages, err := console.New(console.Options{API: channel, Jaeger: s.cfg.Tracing.JaegerURL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Clock: s.deps.Clock, Log: s.deps.Log})
	if err != nil {
		return nil, err
	}
	root.Handle("/console/", pages.Handler())
	root.Handle("/", mux)
	return httpDoor(config.ListenerAPI, s.cfg.Listen.API, s.parting(s.proxies.Resolve(plainHeaders(root))), apiLimits, s.certificates[config.ListenerAPI], s.deps.Log), nil
}

// newGateway is a gateway that answers every error as a google.rpc.Status with a reason.
func newGateway(admit func(ctx context.Context, method string) error) *runtime.ServeMux {
	answer := errorAnswers{names: v1.NewNames(), marshaler: v1.NewMarshaler()}
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, answer.marshaler),
		runtime.WithMiddlewares(authenticated(admit, answer.refuse), v1.Strict(answer.refuse)),
		runtime.WithIncomingHeaderMatcher(func(name string) (string, bool) {
			if strings.EqualFold(name, "Traceparent") {
				return "traceparent", true
			}
			return "", false // Authorization is passed on by the gateway itself; nothing else means anything to the handlers
		}),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash), // an ID from outside arrives whole, whatever is in it
		runtime.WithErrorHandler(answer.fault),
		runtime.WithRoutingErrorHandler(answer.route),
	)
}

// authenticated refuses a call without a token before anything of its body is read.
func authenticated(admit func(ctx context.Context, method string) error, refuse func(http.ResponseWriter, *http.Request, error)) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
			ctx := metadata.NewIncomingContext(r.Context(), metadata.MD{
				"authorization": r.Header.Values("Authorization"), "x-forwarded-for": {callers.Proxies(nil).Caller(r.RemoteAddr, nil)},
			})
			if err := admit(ctx, "REST"); err != nil {
				refuse(w, r, err)
				return
			}
			next(w, r, pathParams)
		}
	}
}

// ownServer is how the document names the address under which it was fetched.
const ownServer = "servers:\n  - description: The address of listen.api.\n    url: /\n"

// serveOpenAPI serves the document, which names the address under which callers reach the door.
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
