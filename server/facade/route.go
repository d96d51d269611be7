// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// route leads one activity of one endpoint to its rpc.
type route struct {
	activity string
	family   string // the first of the endpoint's that has the activity; several may share it
	span     string // the name of its calls' spans
	url      *url.URL
	subject  func(seller, activity string, o *wirejson.Object) family.Subject
	codec    *wirejson.Codec
	input    protoreflect.MessageDescriptor
	service  protoreflect.FullName // the rpc's
}

// form renders an object as the gateway's form of the rpc.
func (r *route) form(o *wirejson.Object) url.Values { return r.codec.Form(o, r.input) }

// newCodec makes the codec of all services, once.
var newCodec = sync.OnceValues(func() (*wirejson.Codec, error) {
	var descriptors []protoreflect.ServiceDescriptor
	for _, s := range family.Services() {
		descriptors = append(descriptors, s.Descriptor)
	}
	return wirejson.NewCodec(descriptors...)
})

// newGateways prepares the generated gateways by service. Each has a mux of its own: a mux tries its paths one after the other, and
// the route knows the service already.
func newGateways(conn grpc.ClientConnInterface) (map[protoreflect.FullName]http.Handler, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	made := make(map[protoreflect.FullName]http.Handler)
	for _, s := range family.Services() {
		mux := newMux(codec)
		if err := s.Gateway(context.Background(), mux, conn); err != nil {
			return nil, err
		}
		made[s.Descriptor.FullName()] = mux
	}
	return made, nil
}

// newMux returns a mux that lets no header pass and tells the exchange how its calls have ended.
func newMux(codec *wirejson.Codec) *runtime.ServeMux {
	never := func(string) (string, bool) { return "", false }
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, codec),
		runtime.WithIncomingHeaderMatcher(never),
		runtime.WithOutgoingHeaderMatcher(never),
		runtime.WithOutgoingTrailerMatcher(never),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithForwardResponseOption(noteResult),
		runtime.WithErrorHandler(noteError),
		runtime.WithRoutingErrorHandler(func(ctx context.Context, m *runtime.ServeMux, o runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
			noteError(ctx, m, o, w, r, fmt.Errorf("facade: no route: HTTP %d", code))
		}),
	)
}

// open adds a family's routes. Families that share a door and an activity must share its rpc.
func (e *endpoint) open(f family.Family, d *door, codec *wirejson.Codec) error {
	routes := e.routes[d]
	if routes == nil {
		routes = make(map[string]*route)
		e.routes[d] = routes
	}
	for _, s := range f.Services {
		methods, err := s.Methods(f.Door)
		if err != nil {
			return err
		}
		for activity, m := range methods {
			r := &route{
				activity: activity, family: f.Name, span: "callback " + activity, url: &url.URL{Path: family.Prefix + e.Name + d.Inner + activity},
				subject: f.Subject, codec: codec, input: m.Input(), service: s.Descriptor.FullName(),
			}
			if other := routes[activity]; other != nil {
				if other.input != r.input {
					return fmt.Errorf("facade: family %s: another family answers %s", f.Name, activity)
				}
				r.family = other.family
			}
			routes[activity] = r
		}
	}
	return nil
}

// gatewayWriter collects what the gateway writes.
type gatewayWriter struct{ x *exchange }

var (
	_ http.ResponseWriter = gatewayWriter{}
	_ io.ReadCloser       = wirejson.Parsed{}
)

// Header implements http.ResponseWriter; nothing of it is sent.
func (g gatewayWriter) Header() http.Header { return g.x.header }

// WriteHeader implements http.ResponseWriter; the answer's code says it all.
func (gatewayWriter) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (g gatewayWriter) Write(p []byte) (int, error) {
	g.x.out = append(g.x.out, p...)
	return len(p), nil
}

// noteResult takes the code from an answer before it is encoded.
func noteResult(_ context.Context, w http.ResponseWriter, m proto.Message) error {
	g, ok := w.(gatewayWriter)
	if !ok {
		return fmt.Errorf("facade: the gateway writes to a %T", w)
	}
	if r, ok := m.(interface{ GetResultCode() string }); ok {
		g.x.code = resultcode.Code(r.GetResultCode())
	}
	if r, ok := m.(interface{ GetInstanceId() string }); ok {
		g.x.newID = r.GetInstanceId()
	}
	return nil
}

// noteError makes an answer of an error that kept the call from its handler, or that the handler gave.
func noteError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	g, ok := w.(gatewayWriter)
	if !ok {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	r := production.Refused(err)
	g.x.put(r.Code, r.Message)
	g.x.reason, g.x.meta = r.Reason, r.Meta
}
