// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

// door answers by the token that it is shown.
type door struct {
	koogatev1.UnimplementedTaskServiceServer
	koogatev1.UnimplementedEventServiceServer
}

func (door) check(ctx context.Context) error {
	if v := metadata.ValueFromIncomingContext(ctx, "authorization"); len(v) != 1 || v[0] != "Bearer canary-token" {
		return guided(errs.New(errs.Unauthorized, errs.TokenInvalid, "no such token"))
	}
	return nil
}

// ListQueues implements TaskService.
func (d door) ListQueues(ctx context.Context, _ *koogatev1.ListQueuesRequest) (*koogatev1.ListQueuesResponse, error) {
	return &koogatev1.ListQueuesResponse{}, d.check(ctx)
}

// WatchEvents implements EventService.
func (d door) WatchEvents(_ *koogatev1.WatchEventsRequest, s grpc.ServerStreamingServer[koogatev1.WatchEventsResponse]) error {
	return d.check(s.Context())
}

// open serves a door until the test ends.
func open(t testing.TB, opts ...grpc.ServerOption) (addr string) {
	t.Helper()
	srv := grpc.NewServer(opts...)
	koogatev1.RegisterTaskServiceServer(srv, door{})
	koogatev1.RegisterEventServiceServer(srv, door{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() { srv.Stop(); <-ended })
	return l.Addr().String()
}

// pair writes a certificate of 127.0.0.1, which signs itself, and its key.
func pair(t *testing.T) (certFile, keyFile string, own tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if own, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, own
}

// queues makes a call, as the environment says.
func queues(t *testing.T, env map[string]string) error {
	t.Helper()
	for _, name := range []string{"KOOGATE_ADDR", "KOOGATE_TOKEN", "KOOGATE_CA_FILE", "KOOGATE_CERT_FILE", "KOOGATE_KEY_FILE", "KOOGATE_CLEAR"} {
		t.Setenv(name, env[name])
	}
	conn, err := client.Dial(client.FromEnv())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = koogatev1.NewTaskServiceClient(conn).ListQueues(t.Context(), &koogatev1.ListQueuesRequest{})
	return err
}

// The client speaks TLS with the authority that it is given, and shows its certificate.
func TestTheClientSpeaksMutualTLS(t *testing.T) {
	certFile, keyFile, own := pair(t)
	pool := x509.NewCertPool()
	pool.AddCert(own.Leaf)
	addr := open(t, grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	})))
	for name, c := range map[string]struct {
		env  map[string]string
		code codes.Code
	}{
		"with its certificate": {map[string]string{"KOOGATE_CA_FILE": certFile, "KOOGATE_CERT_FILE": certFile, "KOOGATE_KEY_FILE": keyFile}, codes.OK},
		"without one":          {map[string]string{"KOOGATE_CA_FILE": certFile}, codes.Unavailable},
		"of no authority":      {map[string]string{"KOOGATE_CERT_FILE": certFile, "KOOGATE_KEY_FILE": keyFile}, codes.Unavailable},
		"in clear":             {nil, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"KOOGATE_ADDR": addr, "KOOGATE_TOKEN": "canary-token"}
			for k, v := range c.env {
				env[k] = v
			}
			if err := queues(t, env); status.Code(err) != c.code {
				t.Error(err)
			}
		})
	}
}

// Calls and streams fail with typed errors.
func TestErrorsOfAConnectionAreTyped(t *testing.T) {
	addr := open(t)
	if err := queues(t, map[string]string{"KOOGATE_ADDR": addr, "KOOGATE_TOKEN": "canary-token"}); err != nil {
		t.Error(err)
	}
	conn, err := client.Dial(client.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, call := koogatev1.NewTaskServiceClient(conn).ListQueues(t.Context(), &koogatev1.ListQueuesRequest{})
	s, err := koogatev1.NewEventServiceClient(conn).WatchEvents(t.Context(), &koogatev1.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	_, read := s.Recv()
	for name, err := range map[string]error{"a call": call, "a stream": read} {
		if e, ok := err.(*client.Error); !ok || e.Reason != koogatev1.ErrorReason_ERROR_REASON_TOKEN_INVALID || e.Remedy == "" { //nolint:errorlint // it is one, and not wrapped
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token goes in clear to loopback only, unless that was decided.
func TestATokenIsNotSentInClear(t *testing.T) {
	host, err := net.LookupHost("localhost")
	if err != nil || len(host) == 0 {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(open(t))
	beyond := "passthrough:///koogate.invalid:" + port // dialled as below, wherever that is
	dial := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	})
	for clear, code := range map[bool]codes.Code{false: codes.Unavailable, true: codes.OK} {
		conn, err := client.Dial(client.Options{Addr: beyond, Token: "canary-token", Clear: clear}, dial)
		if err != nil {
			t.Fatal(err)
		}
		_, err = koogatev1.NewTaskServiceClient(conn).ListQueues(t.Context(), &koogatev1.ListQueuesRequest{})
		if status.Code(err) != code {
			t.Errorf("clear %v: %v", clear, err)
		}
		_ = conn.Close()
	}
}

// What is wrong with the options is said by the option and its variable, and the token by nothing.
func TestOptionsThatAreWrong(t *testing.T) {
	certFile, keyFile, _ := pair(t)
	for name, c := range map[string]struct {
		o    client.Options
		want string
	}{
		"nothing":             {client.Options{}, "KOOGATE_ADDR"},
		"no port":             {client.Options{Addr: "koogate.example.com"}, "host:port"},
		"a port alone":        {client.Options{Addr: ":9090"}, "host:port"},
		"the address of REST": {client.Options{Addr: "http://127.0.0.1:8081"}, "no URL"},
		"no such authority":   {client.Options{Addr: "a:1", CAFile: "nowhere.pem"}, "KOOGATE_CA_FILE"},
		"a key for one":       {client.Options{Addr: "a:1", CAFile: keyFile}, "holds no certificate"},
		"no key":              {client.Options{Addr: "a:1", CertFile: certFile}, "KOOGATE_KEY_FILE"},
		"clear and TLS":       {client.Options{Addr: "a:1", CAFile: certFile, Clear: true}, "KOOGATE_CLEAR"},
	} {
		c.o.Token = "canary-token"
		conn, err := client.Dial(c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
	o := client.Options{Addr: "a:1", Token: "canary-token"}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", o, "token", o.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "options", o, "token", o.Token)
	for _, shown := range []string{string(text), log.String(), fmt.Sprintf("%v %+v %#v %s %q %x %d", o, o, o, o.Token, o.Token, o.Token, o.Token)} {
		if strings.Contains(shown, "canary") || strings.Contains(shown, "63616e617279") || !strings.Contains(shown, "***") {
			t.Errorf("shown: %s", shown)
		}
	}
}
