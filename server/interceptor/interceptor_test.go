// SPDX-License-Identifier: Apache-2.0

package interceptor_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/interceptor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const method = "/koogate.v1.OrderService/GetOrder"

// shape calls a pair in one of its two shapes; the handler's context and the received message come back through h.
type shape struct {
	name string
	call func(p interceptor.Pair, ctx context.Context, method string, req proto.Message, h func(context.Context) error) error
}

func shapes() []shape {
	return []shape{
		{"unary", func(p interceptor.Pair, ctx context.Context, method string, req proto.Message, h func(context.Context) error) error {
			_, err := p.Unary(ctx, req, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
				return "answer", h(ctx)
			})
			return err
		}},
		{"stream", func(p interceptor.Pair, ctx context.Context, method string, req proto.Message, h func(context.Context) error) error {
			return p.Stream(nil, &stream{ctx: ctx, req: req}, &grpc.StreamServerInfo{FullMethod: method}, func(_ any, ss grpc.ServerStream) error {
				if err := ss.RecvMsg(req.ProtoReflect().New().Interface()); err != nil {
					return err
				}
				return h(ss.Context())
			})
		}},
	}
}

// stream delivers one message.
type stream struct {
	grpc.ServerStream
	ctx context.Context
	req proto.Message
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) RecvMsg(m any) error {
	if s.req == nil {
		return io.EOF
	}
	proto.Merge(m.(proto.Message), s.req)
	return nil
}

func good() *productionv1.UpdateInstanceStatusRequest {
	return &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", InstanceId: "i", Status: "FREEZE"}
}

func each(t *testing.T, f func(t *testing.T, s shape)) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) { f(t, s) })
	}
}

func TestChainOrder(t *testing.T) {
	each(t, func(t *testing.T, s shape) {
		var order []string
		mark := func(name string) interceptor.Pair {
			return interceptor.Pair{
				Unary: func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
					order = append(order, name)
					return next(ctx, req)
				},
				Stream: func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
					order = append(order, name)
					return next(srv, ss)
				},
			}
		}
		chain := interceptor.Chain(mark("a"), mark("b"), mark("c"))
		if err := s.call(chain, t.Context(), method, good(), func(context.Context) error { order = append(order, "h"); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(order, ""); got != "abch" {
			t.Errorf("order %s", got)
		}
		if len(chain.ServerOptions()) != 2 {
			t.Error("a server needs both shapes")
		}
	})
}

func TestRecover(t *testing.T) {
	each(t, func(t *testing.T, s shape) {
		var log bytes.Buffer
		p := interceptor.Recover(slog.New(slog.NewTextHandler(&log, nil)))
		err := s.call(p, t.Context(), method, good(), func(context.Context) error { panic(errors.New("canary")) })
		if status.Code(err) != codes.Internal || status.Convert(err).Message() != "internal error" {
			t.Errorf("got %v", err)
		}
		text := log.String()
		if !strings.Contains(text, method) || !strings.Contains(text, "interceptor_test.go") || !strings.Contains(text, "*errors.errorString") {
			t.Errorf("log does not help: %s", text)
		}
		if strings.Contains(text, "canary") {
			t.Errorf("log holds the panic's value: %s", text)
		}
		if err := s.call(p, t.Context(), method, good(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("without a panic: %v", err)
		}
	})
}

func TestStatus(t *testing.T) {
	each(t, func(t *testing.T, s shape) {
		var log bytes.Buffer
		p := interceptor.Status(slog.New(slog.NewTextHandler(&log, nil)))
		run := func(err error) (*status.Status, string) {
			log.Reset()
			got := s.call(p, t.Context(), method, good(), func(context.Context) error { return err })
			return status.Convert(got), log.String()
		}
		if st, text := run(nil); st.Code() != codes.OK || text != "" {
			t.Errorf("no error: %v, %s", st, text)
		}
		if st, text := run(errs.New(errs.NotFound, errs.OrderNotFound, "no order")); st.Code() != codes.NotFound || text != "" {
			t.Errorf("a domain's error: %v, %s", st, text)
		}
		st, text := run(errs.Wrap(errors.New("canary"), errs.Internal, errs.InternalFault, "internal error"))
		if st.Code() != codes.Internal || strings.Count(text, "canary") != 1 || strings.Contains(st.String(), "canary") {
			t.Errorf("a fault: %v, %s", st, text)
		}
		if st, text = run(errors.New("canary")); st.Code() != codes.Internal || !strings.Contains(text, "canary") || strings.Contains(st.String(), "canary") {
			t.Errorf("an unknown error: %v, %s", st, text)
		}
		if st, text = run(context.Canceled); st.Code() != codes.Canceled || text != "" {
			t.Errorf("a caller that left: %v, %s", st, text)
		}
	})
	if _, err := interceptor.Status(nil).Unary(t.Context(), nil, &grpc.UnaryServerInfo{}, func(context.Context, any) (any, error) {
		return nil, errors.New("x")
	}); status.Code(err) != codes.Internal {
		t.Error("without a log")
	}
}

func TestValidate(t *testing.T) {
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	p := interceptor.Validate(v)
	long := strings.Repeat("订", 30)
	for _, c := range []struct {
		name   string
		req    proto.Message
		reason errs.Reason // empty for none
		fields string
		meta   map[string]string
	}{
		{"valid", good(), "", "", nil},
		{"missing", &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", Status: "FREEZE"}, errs.InvalidField, "instance_id", nil},
		{"two fields", &productionv1.UpdateInstanceStatusRequest{Endpoint: "canary", Status: "FREEZE", TestFlag: "0", InstanceId: strings.Repeat("canary", 11), ExtraJson: strings.Repeat("x", 70000)},
			errs.InvalidField, "instance_id extra_json", nil},
		{"empty enum", &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", InstanceId: "i"}, errs.InvalidField, "status", nil},
		{"unknown enum", &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", InstanceId: "i", Status: "FROZEN-canary"},
			errs.UnknownEnumValue, "status", map[string]string{"field": "status", "value": "FROZEN-canary"}},
		{"unknown enum and missing", &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", Status: "FROZEN"},
			errs.UnknownEnumValue, "instance_id status", map[string]string{"field": "status", "value": "FROZEN"}},
		{"long value", &productionv1.UpdateInstanceStatusRequest{Endpoint: "demo", InstanceId: "i", Status: long},
			errs.UnknownEnumValue, "status", map[string]string{"field": "status", "value": long[:63]}},
		{"nested", &productionv1.ChangeInstanceCheckRequest{Endpoint: "demo", InstanceId: "i", ProductInfo: []*productionv1.ProductInfo{{}, {LinearValue: "canary"}}},
			errs.InvalidField, "product_info[1].linear_value", nil},
		{"secret", &productionv1.AppInfo{FrontEndUrl: "u", Password: strings.Repeat("canary", 30)}, errs.InvalidField, "password", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, s shape) {
				called := false
				err := s.call(p, t.Context(), method, c.req, func(context.Context) error { called = true; return nil })
				if c.reason == "" {
					if err != nil || !called {
						t.Fatalf("%v, called %v", err, called)
					}
					return
				}
				var e *errs.Error
				if !errors.As(err, &e) || called {
					t.Fatalf("%v, called %v", err, called)
				}
				var fields []string
				for _, f := range e.Fields {
					fields = append(fields, f.Path)
					if f.Msg == "" || !strings.Contains(e.Msg, f.Path+": "+f.Msg) {
						t.Errorf("%+v is not in %q", f, e.Msg)
					}
				}
				if e.Kind != errs.Invalid || e.Reason != c.reason || strings.Join(fields, " ") != c.fields {
					t.Errorf("kind %v, reason %s, fields %v", e.Kind, e.Reason, fields)
				}
				if len(e.Meta) != len(c.meta) || e.Meta["field"] != c.meta["field"] || e.Meta["value"] != c.meta["value"] {
					t.Errorf("meta %q", e.Meta)
				}
				if strings.Contains(e.Msg, "canary") {
					t.Errorf("the message repeats a value: %s", e.Msg)
				}
			})
		})
	}
	if _, err := p.Unary(t.Context(), "text", nil, nil); errs.As(err).Reason != errs.InternalFault {
		t.Errorf("no message: %v", err)
	}
	many := &productionv1.ChangeInstanceCheckRequest{Endpoint: "demo", InstanceId: "i"}
	for range 29 {
		many.ProductInfo = append(many.ProductInfo, &productionv1.ProductInfo{LinearValue: "x"})
	}
	_, err = p.Unary(t.Context(), many, nil, nil)
	if e := errs.As(err); len(e.Fields) != 20 || !strings.HasSuffix(e.Msg, "and more") {
		t.Errorf("%d fields, %s", len(e.Fields), e.Msg)
	}
}

func TestAuth(t *testing.T) {
	tokens, err := interceptor.NewTokens([]interceptor.Token{
		{Seller: "a", Secret: "token-a", Name: "one", Scopes: []access.Scope{access.Read}, Queues: []string{"q"}},
		{Seller: "a", Secret: "token-a2"}, {Seller: "b", Secret: "token-b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := interceptor.Auth(tokens, "listener")
	for _, c := range []struct {
		name   string
		method string
		header []string
		seller string // empty for a refusal
	}{
		{"first", method, []string{"Bearer token-a"}, "a"},
		{"second of a seller", method, []string{"bearer  token-a2 "}, "a"},
		{"another seller", method, []string{"BEARER token-b"}, "b"},
		{"none", method, nil, ""},
		{"empty", method, []string{""}, ""},
		{"no token", method, []string{"Bearer "}, ""},
		{"no scheme", method, []string{"token-a"}, ""},
		{"another scheme", method, []string{"Basic token-a"}, ""},
		{"unknown", method, []string{"Bearer token-c"}, ""},
		{"beginning of one", method, []string{"Bearer token-"}, ""},
		{"two headers", method, []string{"Bearer token-a", "Bearer token-b"}, ""},
		{"health", "/grpc.health.v1.Health/Check", nil, "-"},
		{"reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", nil, "-"},
		{"looks like health", "/grpc.health.v1.Healthy/Check", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, s shape) {
				ctx := t.Context()
				if c.header != nil {
					ctx = metadata.NewIncomingContext(ctx, metadata.MD{"authorization": c.header})
				}
				seller := ""
				err := s.call(p, ctx, c.method, good(), func(ctx context.Context) error {
					who, ok := access.From(ctx)
					if seller = who.Seller; !ok {
						seller = "-"
					}
					if c.name == "first" && (who.Kind != access.Token || who.Subject != "one" || who.Via != "listener" || !who.Has(access.Read) || who.Serves("r")) {
						t.Errorf("%+v", who)
					}
					return nil
				})
				if seller != c.seller {
					t.Errorf("seller %q, want %q", seller, c.seller)
				}
				if c.seller == "" && errs.As(err).Reason != errs.TokenInvalid {
					t.Errorf("error %v", err)
				}
			})
		})
	}
	for _, bad := range [][]interceptor.Token{{{Seller: "", Secret: "x"}}, {{Seller: "a", Secret: ""}}, {{Seller: "a", Secret: "x"}, {Seller: "b", Secret: "x"}}} {
		if _, err := interceptor.NewTokens(bad); err == nil || strings.Contains(err.Error(), "x\"") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	p = interceptor.Auth(interceptor.Tokens(nil), "listener")
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer x"))
	if _, err := p.Unary(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, nil); errs.As(err).Reason != errs.TokenInvalid {
		t.Errorf("without tokens somebody got in: %v", err)
	}
}

func TestTrace(t *testing.T) {
	each(t, func(t *testing.T, s shape) {
		spans := tracetest.NewInMemoryExporter()
		p := interceptor.Trace(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test"))
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
		var inside trace.SpanContext
		for _, c := range []struct {
			err    error
			failed bool
		}{{nil, false}, {status.Error(codes.NotFound, "canary"), false}, {status.Error(codes.Internal, "canary"), true}, {errors.New("canary"), true}} {
			spans.Reset()
			err := s.call(p, ctx, method, good(), func(ctx context.Context) error {
				inside = trace.SpanContextFromContext(ctx)
				return c.err
			})
			if !errors.Is(err, c.err) {
				t.Errorf("error %v", err)
			}
			got := spans.GetSpans()
			if len(got) != 1 || got[0].Name != "koogate.v1.OrderService/GetOrder" || got[0].SpanKind != trace.SpanKindServer {
				t.Fatalf("spans %+v", got)
			}
			if got[0].Parent.SpanID().String() != "b7ad6b7169203331" || got[0].SpanContext.SpanID() != inside.SpanID() {
				t.Error("the caller's trace is not continued")
			}
			if failed := got[0].Status.Code == 1; failed != c.failed || strings.Contains(got[0].Status.Description, "canary") {
				t.Errorf("%v: status %+v", c.err, got[0].Status)
			}
		}
		spans.Reset()
		if err := s.call(p, ctx, "/grpc.health.v1.Health/Check", good(), func(context.Context) error { return nil }); err != nil || len(spans.GetSpans()) != 0 {
			t.Error("a health check is traced")
		}
	})
}

// TestWholeChain is the internal API's: what one interceptor gives, the next turns into a status.
func TestWholeChain(t *testing.T) {
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := interceptor.NewTokens([]interceptor.Token{
		{Seller: "a", Secret: "token", Scopes: []access.Scope{access.Read}}, {Seller: "a", Secret: "worker", Scopes: []access.Scope{access.Worker}},
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	tracer := sdktrace.NewTracerProvider().Tracer("test")
	chain := interceptor.Chain(interceptor.Recover(log), interceptor.Status(nil), interceptor.Auth(tokens, "listener"), interceptor.Trace(tracer),
		interceptor.Status(log), interceptor.Demand(log), interceptor.Validate(v))
	in := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer token"))
	each(t, func(t *testing.T, s shape) {
		for _, c := range []struct {
			name   string
			ctx    context.Context
			req    proto.Message
			h      func(context.Context) error
			code   codes.Code
			reason errs.Reason
		}{
			{"fine", in, good(), func(context.Context) error { return nil }, codes.OK, ""},
			{"no token", t.Context(), good(), nil, codes.Unauthenticated, errs.TokenInvalid},
			{
				"no scope", metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer worker")), good(), nil,
				codes.PermissionDenied, errs.ScopeMissing,
			},
			{"invalid", in, &productionv1.UpdateInstanceStatusRequest{}, nil, codes.InvalidArgument, errs.InvalidField},
			{"panic", in, good(), func(context.Context) error { panic("x") }, codes.Internal, errs.InternalFault},
			{"fault", in, good(), func(context.Context) error { return errors.New("x") }, codes.Internal, errs.InternalFault},
		} {
			st := status.Convert(s.call(chain, c.ctx, method, c.req, c.h))
			reason := ""
			for _, d := range st.Details() {
				if i, ok := d.(*errdetails.ErrorInfo); ok {
					reason = i.GetReason()
				}
			}
			if st.Code() != c.code || reason != string(c.reason) {
				t.Errorf("%s: %v %s %s", c.name, st.Code(), reason, st.Message())
			}
		}
	})
}

// TestGuideInBothShapes: what a caller can do is told of calls and of streams, and a success passes.
func TestGuideInBothShapes(t *testing.T) {
	guide := interceptor.Guide()
	for name, fail := range map[string]error{
		"a status":  errs.ToStatus(errs.New(errs.NotFound, errs.TaskNotFound, "no such task")).Err(),
		"no error":  nil,
		"no reason": status.Error(codes.Canceled, "over"),
	} {
		_, unary := guide.Unary(t.Context(), nil, &grpc.UnaryServerInfo{}, func(context.Context, any) (any, error) { return "answer", fail })
		stream := guide.Stream(nil, nil, &grpc.StreamServerInfo{}, func(any, grpc.ServerStream) error { return fail })
		want := errs.Guided(status.Convert(fail))
		for shape, got := range map[string]error{"unary": unary, "stream": stream} {
			if !proto.Equal(status.Convert(got).Proto(), want.Proto()) {
				t.Errorf("%s, %s: got %v, want %v", name, shape, got, want)
			}
		}
	}
}
