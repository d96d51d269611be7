// SPDX-License-Identifier: Apache-2.0

package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrForbidden says that an address, or the way of calling it, is not allowed.
var ErrForbidden = errors.New("outbound: the address is not allowed")

// Resolver finds the addresses of a name.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Guard says whom to call and calls nobody else. Safe for concurrent use.
type Guard struct {
	allow    []netip.Prefix
	resolver Resolver
	secure   *http.Client
	plain    *http.Client // to allowed addresses only
}

const (
	connectLimit = 5 * time.Second  // for one address
	headerLimit  = 16 << 10         // bytes of the header of an answer
	idleLimit    = 30 * time.Second // for which a connection is kept
	maxIdle      = 64
)

// New returns a guard that also allows the networks in allow, such as those of an office or of this machine. tlsConfig is that of
// https calls, nil for the default; resolver finds names, nil for the system's.
func New(allow []netip.Prefix, tlsConfig *tls.Config, resolver Resolver) *Guard {
	return NewPool(allow, tlsConfig, resolver, 2)
}

// NewPool is [New] for a guard that keeps perHost connections to each host that are not in use.
func NewPool(allow []netip.Prefix, tlsConfig *tls.Config, resolver Resolver, perHost int) *Guard {
	g := &Guard{allow: allow, resolver: resolver}
	if resolver == nil {
		g.resolver = net.DefaultResolver
	}
	client := func(plain bool) *http.Client {
		return &http.Client{
			Transport: &http.Transport{
				Proxy:                  nil, // not the environment's: a proxy would connect to what this process must not
				DialContext:            g.dialer(plain),
				TLSClientConfig:        tlsConfig,
				ForceAttemptHTTP2:      true,
				TLSHandshakeTimeout:    connectLimit,
				MaxResponseHeaderBytes: headerLimit,
				MaxIdleConns:           max(maxIdle, perHost),
				MaxIdleConnsPerHost:    perHost,
				IdleConnTimeout:        idleLimit,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	g.secure, g.plain = client(false), client(true)
	return g
}

// Check says what can be seen of a URL to be wrong without a call: it must be https, or http to an allowed address, and name a host that is
// not known to be forbidden. It resolves no name. Errors: ErrForbidden, joined with what is wrong; any other error is about the form.
func (g *Guard) Check(u *url.URL) error {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must begin with https://")
	case host == "":
		return errors.New("names no host")
	case u.User != nil:
		return errors.New("must not hold a user or a password")
	case u.Fragment != "":
		return errors.New("must not hold a fragment")
	}
	a, err := netip.ParseAddr(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		a, err = netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	switch {
	case err == nil && !g.Allows(a):
		return errors.Join(ErrForbidden, errors.New("the host is an address of a private, local or reserved network"))
	case u.Scheme == "http" && (err == nil && !g.Named(a) || len(g.allow) == 0):
		return errors.Join(ErrForbidden, errors.New("http:// is allowed to named networks only, anything else must be https://"))
	}
	return nil
}

// Do makes one call as [http.Client.Do] does, without redirects. Errors: ErrForbidden among others.
func (g *Guard) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" {
		return g.plain.Do(r) //nolint:gosec // the address is judged where it is connected to
	}
	return g.secure.Do(r) //nolint:gosec // the address is judged where it is connected to
}

// Close closes the connections that are not in use.
func (g *Guard) Close() {
	g.secure.CloseIdleConnections()
	g.plain.CloseIdleConnections()
}

// dialer connects to the first of a name's addresses that is allowed and answers. What is connected to is judged once more when the socket
// is there, whatever has resolved it.
func (g *Guard) dialer(plain bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	allowed := func(a netip.Addr) bool { return g.Allows(a) && (!plain || g.Named(a)) }
	d := net.Dialer{Timeout: connectLimit, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(at.Addr()) {
			return ErrForbidden
		}
		return nil
	}}
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		addresses, err := g.addresses(ctx, host)
		if err != nil {
			return nil, err
		}
		err = ErrForbidden
		for _, a := range addresses {
			if !allowed(a) {
				continue
			}
			var conn net.Conn
			if conn, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port)); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

func (g *Guard) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return g.resolver.LookupNetIP(ctx, "ip", host)
}
