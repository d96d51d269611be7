package server

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	openapidoc "github.com/koogate/koogate/gen/openapi"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/inproc"
)

// apiLimits leave room for a lease that waits 60 s.
var apiLimits = limits{header: 5 * time.Second, read: 30 * time.Second, write: 90 * time.Second, body: maxMessage}

// apiDoor serves the internal API as REST: the generated gateway over an in-process channel with the interceptors of the
// gRPC door.
func (s *Server) apiDoor(svc services) (*door, error) {
	chain := svc.authenticated(s.draining)
	channel := inproc.NewStreaming(chain.Unary, chain.Stream)
	svc.internal.Register(channel)
	mux := newGateway()
	if err := v1.RegisterGateway(context.Background(), mux, channel); err != nil {
		return nil, err
	}
	root := http.NewServeMux()
	root.HandleFunc("GET /openapi.yaml", serveOpenAPI)
	root.Handle("/", mux)
	return httpDoor(DoorAPI, s.cfg.Listen.API, plainHeaders(root), apiLimits, TLS{}, s.deps.Log), nil
}

// newGateway is a gateway that answers every error as a google.rpc.Status with a reason.
func newGateway() *runtime.ServeMux {
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, v1.NewMarshaler()),
		runtime.WithIncomingHeaderMatcher(func(name string) (string, bool) {
			if strings.EqualFold(name, "Traceparent") {
				return "traceparent", true
			}
			return "", false // Authorization is passed on by the gateway itself; nothing else means anything to the handlers
		}),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash), // an ID from outside arrives whole, whatever is in it
		runtime.WithErrorHandler(answerError),
		runtime.WithRoutingErrorHandler(func(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
			answerError(ctx, mux, m, w, r, routingError(code))
		}),
	)
}

// routingError is what a path or method that no rpc has is answered with. A wrong method is 405 and not the gateway's 501.
func routingError(code int) error {
	e := errs.New(errs.Invalid, errs.InvalidField, "the request cannot be read")
	switch code {
	case http.StatusNotFound:
		e.Msg = "no such path"
	case http.StatusMethodNotAllowed:
		e.Msg = "no such method at this path"
	default:
		code = http.StatusBadRequest
	}
	return &runtime.HTTPStatusError{HTTPStatus: code, Err: errs.ToStatus(e).Err()}
}

var position = regexp.MustCompile(`\(line [0-9]+:[0-9]+\)`)

// answerError writes an error. One that the gateway found itself, in reading the request, carries no reason and quotes
// what it read, which may be a password: it is replaced by a text of ours.
func answerError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	var routing *runtime.HTTPStatusError
	if !errors.As(err, &routing) {
		if s := status.Convert(err); s.Code() == codes.InvalidArgument && len(s.Details()) == 0 {
			text := "the request cannot be read as JSON of this call"
			if at := position.FindString(s.Message()); at != "" {
				text += " " + at
			}
			err = errs.ToStatus(errs.New(errs.Invalid, errs.InvalidField, "%s", text)).Err()
		}
	}
	runtime.DefaultHTTPErrorHandler(ctx, mux, m, w, r, err)
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openapidoc.YAML)
}

// plainHeaders keeps answers out of caches and browsers from guessing.
func plainHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}
