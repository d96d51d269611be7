// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// TestFacadeEndsTLS: TLS 1.2 and later, nothing older, no plain text; the private listeners stay plain.
func TestFacadeEndsTLS(t *testing.T) {
	ca := newAuthority(t)
	files, pool := ca.files(t, "facade"), ca.pool()
	r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.TLS = files })
	get := func(scheme string, highest uint16) (int, error) {
		transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
			RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: highest,
		}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get(scheme + "://" + r.Addr(config.ListenerFacade) + "/produce/linked")
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, nil
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if code, err := get("https", version); err != nil || code != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, %v", tls.VersionName(version), code, err)
		}
	}
	if _, err := get("https", tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if code, err := get("http", 0); err == nil && code != http.StatusBadRequest {
		t.Errorf("plain text got %d", code)
	}
	if code, _, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", acmeToken, ""); code != http.StatusOK {
		t.Errorf("the API got %d", code)
	}
}

// The facade speaks HTTP/1.1 and nothing newer, also to those who would: HTTP/2 writes Body-Sign in lower case
// (saas-v1 §2.3).
func TestFacadeIsHTTP1(t *testing.T) {
	ca := newAuthority(t)
	files, pool := ca.files(t, "facade"), ca.pool()
	r := start(t, withEvery, func(cfg *config.Config, _ *server.Deps) {
		cfg.TLS = files
		for i := range cfg.Endpoints {
			cfg.Endpoints[i].BodySignRefusals = cfg.Endpoints[i].Name == "every"
		}
	})
	transport := &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("https://" + r.Addr(config.ListenerFacade) + "/produce/every?activity=queryInstance")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 1 || resp.StatusCode != http.StatusOK || resp.Header.Get("Body-Sign") == "" {
		t.Errorf("%s, %s, header %v", resp.Proto, resp.Status, resp.Header)
	}
	raw, err := tls.Dial("tcp", r.Addr(config.ListenerFacade), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_, _ = raw.Write([]byte("GET /produce/every?activity=queryInstance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
	text, err := io.ReadAll(raw)
	if err != nil || !strings.Contains(string(text), "\r\nBody-Sign: sign_type=\"HMAC-SHA256\", signature= \"") {
		t.Errorf("%v in %s", err, text)
	}
}

func TestReflectionIsAnOption(t *testing.T) {
	for _, on := range []bool{false, true} {
		r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.GRPC.Reflection = on })
		stream, err := reflectionpb.NewServerReflectionClient(r.dial("")).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{ListServices: "*"},
		})
		_ = stream.CloseSend()
		m, err := stream.Recv()
		if !on && status.Code(err) != codes.Unimplemented {
			t.Errorf("off: got %v, %v", m, err)
		}
		if on && (err != nil || !strings.Contains(m.String(), "koogate.v1.TaskService") || strings.Contains(m.String(), "koogate.production.v1.SaasV2Service")) {
			t.Errorf("on: got %v, %v", m, err)
		}
	}
}

// TestLimits: what is too large is refused before it is held.
func TestLimits(t *testing.T) {
	r := start(t, withoutJobs)
	large := `{"queue":"crm","workerId":"` + strings.Repeat("w", 2<<20) + `"}`
	if code, _, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/tasks:lease", acmeToken, large); code != http.StatusBadRequest {
		t.Errorf("REST: got %d", code)
	}
	_, err := koogatev1.NewTaskServiceClient(r.dial(acmeToken)).LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{
		Queue: "crm", WorkerId: strings.Repeat("w", 2<<20),
	})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("gRPC: got %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(request)
	if err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("headers: got %d", resp.StatusCode)
		}
	}
}
