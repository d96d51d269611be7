// SPDX-License-Identifier: Apache-2.0

package inproc_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/inproc"
	"github.com/koogate/koogate/server/interceptor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const newInstance = productionv1.SaasV2Service_NewInstance_FullMethodName

// service answers newInstance by a function.
type service struct {
	productionv1.UnimplementedSaasV2ServiceServer
	answer func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error)
}

func (s service) NewInstance(ctx context.Context, r *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
	return s.answer(ctx, r)
}

type answer = func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error)

func channel(unary grpc.UnaryServerInterceptor, f answer) *inproc.Channel {
	c := inproc.New(unary)
	productionv1.RegisterSaasV2ServiceServer(c, service{answer: f})
	return c
}

func TestInvoke(t *testing.T) {
	kept := make(chan *productionv1.NewInstanceRequest, 1)
	shared := &productionv1.NewInstanceResponse{ResultCode: "000000", InstanceId: "i-1"}
	c := channel(nil, func(_ context.Context, r *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		if r.GetOrderId() != "o-1" {
			t.Errorf("request: %v", r)
		}
		r.OrderId = "changed by the handler"
		kept <- r
		return shared, nil
	})
	req := &productionv1.NewInstanceRequest{OrderId: "o-1"}
	resp, err := productionv1.NewSaasV2ServiceClient(c).NewInstance(t.Context(), req)
	if err != nil || resp.GetInstanceId() != "i-1" {
		t.Fatalf("got %v, %v", resp, err)
	}
	if req.GetOrderId() != "o-1" {
		t.Error("the caller sees the handler's change of the request")
	}
	req.OrderId = "changed by the caller"
	if r := <-kept; r.GetOrderId() != "changed by the handler" {
		t.Error("the handler sees the caller's change of the request")
	}
	resp.InstanceId = "changed by the caller"
	if shared.GetInstanceId() != "i-1" {
		t.Error("the handler sees the caller's change of the answer")
	}
	shared.ResultCode = "changed by the handler"
	if resp.GetResultCode() != "000000" {
		t.Error("the caller sees the handler's change of the answer")
	}
}

func TestInvokeReplacesTheReply(t *testing.T) {
	c := channel(nil, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		return &productionv1.NewInstanceResponse{ResultCode: "000000"}, nil
	})
	reply := &productionv1.NewInstanceResponse{InstanceId: "stale"}
	if err := c.Invoke(t.Context(), newInstance, &productionv1.NewInstanceRequest{}, reply); err != nil {
		t.Fatal(err)
	}
	if reply.GetInstanceId() != "" {
		t.Error("an old value shines through")
	}
}

func TestErrors(t *testing.T) {
	private := errors.New("private")
	for name, c := range map[string]struct {
		err  error
		code codes.Code
	}{
		"a status":  {status.Error(codes.NotFound, "x"), codes.NotFound},
		"a context": {context.DeadlineExceeded, codes.DeadlineExceeded},
		"anything":  {private, codes.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			ch := channel(nil, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
				return nil, c.err
			})
			_, err := productionv1.NewSaasV2ServiceClient(ch).NewInstance(t.Context(), &productionv1.NewInstanceRequest{})
			if status.Code(err) != c.code {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestUnknownMethodsAndStreams(t *testing.T) {
	c := inproc.New(nil)
	desc := &grpc.ServiceDesc{
		ServiceName: "x.Y", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{StreamName: "Watch", ServerStreams: true}},
	}
	c.RegisterService(desc, struct{}{})
	err := c.Invoke(t.Context(), "/x.Y/Nope", &productionv1.NewInstanceRequest{}, &productionv1.NewInstanceResponse{})
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "/x.Y/Nope") {
		t.Errorf("unknown method: %v", err)
	}
	for _, name := range []string{"/x.Y/Watch", "/x.Y/Nope"} {
		if _, err = c.NewStream(t.Context(), &desc.Streams[0], name); status.Code(err) != codes.Unimplemented {
			t.Errorf("stream %s: %v", name, err)
		}
	}
	if _, err = c.NewStream(t.Context(), &desc.Streams[0], "/x.Y/Watch"); !strings.Contains(err.Error(), "streams are not served in process") {
		t.Errorf("the text does not help: %v", err)
	}
}

func TestRegisterMistakes(t *testing.T) {
	mustPanic := func(name string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		f()
	}
	c := channel(nil, nil)
	mustPanic("twice", func() { productionv1.RegisterSaasV2ServiceServer(c, service{}) })
	mustPanic("wrong type", func() { inproc.New(nil).RegisterService(&productionv1.SaasV2Service_ServiceDesc, struct{}{}) })
}

func TestDeadline(t *testing.T) {
	c := channel(nil, func(ctx context.Context, _ *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := productionv1.NewSaasV2ServiceClient(c).NewInstance(ctx, &productionv1.NewInstanceRequest{})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestContextOver(t *testing.T) {
	c := channel(nil, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		t.Error("the handler ran")
		return nil, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := productionv1.NewSaasV2ServiceClient(c).NewInstance(ctx, &productionv1.NewInstanceRequest{})
	if status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
}

// TestParallel has callers and handlers reuse their messages at once; the race detector is the judge.
func TestParallel(t *testing.T) {
	shared := &productionv1.NewInstanceResponse{InstanceId: "i"}
	c := channel(nil, func(ctx context.Context, r *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		r.OrderId += "!"
		return shared, grpc.SetHeader(ctx, metadata.Pairs("a", "b"))
	})
	client := productionv1.NewSaasV2ServiceClient(c)
	req := &productionv1.NewInstanceRequest{OrderId: "o"}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			var md metadata.MD
			resp, err := client.NewInstance(t.Context(), req, grpc.Header(&md))
			if err != nil || resp.GetInstanceId() != "i" || len(md.Get("a")) != 1 {
				t.Errorf("got %v, %v, %v", resp, md, err)
				return
			}
			resp.InstanceId = "mine"
		})
	}
	wg.Wait()
}

func TestPanicReachesTheCaller(t *testing.T) {
	c := channel(nil, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		panic("boom")
	})
	defer func() {
		if v := recover(); v != "boom" {
			t.Errorf("recovered %v", v)
		}
	}()
	_, _ = productionv1.NewSaasV2ServiceClient(c).NewInstance(t.Context(), &productionv1.NewInstanceRequest{})
	t.Error("no panic")
}

func TestMetadata(t *testing.T) {
	type key struct{}
	c := channel(nil, func(ctx context.Context, _ *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		in, _ := metadata.FromIncomingContext(ctx)
		if got := in.Get("authorization"); len(got) != 1 || got[0] != "Bearer x" {
			t.Errorf("authorization: %v", got)
		}
		if out, _ := metadata.FromOutgoingContext(ctx); out.Len() != 0 {
			t.Errorf("the caller's metadata would travel on: %v", out)
		}
		if m, _ := grpc.Method(ctx); m != newInstance {
			t.Errorf("method %q", m)
		}
		if ctx.Value(key{}) != "v" {
			t.Error("context value lost")
		}
		return &productionv1.NewInstanceResponse{}, errors.Join(
			grpc.SetHeader(ctx, metadata.Pairs("h", "1")), grpc.SetHeader(ctx, metadata.Pairs("h", "2")),
			grpc.SetTrailer(ctx, metadata.Pairs("t", "3")), grpc.SendHeader(ctx, metadata.Pairs("s", "4")))
	})
	ctx := metadata.AppendToOutgoingContext(context.WithValue(t.Context(), key{}, "v"), "authorization", "Bearer x")
	var header, trailer metadata.MD
	_, err := productionv1.NewSaasV2ServiceClient(c).NewInstance(ctx, &productionv1.NewInstanceRequest{},
		grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(header.Get("h"), "") != "12" || strings.Join(header.Get("s"), "") != "4" || strings.Join(trailer.Get("t"), "") != "3" {
		t.Errorf("header %v, trailer %v", header, trailer)
	}
}

func TestHeaderIsSentOnce(t *testing.T) {
	c := channel(nil, func(ctx context.Context, _ *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		if err := grpc.SendHeader(ctx, nil); err != nil {
			t.Error(err)
		}
		if grpc.SendHeader(ctx, nil) == nil || grpc.SetHeader(ctx, metadata.Pairs("a", "b")) == nil {
			t.Error("a second header was accepted")
		}
		return &productionv1.NewInstanceResponse{}, nil
	})
	if _, err := productionv1.NewSaasV2ServiceClient(c).NewInstance(t.Context(), &productionv1.NewInstanceRequest{}); err != nil {
		t.Fatal(err)
	}
}

// TestGatewayRunsInterceptors is why this package exists: over the gateway an invalid request is refused before the
// handler sees it.
func TestGatewayRunsInterceptors(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	chain := interceptor.Chain(interceptor.Status(nil), interceptor.Validate(validator))
	called := 0
	c := channel(chain.Unary, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		called++
		return &productionv1.NewInstanceResponse{ResultCode: "000000"}, nil
	})
	mux := runtime.NewServeMux()
	if err := productionv1.RegisterSaasV2ServiceHandlerClient(t.Context(), mux, productionv1.NewSaasV2ServiceClient(c)); err != nil {
		t.Fatal(err)
	}
	post := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/produce/demo/v2/newInstance", strings.NewReader(body)))
		return w
	}
	w := post(`{"orderId":"o","orderLineId":"l"}`)
	if w.Code != http.StatusBadRequest || called != 0 || !strings.Contains(w.Body.String(), string(errs.InvalidField)) {
		t.Errorf("invalid: HTTP %d, %s, handler called %d times", w.Code, w.Body, called)
	}
	if w = post(`{"orderId":"o","orderLineId":"l","businessId":"b"}`); w.Code != http.StatusOK || called != 1 {
		t.Errorf("valid: HTTP %d, handler called %d times", w.Code, called)
	}
}

func BenchmarkInvoke(b *testing.B) {
	c := channel(nil, func(context.Context, *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
		return &productionv1.NewInstanceResponse{ResultCode: "000000", ResultMsg: "success", InstanceId: "i"}, nil
	})
	client := productionv1.NewSaasV2ServiceClient(c)
	req := &productionv1.NewInstanceRequest{
		Endpoint: "demo", Activity: "newInstance", OrderId: "CS2211181819B4LVS", OrderLineId: "CS2211181819B4LVS-000001",
		BusinessId: "87b94795-0603-4e24-8ae5-69420d60e3c8",
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.NewInstance(b.Context(), req); err != nil {
				b.Error(err)
			}
		}
	})
}
