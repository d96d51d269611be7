// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// doctorReport is what koogate doctor writes as JSON.
type doctorReport struct {
	Faults   int
	Findings []struct{ Check, About, State, Seen, Remedy string }
}

// examine runs koogate doctor and returns what it found, by check.
func examine(t *testing.T, want int, args ...string) (all map[string][]string) {
	t.Helper()
	code, out, errs := koogate(t, append([]string{"doctor", "-o", "json", "--language", "en"}, args...)...)
	var r doctorReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != want || (r.Faults > 0) != (want == exitFailed) {
		t.Fatalf("exit %d, want %d, %v\n%s%s", code, want, err, out, errs)
	}
	for _, secret := range []string{testKey, testToken, "process-test-secret-key-0123", "doctor-test-token"} {
		if strings.Contains(out+errs, secret) {
			t.Errorf("it shows %s:\n%s%s", secret, out, errs)
		}
	}
	all = map[string][]string{}
	for _, f := range r.Findings {
		all[f.Check] = append(all[f.Check], f.State+" "+f.Seen)
	}
	return all
}

// TestDoctor: a healthy installation has no finding but good ones, and each part that dies is named while the others are still looked at.
func TestDoctor(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) { doctored(t, database) })
	}
}

func doctored(t *testing.T, database string) {
	s := newSite(t, database)
	p := s.process(true)
	cert, key := s.path("own.crt"), s.path("own.key")
	ownCertificate(t, cert, key)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("    api_tokens: ['"+testToken+"']\n"), []byte("    tokens: [{name: ops, secret: doctor-test-token-0123456789abcdef, scopes: [read]}]\n"), 1)
	text = append(text, fmt.Sprintf("tls: {cert_file: '%s', key_file: '%s'}\nlisteners: {facade: {public_url: 'https://%s'}}\n", cert, key, p.facade)...)
	if err := os.WriteFile(p.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.migrate()
	p.start()
	t.Cleanup(p.stop)
	live := []string{"--config", p.config, "--live", "--ca", cert}

	for check, found := range examine(t, exitOK, live...) {
		if i := slices.IndexFunc(found, func(f string) bool { return !strings.HasPrefix(f, "OK ") }); i >= 0 {
			t.Errorf("healthy: %s: %s", check, found[i])
		}
	}
	want := []string{"address", "address's certificate", "certificate", "configuration", "database", "gRPC API", "keyset", "marketplace", "readiness"}
	if database == "sqlite" {
		want = append(want, "disk")
	} else if s.redis != "" {
		want = append(want, "redis")
	}
	slices.Sort(want)
	if got := sorted(examine(t, exitOK, live...)); !slices.Equal(got, want) {
		t.Errorf("it looks at %q, want %q", got, want)
	}
	code, out, errs := koogate(t, append([]string{"doctor", "--language", "zh"}, live...)...)
	if code != exitOK || !strings.Contains(out, "配置没有错误") || strings.Contains(out, "→") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}

	off := examine(t, exitOK, "--config", p.config)
	for _, check := range []string{"marketplace", "address", "redis", "gRPC API"} {
		if off[check] != nil {
			t.Errorf("without --live it looks at %s: %q", check, off[check])
		}
	}

	s.market.Close()
	found := examine(t, exitFailed, live...)
	if got := found["marketplace"]; len(got) != 1 || !strings.HasPrefix(got[0], "FAULT no connection to") {
		t.Errorf("a dead marketplace: %q", got)
	}
	if got := found["address"]; len(got) != 2 || !strings.HasPrefix(got[0], "OK a signed debugging call is answered") || got[1] != "OK a call without a signature is refused (000001)" {
		t.Errorf("beside a dead marketplace: %q", got)
	}
	p.stop()
	found = examine(t, exitFailed, append(live, "--patience", "3s")...)
	for check, want := range map[string]string{"gRPC API": "FAULT nobody answers", "readiness": "FAULT nobody answers", "address": "FAULT no answer"} {
		if got := found[check]; len(got) == 0 || !strings.HasPrefix(got[0], want) {
			t.Errorf("a service that does not run: %s: %q", check, got)
		}
	}
	p.start()
	if database == "postgres" {
		found = examine(t, exitFailed, append(live, "--set", "database.url=postgres://u:canary-pw@127.0.0.1:1/x", "--set", "redis.addrs=127.0.0.1:1")...)
		for check, want := range map[string]string{"database": "FAULT the database is not reached", "redis": "FAULT it is not reached"} {
			if got := found[check]; len(got) != 1 || !strings.HasPrefix(got[0], want) || strings.Contains(got[0], "canary") {
				t.Errorf("%s: %q", check, got)
			}
		}
	}
	if code, _, errs := koogate(t, "doctor", "--config", p.config, "--address", "https://x"); code != exitUsage || !strings.Contains(errs, "--live") {
		t.Errorf("%d %s", code, errs)
	}
}

func sorted(all map[string][]string) (names []string) {
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ownCertificate writes a certificate of 127.0.0.1 that signs itself.
func ownCertificate(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(9999 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}
