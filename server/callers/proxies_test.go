// SPDX-License-Identifier: Apache-2.0

package callers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Only what trusted proxies say counts, from the right: what a caller writes itself stands to the left of it.
func TestCaller(t *testing.T) {
	p, err := Parse([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "", "203.0.113.9"},
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},                         // no proxy of ours
		{"10.1.2.3:1", "198.51.100.1", "198.51.100.1"},                           // one proxy
		{"10.1.2.3:1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},                  // the caller wrote the first
		{"10.1.2.3:1", "6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"},        // two proxies
		{"10.1.2.3:1", "6.6.6.6|198.51.100.1|10.9.9.9", "198.51.100.1"},          // in several headers
		{"10.1.2.3:1", "10.4.4.4, 10.9.9.9", "10.4.4.4"},                         // from within
		{"10.1.2.3:1", "", "10.1.2.3"},                                           // the proxy itself
		{"10.1.2.3:1", "198.51.100.1, unknown", "10.1.2.3"},                      // what makes no sense ends it
		{"10.1.2.3:1", "198.51.100.1, 10.9.9.9, ", "10.1.2.3"},                   //
		{"10.1.2.3:1", "198.51.100.1:4711", "198.51.100.1"},                      // with a port
		{"[2001:db8::1]:1", "[2001:db9::5]:4711", "2001:db9::5"},                 //
		{"[2001:db8::1]:1", "2001:db9::5", "2001:db9::5"},                        //
		{"[::ffff:10.1.2.3]:1", "::ffff:198.51.100.1", "198.51.100.1"},           // IPv4 as IPv6
		{"192.0.2.7:1", "198.51.100.1", "198.51.100.1"},                          // an address alone
		{"192.0.2.8:1", "198.51.100.1", "192.0.2.8"},                             //
		{"[fe80::1%eth0]:1", "198.51.100.1", "fe80::1"},                          //
		{"@", "198.51.100.1", ""},                                                // no address
		{"10.1.2.3:1", strings.Repeat("10.9.9.9,", 5000) + "1.1.1.1", "1.1.1.1"}, //
	} {
		forwarded := strings.Split(c.forwarded, "|")
		if c.forwarded == "" {
			forwarded = nil
		}
		if got := p.Caller(c.peer, forwarded); got != c.want {
			t.Errorf("%s with %.60q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
	for _, bad := range []string{"", "10.0.0.0/40", "proxy", "10.0.0.0/8,::1", "fe80::1%eth0"} {
		if _, err := Parse([]string{bad}); err == nil {
			t.Errorf("%q is a proxy", bad)
		}
	}
}

// Handlers see the caller as the remote address and nothing of what else was said.
func TestResolve(t *testing.T) {
	p, err := Parse([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for peer, want := range map[string]string{"10.1.2.3:5": "198.51.100.1:0", "203.0.113.9:5": "203.0.113.9:0"} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		r.Header.Set("Forwarded", "for=6.6.6.6")
		p.Resolve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.RemoteAddr != want || r.Header.Get("X-Forwarded-For") != "" {
				t.Errorf("%s is seen as %s, %v", peer, r.RemoteAddr, r.Header)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}
