// SPDX-License-Identifier: Apache-2.0

package outbound_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestForbiddenAddresses: nothing that is not the Internet, in whatever form it is written, and what is named is allowed.
func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	g := outbound.New([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}, nil, nil)
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "10.1.2.3": true, "fd00:1::1": true, "::ffff:10.1.2.3": true, "64:ff9b::8.8.8.8": true,
		"64:ff9b::10.1.2.3": true,
		"0.0.0.0":           false, "0.1.2.3": false, "10.0.0.1": false, "127.0.0.1": false, "127.9.9.9": false, "169.254.169.254": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false, "192.0.2.1": false,
		"192.88.99.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.7": false, "203.0.113.7": false, "224.0.0.1": false, "240.0.0.1": false,
		"255.255.255.255": false, "168.63.129.16": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:0:127.0.0.1": false,
		"64:ff9b::127.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false,
		"2002:7f00:1::": false, "2002:808:808::": false, "fc00::1": false, "fd00:ec2::254": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
		"2606:4700::1111%eth0": false, "5f00::1": false,
	} {
		if got := g.Allows(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
	if g.Allows(netip.Addr{}) {
		t.Error("no address is allowed")
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	none, loopback := outbound.New(nil, nil, nil), outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	for text, want := range map[string]struct{ none, loopback string }{
		"https://example.com/hook?x=1":  {},
		"http://example.com/":           {"forbidden", ""}, // whether it is a named address is seen when it is called
		"https://localhost/":            {"forbidden", ""},
		"https://a.LOCALHOST./":         {"forbidden", ""},
		"http://127.0.0.1:8080/":        {"forbidden", ""},
		"http://8.8.8.8/":               {"forbidden", "forbidden"},
		"https://8.8.8.8/":              {},
		"https://169.254.169.254/":      {"forbidden", "forbidden"},
		"https://[::1]/":                {"forbidden", "forbidden"},
		"https://[::ffff:10.0.0.1]/":    {"forbidden", "forbidden"},
		"https://[fe80::1%25eth0]/":     {"forbidden", "forbidden"},
		"ftp://example.com/":            {"form", "form"},
		"https:///path":                 {"form", "form"},
		"https://user:pass@example.com": {"form", "form"},
		"https://example.com/#x":        {"form", "form"},
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		said := func(err error) string {
			switch {
			case err == nil:
				return ""
			case errors.Is(err, outbound.ErrForbidden):
				return "forbidden"
			}
			return "form"
		}
		if got := said(none.Check(u)); got != want.none {
			t.Errorf("%s: %q, want %q", text, got, want.none)
		}
		if got := said(loopback.Check(u)); got != want.loopback {
			t.Errorf("%s with loopback: %q, want %q", text, got, want.loopback)
		}
	}
}

// names is a resolver whose names change.
type names struct{ addresses atomic.Pointer[[]netip.Addr] }

func (n *names) set(list ...string) {
	var addresses []netip.Addr
	for _, a := range list {
		addresses = append(addresses, netip.MustParseAddr(a))
	}
	n.addresses.Store(&addresses)
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return *n.addresses.Load(), nil
}

// get returns the status of the answer.
func get(t *testing.T, g *outbound.Guard, to string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := g.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestANameThatChangesItsAddress: each connection is judged by the address that it goes to, not by what the name was before.
func TestANameThatChangesItsAddress(t *testing.T) {
	t.Parallel()
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits++
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	n := &names{}
	g := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil, n)
	defer g.Close()
	n.set("127.0.0.1")
	if status, err := get(t, g, "http://hook.example.com:"+port+"/"); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	for _, to := range [][]string{{"127.0.0.2"}, {"169.254.169.254", "10.0.0.1"}, {"::1"}, {"8.8.8.8"}} { // the last is public, and plain http
		n.set(to...)
		if _, err := get(t, g, "http://hook.example.com:"+port+"/"); !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%v: %v", to, err)
		}
	}
	n.set("10.0.0.1", "127.0.0.1") // of several addresses those that are allowed
	if _, err := get(t, g, "http://hook.example.com:"+port+"/"); err != nil {
		t.Error(err)
	}
	if hits != 2 {
		t.Errorf("%d calls arrived, want 2", hits)
	}
}

// TestARedirectIsNotFollowed, wherever it leads.
func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		http.Redirect(w, r, "/private", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	g := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil, nil)
	defer g.Close()
	status, err := get(t, g, server.URL+"/hook")
	if err != nil || status != http.StatusTemporaryRedirect || strings.Join(paths, " ") != "/hook" {
		t.Error(status, err, paths)
	}
}

// TestProxiesOfTheEnvironmentAreNotUsed: a proxy would connect to what this process must not.
func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	proxied := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied = true }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	n := &names{}
	n.set("127.0.0.1")
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	g := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, n)
	defer g.Close()
	if status, err := get(t, g, "https://example.com:"+port+"/"); err != nil || status != http.StatusOK || proxied {
		t.Error(status, err, proxied)
	}
}
