// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/interceptor"
)

// New returns the generated gateway without its paths. It answers every error as a google.rpc.Status with a reason. admit decides from the
// incoming metadata, before anything of a body is read, whether the caller is known.
func New(admit func(ctx context.Context, method string) error) *runtime.ServeMux {
	answer := answers{names: newNames(), marshaler: newMarshaler()}
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, answer.marshaler),
		runtime.WithMiddlewares(authenticated(admit, answer.refuse), strict(answer.refuse)),
		runtime.WithIncomingHeaderMatcher(func(name string) (string, bool) {
			for _, known := range []string{"traceparent", interceptor.RequestID} {
				if strings.EqualFold(name, known) {
					return known, true
				}
			}
			return "", false // Authorization is passed on by the gateway itself; nothing else means anything to the handlers
		}),
		runtime.WithOutgoingHeaderMatcher(func(name string) (string, bool) { return name, name == interceptor.RequestID }),
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
			r = r.WithContext(interceptor.OverTLS(r.Context(), r.TLS))
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
