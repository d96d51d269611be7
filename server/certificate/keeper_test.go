// SPDX-License-Identifier: Apache-2.0

package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/clock/clocktest"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// pair makes a certificate with a serial number, and its key, in PEM.
func pair(t *testing.T, serial int64, from, until time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func put(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown is the serial number of what the next handshake shows.
func shown(t *testing.T, k *certificate.Keeper) int64 {
	t.Helper()
	c, err := k.TLS().GetConfigForClient(nil)
	if err != nil || c.MinVersion != tls.VersionTLS12 || len(c.Certificates) != 1 || c.NextProtos[0] != "h2" {
		t.Fatalf("%+v, %v", c, err)
	}
	return c.Certificates[0].Leaf.SerialNumber.Int64()
}

// Files change in place, in halves, and by a symbolic link as in a cluster. Only a whole and valid pair is taken, at whatever
// moment it is whole, and a fault is told as long as it is there.
func TestFilesChangeInManyWays(t *testing.T) {
	dir := t.TempDir()
	for serial, name := range map[int64]string{1: "first", 2: "second"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		cert, key := pair(t, serial, noon.Add(-time.Hour), noon.Add(time.Hour))
		put(t, filepath.Join(dir, name, "tls.crt"), cert)
		put(t, filepath.Join(dir, name, "tls.key"), key)
	}
	link := func(name string) {
		t.Helper()
		if err := errors.Join(os.Symlink(name, filepath.Join(dir, "new")), os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "data"))); err != nil {
			t.Fatal(err)
		}
	}
	link("first")
	files := certificate.Files{Cert: filepath.Join(dir, "data", "tls.crt"), Key: filepath.Join(dir, "data", "tls.key"), ClientCA: filepath.Join(dir, "clients.pem")}
	now := clocktest.New(noon)
	if _, err := certificate.Open(files, []string{"h2"}, now); !errors.Is(err, certificate.ErrClientCA) {
		t.Fatalf("without the authorities: %v", err)
	}
	ca, _ := pair(t, 9, noon.Add(-time.Hour), noon.Add(time.Hour))
	put(t, files.ClientCA, ca)
	k, err := certificate.Open(files, []string{"h2"}, now)
	if err != nil {
		t.Fatal(err)
	}
	look := func(what string, changed, fine bool, serial int64) {
		t.Helper()
		got, err := k.Refresh()
		if got != changed || (err == nil) != fine || shown(t, k) != serial {
			t.Errorf("%s: changed %t, %v, certificate %d is shown", what, got, err, shown(t, k))
		}
	}
	look("nothing", false, true, 1)
	link("second")
	look("the link", true, true, 2)
	look("nothing more", false, true, 2)

	cert, key := pair(t, 3, noon.Add(-time.Hour), noon.Add(30*time.Minute))
	put(t, files.Cert, cert[:len(cert)/2])
	look("half a certificate", false, false, 2)
	put(t, files.Cert, cert)
	look("another key", false, false, 2)
	look("still another key", false, false, 2)
	put(t, files.ClientCA, []byte("-----BEGIN"))
	put(t, files.Key, key)
	look("half the authorities", false, false, 2)
	if _, err := k.Refresh(); !errors.Is(err, certificate.ErrClientCA) {
		t.Errorf("half the authorities: %v", err)
	}
	put(t, files.ClientCA, ca)
	look("all of it", true, true, 3)
	if left := k.Left(); left != 30*time.Minute {
		t.Errorf("valid for %v", left)
	}

	cert, key = pair(t, 4, noon.Add(20*time.Minute), noon.Add(2*time.Hour))
	put(t, files.Cert, cert)
	put(t, files.Key, key)
	look("not yet valid", false, false, 3)
	now.Advance(25 * time.Minute)
	look("valid by now", true, true, 4)

	cert, key = pair(t, 5, noon.Add(-time.Hour), noon)
	put(t, files.Cert, cert)
	put(t, files.Key, key)
	look("expired, but the other is not", false, false, 4)
	now.Advance(3 * time.Hour)
	look("both have expired", true, true, 5)
	if k.Left() >= 0 {
		t.Errorf("an expired certificate is valid for %v", k.Left())
	}
}
