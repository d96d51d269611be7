// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

// quiet is how production runs without an exporter: no spans, logs from INFO.
func quiet(_ *facade.Config, d *facade.Deps) {
	d.Clock, d.Tracer = clock.System{}, noop.NewTracerProvider().Tracer("")
	d.Guard = memory.New(d.Clock.Now)
	d.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
}

// BenchmarkFacade is the whole way of a call through the facade with a core that answers at once; "plain" is the least
// that a hand-written net/http handler does for the same answer. Neither has a socket.
func BenchmarkFacade(b *testing.B) {
	for _, c := range []struct{ name, body string }{{"newInstance", bodyNew}, {"queryInstance", bodyQuery}} {
		r := newRig(b, quiet)
		r.core.mute = true
		r.core.orders["10e758d0-31ad-4c4b-8f1b-81d03469a10e"] = "CS2211181819B4LVS"
		r.core.shown = []fulfil.Shown{{InstanceID: "10e758d0-31ad-4c4b-8f1b-81d03469a10e", Access: fulfil.Access{
			FrontEndURL: "https://front.example.com/login", UserName: "admin", Password: "initial", Memo: "首次登录请修改密码",
		}}}
		r.handler.ServeHTTP(httptest.NewRecorder(), r.build(c.body, request{})) // warm up
		b.Run(c.name+"/facade", func(b *testing.B) { serveAll(b, r.handler, c.body) })
		b.Run(c.name+"/traced", func(b *testing.B) {
			p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(&tracetest.NoopExporter{}), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
			defer func() { _ = p.Shutdown(context.Background()) }()
			traced := newRig(b, quiet, func(_ *facade.Config, d *facade.Deps) { d.Tracer = p.Tracer("bench") })
			traced.core.mute, traced.core.orders, traced.core.shown = true, r.core.orders, r.core.shown
			serveAll(b, traced.handler, c.body)
		})
		b.Run(c.name+"/plain", func(b *testing.B) { serveAll(b, plain(r.core), c.body) })
	}
}

// BenchmarkListener is the same over loopback connections, client included: what is left of the difference when there
// is a socket.
func BenchmarkListener(b *testing.B) {
	for _, c := range []struct{ name, body string }{{"newInstance", bodyNew}, {"queryInstance", bodyQuery}} {
		r := newRig(b, quiet)
		r.core.mute = true
		r.core.orders["10e758d0-31ad-4c4b-8f1b-81d03469a10e"] = "CS2211181819B4LVS"
		for name, h := range map[string]http.Handler{"facade": r.handler, "plain": plain(r.core)} {
			b.Run(c.name+"/"+name, func(b *testing.B) { listenAll(b, h, c.body) })
		}
	}
}

func listenAll(b *testing.B, h http.Handler, body string) {
	b.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		in := make([]byte, 4096)
		for pb.Next() {
			nonce := "b" + strconv.FormatInt(benchNonce.Add(1), 10)
			ts := strconv.FormatInt(clock.System{}.Now().UnixMilli(), 10)
			_, err := io.WriteString(conn, "POST /produce/demo?signature="+sign.URLSignature(key1, nonce, ts, []byte(body))+"&timestamp="+ts+"&nonce="+nonce+
				" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
			if err != nil {
				b.Error(err)
				return
			}
			if n, err := conn.Read(in); err != nil || !strings.Contains(string(in[:n]), "000000") {
				b.Errorf("%s, %v", in[:n], err)
				return
			}
		}
	})
}

var benchNonce atomic.Int64

// discard is a ResponseWriter without memory.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }

func serveAll(b *testing.B, h http.Handler, body string) {
	b.Helper()
	const batch = 1000 // signing is the client's work
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		b.StopTimer()
		n := min(batch, b.N-done)
		reqs := make([]*http.Request, n)
		for i := range reqs {
			nonce := "b" + strconv.FormatInt(benchNonce.Add(1), 10)
			ts := strconv.FormatInt(clock.System{}.Now().UnixMilli(), 10)
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/produce/demo?signature="+
				strings.ToUpper(sign.URLSignature(key1, nonce, ts, []byte(body)))+"&timestamp="+ts+"&nonce="+nonce, strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			req.Header["Content-Type"] = []string{"application/json;charset=utf8"}
			reqs[i] = req
		}
		b.StartTimer()
		for _, req := range reqs {
			h.ServeHTTP(discard{make(http.Header)}, req)
		}
	}
}

// plain is the handler that a vendor would write after the marketplace's sample, with a nonce cache and encoding/json.
func plain(core *stub) http.Handler {
	guard := memory.New(clock.System{}.Now)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			return
		}
		q := r.URL.Query()
		if _, _, err := sign.VerifyURL([]string{key1}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), body); err != nil {
			return
		}
		if _, err := sign.Freshness(time.Now(), q.Get("timestamp"), 0); err != nil {
			return
		}
		if e, err := guard.Enter(r.Context(), store.EnterRequest{Nonce: q.Get("nonce"), NonceTTL: time.Minute}); err != nil || e.NonceSeen {
			return
		}
		var in struct{ Activity, OrderID, OrderLineID, BusinessID, InstanceID, TestFlag string }
		if err := json.Unmarshal(body, &in); err != nil {
			return
		}
		out := map[string]any{"resultCode": "000000", "resultMsg": "success"}
		switch in.Activity {
		case "newInstance":
			a, _ := core.NewInstance(r.Context(), fulfil.NewInstance{OrderID: in.OrderID, OrderLineID: in.OrderLineID, BusinessID: in.BusinessID})
			out["instanceId"] = a.InstanceID
		case "queryInstance":
			_, shown, _ := core.QueryInstance(r.Context(), fulfil.Query{InstanceIDs: in.InstanceID})
			var info []map[string]any
			for _, s := range shown {
				info = append(info, map[string]any{"instanceId": s.InstanceID, "appInfo": s.Access})
			}
			out["info"] = info
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	})
}
