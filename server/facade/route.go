package facade

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// template is how the proto's paths begin; the activity follows.
const template = prefix + "{endpoint}/v2/"

// route leads one activity of one endpoint to its rpc.
type route struct {
	activity string
	span     string // the name of its calls' spans
	url      *url.URL
}

// activities reads the service's activities from the paths in the proto.
func activities(service protoreflect.ServiceDescriptor) ([]string, error) {
	methods := service.Methods()
	names := make([]string, methods.Len())
	for i := range names {
		m := methods.Get(i)
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		activity, ok := strings.CutPrefix(rule.GetPost(), template)
		if !ok || strings.Contains(activity, "/") {
			return nil, fmt.Errorf("facade: %s has no path of the form %sACTIVITY", m.FullName(), template)
		}
		names[i] = activity
	}
	return names, nil
}

// buildRoutes prepares the gateway and the way to it.
func (f *Facade) buildRoutes() error {
	service := productionv1.File_koogate_production_v1_saas_v2_proto.Services().ByName("SaasV2Service")
	names, err := activities(service)
	if err != nil {
		return err
	}
	for _, e := range f.endpoints {
		e.routes = make(map[string]*route, len(names))
		for _, a := range names {
			e.routes[a] = &route{activity: a, span: "callback " + a, url: &url.URL{Path: prefix + e.Name + "/v2/" + a}}
		}
	}
	codec, err := wirejson.NewCodec(service)
	if err != nil {
		return err
	}
	never := func(string) (string, bool) { return "", false }
	mux := runtime.NewServeMux(
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
	f.gateway = mux
	return productionv1.RegisterSaasV2ServiceHandlerClient(context.Background(), mux, productionv1.NewSaasV2ServiceClient(f.Conn))
}

// inner is the request that the gateway sees. It carries nothing of what came in but the parsed body: no header can reach
// a handler, and no path but ours.
func (x *exchange) inner(ctx context.Context) *http.Request {
	r := http.Request{Method: http.MethodPost, URL: x.route.url, Header: x.f.noHeader, Body: wirejson.Parsed{Object: &x.object}}
	return r.WithContext(ctx)
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
