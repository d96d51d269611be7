// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A SIGHUP does not end koogate serve: it takes new certificates at once.
func TestAHangUpBringsNewCertificates(t *testing.T) {
	dir, addrs := t.TempDir(), freeAddrs(t, 4)
	config := writeConfig(t, dir, cliKey, cliToken, addrs)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	replace := func(serial int64) {
		t.Helper()
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
			if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace(1)
	for _, args := range [][]string{{"keys", "new", filepath.Join(dir, "keyset.json")}, {"migrate", "--config", config}} {
		if code, _, errs := koogate(t, args...); code != exitOK {
			t.Fatal(errs)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, log buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"serve", "--config", config, "--set", "listeners.grpc.tls.cert_file=" + cert, "--set", "listeners.grpc.tls.key_file=" + key,
		}, &out, &log)
	}()
	await := func(serial int64, within time.Duration) {
		t.Helper()
		for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
			conn, err := tls.Dial("tcp", addrs[2], &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			if err == nil {
				got := conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
				_ = conn.Close()
				if got == serial {
					return
				}
			}
			if time.Now().After(end) {
				t.Fatalf("certificate %d is not shown: %v\n%s", serial, err, log.String())
			}
		}
	}
	await(1, 20*time.Second)
	replace(2)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(2, 5*time.Second) // sooner than it would without the signal
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("ended with %d\n%s", code, log.String())
	}
}
