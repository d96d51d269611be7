// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/clock"
)

// TLS names the files of a listener's certificate, in PEM. They are read again when they change.
type TLS struct {
	CertFile     string `koanf:"cert_file"`
	KeyFile      string `koanf:"key_file"`
	ClientCAFile string `koanf:"client_ca_file"` // who signs the certificates of clients; with it every client must show one
}

// Enabled says whether the listener ends TLS itself.
func (t TLS) Enabled() bool { return t != (TLS{}) }

// Listeners say what each door does beyond its address.
type Listeners struct {
	Facade PublicListener `koanf:"facade"`
	API    APIListener    `koanf:"api"`
	GRPC   Listener       `koanf:"grpc"`
	Ops    Listener       `koanf:"ops"`
}

// PublicListener is the facade. Without TLS a proxy in front must end it: the marketplace calls https only.
type PublicListener struct {
	TLS       TLS    `koanf:"tls"`
	PublicURL string `koanf:"public_url"` // under which the marketplace reaches it
}

// APIListener is the REST door.
type APIListener struct {
	TLS       TLS    `koanf:"tls"`
	Clear     bool   `koanf:"clear"`
	PublicURL string `koanf:"public_url"` // under which its callers reach it
}

// Listener is a private door.
type Listener struct {
	TLS   TLS  `koanf:"tls"`
	Clear bool `koanf:"clear"` // may listen beyond loopback without TLS
}

// ProductionAddress is what is entered in the seller centre for an endpoint; empty unless the facade's public_url is known.
func (c *Config) ProductionAddress(endpoint string) string {
	if c.Listeners.Facade.PublicURL == "" {
		return ""
	}
	return strings.TrimRight(c.Listeners.Facade.PublicURL, "/") + "/produce/" + endpoint
}

// listener is a door as it is configured.
type listener struct {
	door, addr string
	tls        TLS
	path       string // of tls
	clear      bool   // may listen beyond loopback without TLS
}

// at is the key of the listener.
func (l listener) at() string { return "listeners." + l.door }

// listeners are all doors.
func (c *Config) listeners() []listener {
	l := c.Listeners
	facade := listener{DoorFacade, c.Listen.Facade, c.TLS, "tls", true}
	if !c.TLS.Enabled() {
		facade.tls, facade.path = l.Facade.TLS, facade.at()+".tls"
	}
	private := func(door, addr string, l Listener) listener {
		return listener{door, addr, l.TLS, "listeners." + door + ".tls", l.Clear}
	}
	return []listener{
		facade, private(DoorAPI, c.Listen.API, Listener{l.API.TLS, l.API.Clear}), private(DoorGRPC, c.Listen.GRPC, l.GRPC), private(DoorOps, c.Listen.Ops, l.Ops),
	}
}

// checkListeners covers certificates, and what may not be said in clear: on the private doors tokens, buyers and passwords,
// with the ops door what the seller's business does. The facade may, because a proxy in front often ends TLS.
func (c *Config) checkListeners(f *findings) {
	if c.TLS.Enabled() && c.Listeners.Facade.TLS.Enabled() {
		f.add("tls", msgBoth, "listeners.facade.tls")
	}
	if _, err := callers.Parse(c.TrustedProxies); err != nil {
		f.add("trusted_proxies", msgProxies, err)
	}
	for _, u := range []struct{ door, address string }{{DoorFacade, c.Listeners.Facade.PublicURL}, {DoorAPI, c.Listeners.API.PublicURL}} {
		if u.address != "" && !usableBase(u.address) {
			f.add("listeners."+u.door+".public_url", msgBaseURL)
		}
	}
	for _, l := range c.listeners() {
		l.checkTLS(f)
		switch {
		case l.door == DoorFacade:
		case l.clear && l.tls.Enabled():
			f.add(l.at()+".clear", msgClearTLS, l.path)
		case !l.clear && !l.tls.Enabled() && hostPort(l.addr, 0) && !OnLoopback(l.addr) && f.sound(l.path):
			f.add("listen."+l.door, msgClear, l.path, l.at())
		}
	}
}

func (l listener) checkTLS(f *findings) {
	cert, key, ca := l.path+".cert_file", l.path+".key_file", l.path+".client_ca_file"
	switch {
	case !l.tls.Enabled() || !f.sound(cert, key, ca):
	case l.tls.CertFile == "" || l.tls.KeyFile == "":
		f.add(l.path, msgTLSPair, cert, key)
	default:
		switch _, err := l.open(clock.System{}); {
		case errors.Is(err, certificate.ErrClientCA):
			f.add(ca, msgClientCA, reason(err))
		case err != nil:
			f.add(l.path, msgTLSLoad, reason(err))
		}
	}
}

// open reads the listener's certificate; nil without TLS.
func (l listener) open(c clock.Clock) (*certificate.Keeper, error) {
	if !l.tls.Enabled() {
		return nil, nil //nolint:nilnil // the listener speaks in clear
	}
	files := certificate.Files{Cert: l.tls.CertFile, Key: l.tls.KeyFile, ClientCA: l.tls.ClientCAFile}
	return certificate.Open(files, protocols[l.door], c)
}

// protocols are what each door speaks below TLS. The marketplace looks for Body-Sign with its capitals, which HTTP/2 has not.
var protocols = map[string][]string{
	DoorFacade: {"http/1.1"}, DoorAPI: {"h2", "http/1.1"}, DoorGRPC: {"h2"}, DoorOps: {"h2", "http/1.1"},
}

// OnLoopback says whether nobody but this machine reaches an address.
func OnLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
