// SPDX-License-Identifier: Apache-2.0

package outbound

import "net/netip"

// closed are the networks that are not the Internet, or are a way back from it (the IANA registries of special-purpose addresses), and
// addresses there at which clouds tell a machine its credentials.
var closed = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",           // metadata at an address that looks public
	"2001::/23", "2001:db8::/32", // Teredo and other protocols' own, documentation
	"2002::/16", "3fff::/20", "3ffe::/16", // 6to4, documentation, the former 6bone
)

// open6 is where the Internet's addresses of version 6 are; everything else is loopback, link-local, unique-local, multicast or nobody's.
var open6 = netip.MustParsePrefix("2000::/3")

// nat64 are addresses that a gateway translates to the one of version 4 in their last 32 bits.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Allows says whether an address may be called.
func (g *Guard) Allows(a netip.Addr) bool {
	if a = a.Unmap(); !a.IsValid() || a.Zone() != "" {
		return false
	}
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return g.Named(a) || (a.Is4() || open6.Contains(a)) && !within(closed, a)
}

// Named says whether an address is among those that the installation has named as allowed.
func (g *Guard) Named(a netip.Addr) bool { return within(g.allow, a.Unmap()) }
