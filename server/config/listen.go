// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/clock"
)

// Listen holds the address of each listener, host:port; port 0 takes any free one.
type Listen struct {
	Facade string `koanf:"facade"` // public: the marketplace
	API    string `koanf:"api"`    // private: REST of the internal API
	GRPC   string `koanf:"grpc"`   // private: gRPC
	Ops    string `koanf:"ops"`    // private: health and metrics
	Login  string `koanf:"login"`  // public: logins to joint products; empty serves none
}

func (c *Config) checkListen(f *findings) {
	type place struct{ path, host string }
	seen := make(map[string][]place) // by port
	for _, l := range []struct{ path, addr string }{
		{"listen.facade", c.Listen.Facade}, {"listen.api", c.Listen.API}, {"listen.grpc", c.Listen.GRPC}, {"listen.ops", c.Listen.Ops},
		{"listen.login", c.Listen.Login},
	} {
		if l.path == "listen.login" && l.addr == "" {
			continue
		}
		if !hostPort(l.addr, 0) {
			f.add(l.path, msgAddr)
			continue
		}
		host, port, _ := net.SplitHostPort(l.addr)
		if port == "0" {
			continue
		}
		for _, other := range seen[port] {
			if overlap(host, other.host) {
				f.add(l.path, msgAddrTwice, other.path)
				break
			}
		}
		seen[port] = append(seen[port], place{l.path, host})
	}
}

// overlap says whether two hosts cannot both listen on one port: they are the same, or one stands for all.
func overlap(a, b string) bool {
	norm := func(host string) string {
		switch ip, err := netip.ParseAddr(host); {
		case host == "" || err == nil && ip.IsUnspecified():
			return ""
		case strings.EqualFold(host, "localhost"):
			return "127.0.0.1"
		}
		return strings.ToLower(host)
	}
	a, b = norm(a), norm(b)
	return a == b || a == "" || b == ""
}

func hostPort(addr string, lowest int) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= lowest && n <= 65535
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

// TLS names the files of a listener's certificate, in PEM. They are read again when they change.
type TLS struct {
	CertFile     string `koanf:"cert_file"`
	KeyFile      string `koanf:"key_file"`
	ClientCAFile string `koanf:"client_ca_file"` // who signs the certificates of clients; with it every client must show one
}

// Enabled says whether the listener ends TLS itself.
func (t TLS) Enabled() bool { return t != (TLS{}) }

// The names of the listeners.
const (
	ListenerFacade = "facade"
	ListenerAPI    = "api"
	ListenerGRPC   = "grpc"
	ListenerOps    = "ops"
	ListenerLogin  = "login"
)

// Listeners say what each listener does beyond its address.
type Listeners struct {
	Facade PublicListener `koanf:"facade"`
	API    APIListener    `koanf:"api"`
	GRPC   Listener       `koanf:"grpc"`
	Ops    Listener       `koanf:"ops"`
	Login  PublicListener `koanf:"login"`
}

// PublicListener is the facade, or that of logins. Without TLS a proxy in front must end it: the marketplace calls https only, and so should browsers.
type PublicListener struct {
	TLS       TLS    `koanf:"tls"`
	PublicURL string `koanf:"public_url"` // under which the marketplace or the browsers reach it
}

// APIListener serves REST.
type APIListener struct {
	TLS       TLS    `koanf:"tls"`
	Clear     bool   `koanf:"clear"`
	PublicURL string `koanf:"public_url"` // under which its callers reach it
}

// Listener is a private one: gRPC, or health and metrics.
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

// Socket is an address where something listens, and the certificate that it shows there.
type Socket struct {
	Listener string // one of the names above
	Addr     string
	TLS      TLS
	Key      string // of TLS in the configuration
	clear    bool   // may listen beyond loopback without TLS
}

// at is the key of the listener.
func (s Socket) at() string { return "listeners." + s.Listener }

// Sockets are those of all listeners that the configuration has.
func (c *Config) Sockets() []Socket {
	l := c.Listeners
	facade := Socket{ListenerFacade, c.Listen.Facade, c.TLS, "tls", true}
	if !c.TLS.Enabled() {
		facade.TLS, facade.Key = l.Facade.TLS, facade.at()+".tls"
	}
	private := func(name, addr string, l Listener) Socket {
		return Socket{name, addr, l.TLS, "listeners." + name + ".tls", l.Clear}
	}
	all := []Socket{
		facade, private(ListenerAPI, c.Listen.API, Listener{l.API.TLS, l.API.Clear}),
		private(ListenerGRPC, c.Listen.GRPC, l.GRPC), private(ListenerOps, c.Listen.Ops, l.Ops),
	}
	if c.Listen.Login != "" {
		all = append(all, Socket{ListenerLogin, c.Listen.Login, l.Login.TLS, "listeners.login.tls", true})
	}
	return all
}

// checkListeners covers certificates, and what may not be said in clear: at the private listeners tokens, buyers and passwords,
// at that for health and metrics what the seller's business does. The public ones may, because a proxy in front often ends TLS.
func (c *Config) checkListeners(f *findings) {
	if c.TLS.Enabled() && c.Listeners.Facade.TLS.Enabled() {
		f.add("tls", msgBoth, "listeners.facade.tls")
	}
	if _, err := callers.Parse(c.TrustedProxies); err != nil {
		f.add("trusted_proxies", msgProxies, err)
	}
	for _, u := range []struct{ listener, address string }{{ListenerFacade, c.Listeners.Facade.PublicURL}, {ListenerAPI, c.Listeners.API.PublicURL}} {
		if u.address != "" && !usableBase(u.address) {
			f.add("listeners."+u.listener+".public_url", msgBaseURL)
		}
	}
	for _, s := range c.Sockets() {
		s.checkTLS(f)
		switch {
		case s.Listener == ListenerFacade || s.Listener == ListenerLogin:
		case s.clear && s.TLS.Enabled():
			f.add(s.at()+".clear", msgClearTLS, s.Key)
		case !s.clear && !s.TLS.Enabled() && hostPort(s.Addr, 0) && !OnLoopback(s.Addr) && f.sound(s.Key):
			f.add("listen."+s.Listener, msgClear, s.Key, s.at())
		}
	}
}

func (s Socket) checkTLS(f *findings) {
	cert, key, ca := s.Key+".cert_file", s.Key+".key_file", s.Key+".client_ca_file"
	switch {
	case !s.TLS.Enabled() || !f.sound(cert, key, ca):
	case s.TLS.CertFile == "" || s.TLS.KeyFile == "":
		f.add(s.Key, msgTLSPair, cert, key)
	default:
		switch _, err := s.Open(clock.System{}); {
		case errors.Is(err, certificate.ErrClientCA):
			f.add(ca, msgClientCA, reason(err))
		case err != nil:
			f.add(s.Key, msgTLSLoad, reason(err))
		}
	}
}

// Open reads the listener's certificate; nil without TLS.
func (s Socket) Open(c clock.Clock) (*certificate.Keeper, error) {
	if !s.TLS.Enabled() {
		return nil, nil //nolint:nilnil // the listener speaks in clear
	}
	files := certificate.Files{Cert: s.TLS.CertFile, Key: s.TLS.KeyFile, ClientCA: s.TLS.ClientCAFile}
	return certificate.Open(files, protocols[s.Listener], c)
}

// protocols are what each listener speaks below TLS. The marketplace looks for Body-Sign with its capitals, which HTTP/2 has not.
var protocols = map[string][]string{
	ListenerFacade: {"http/1.1"}, ListenerAPI: {"h2", "http/1.1"}, ListenerGRPC: {"h2"}, ListenerOps: {"h2", "http/1.1"}, ListenerLogin: {"h2", "http/1.1"},
}
