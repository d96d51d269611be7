// SPDX-License-Identifier: Apache-2.0

package callers

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// header is the only one that is read. A proxy sets one of the usual headers and passes on the others as they came, so that
// reading several would let any caller choose its address.
const header = "X-Forwarded-For"

// Proxies are the addresses of trusted proxies.
type Proxies []netip.Prefix

// Parse reads addresses and networks (10.0.0.0/8).
func Parse(list []string) (Proxies, error) {
	p := make(Proxies, 0, len(list))
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("callers: %q is neither an address nor a network", text)
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		p = append(p, network)
	}
	return p, nil
}

// Caller is the address of who called: peer's, or when peer is a trusted proxy the last one in the values of X-Forwarded-For
// that is none. Where the header ends or makes no sense the last trusted proxy counts. An empty text means that peer is no
// address.
func (p Proxies) Caller(peer string, forwarded []string) string {
	at, ok := parse(peer)
	if !ok {
		return ""
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(at); i-- {
		hop, ok := parse(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		at = hop
	}
	return at.String()
}

func (p Proxies) trust(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// parse reads an address with or without a port.
func parse(text string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

// Resolve gives a handler requests whose RemoteAddr is the caller's, and which do not show what proxies say of it.
func (p Proxies) Resolve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forwarded := r.Header[header]; len(forwarded) > 0 {
			if a := p.Caller(r.RemoteAddr, forwarded); a != "" {
				r.RemoteAddr = net.JoinHostPort(a, "0")
			}
			delete(r.Header, header)
		}
		next.ServeHTTP(w, r)
	})
}
