// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// The worker speaks TLS with the authority that it is given, and shows its certificate.
func TestTheWorkerSpeaksMutualTLS(t *testing.T) {
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
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	})))
	koogatev1.RegisterTaskServiceServer(srv, &fake{reported: make(chan struct{}, 1)})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Stop()
	for name, c := range map[string]struct {
		env  map[string]string
		code codes.Code
	}{
		"with its certificate": {map[string]string{"KOOGATE_CA_FILE": certFile, "KOOGATE_CERT_FILE": certFile, "KOOGATE_KEY_FILE": keyFile}, codes.OK},
		"without one":          {map[string]string{"KOOGATE_CA_FILE": certFile}, codes.Unavailable},
		"in clear":             {nil, codes.Unavailable},
	} {
		secured, err := transport(func(name string) string { return c.env[name] })
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(secured))
		if err != nil {
			t.Fatal(err)
		}
		_, err = koogatev1.NewTaskServiceClient(conn).CompleteTask(t.Context(), &koogatev1.CompleteTaskRequest{})
		if status.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
	if _, err := transport(func(string) string { return keyFile }); err == nil {
		t.Error("a file without a certificate is an authority")
	}
}
