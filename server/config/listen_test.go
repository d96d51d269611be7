// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/login/upstream"
)

// selfSigned makes a certificate and its key, in PEM.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// Where each listener may listen, and with what.
func TestWhereAListenerMayListen(t *testing.T) {
	dir := t.TempDir()
	cert, key, empty := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "empty.pem")
	certPEM, keyPEM := selfSigned(t)
	for path, text := range map[string]string{cert: certPEM, key: keyPEM, empty: "no certificate"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair := TLS{CertFile: cert, KeyFile: key}
	mutual := TLS{CertFile: cert, KeyFile: key, ClientCAFile: cert}
	for name, c := range map[string]struct {
		change func(c *Config)
		fault  string // the path, and after a blank a part of the message
	}{
		"proxies":               {change: func(c *Config) { c.TrustedProxies = []string{"10.0.0.0/8", "::1"} }},
		"no proxy":              {change: func(c *Config) { c.TrustedProxies = []string{"::1", "proxy.example.com"} }, fault: "trusted_proxies proxy.example.com"},
		"public":                {change: func(c *Config) { c.Listeners.Facade.PublicURL = "https://shop.example.com/koogate/" }},
		"public in clear":       {change: func(c *Config) { c.Listeners.API.PublicURL = "http://api.example.com" }, fault: "listeners.api.public_url https"},
		"public without host":   {change: func(c *Config) { c.Listeners.Facade.PublicURL = "/koogate" }, fault: "listeners.facade.public_url https"},
		"as it comes":           {change: func(*Config) {}},
		"localhost":             {change: func(c *Config) { c.Listen.API = "localhost:8081" }},
		"IPv6 loopback":         {change: func(c *Config) { c.Listen.Ops = "[::1]:9091" }},
		"another loopback":      {change: func(c *Config) { c.Listen.GRPC = "127.8.9.10:9090" }},
		"facade in clear":       {change: func(c *Config) { c.Listen.Facade = ":8080" }}, // a proxy in front ends TLS
		"all addresses":         {change: func(c *Config) { c.Listen.GRPC = "[::]:9090" }, fault: "listen.grpc listeners.grpc.clear: true"},
		"a name":                {change: func(c *Config) { c.Listen.API = "localhost.example.com:8081" }, fault: "listen.api listeners.api.tls"},
		"a private network":     {change: func(c *Config) { c.Listen.Ops = "10.0.0.1:9091" }, fault: "listen.ops listeners.ops.clear: true"},
		"told to":               {change: func(c *Config) { c.Listen.Ops, c.Listeners.Ops.Clear = ":9091", true }},
		"told for another":      {change: func(c *Config) { c.Listen.Ops, c.Listeners.API.Clear = ":9091", true }, fault: "listen.ops clear"},
		"with TLS":              {change: func(c *Config) { c.Listen.GRPC, c.Listeners.GRPC.TLS = ":9090", pair }},
		"with mutual TLS":       {change: func(c *Config) { c.Listen.API, c.Listeners.API.TLS = ":8081", mutual }},
		"clear and TLS":         {change: func(c *Config) { c.Listeners.API = APIListener{TLS: pair, Clear: true} }, fault: "listeners.api.clear remove"},
		"the facade's old name": {change: func(c *Config) { c.TLS = mutual }},
		"the facade's new name": {change: func(c *Config) { c.Listeners.Facade.TLS = mutual }},
		"both names":            {change: func(c *Config) { c.TLS, c.Listeners.Facade.TLS = pair, pair }, fault: "tls keep one"},
		"no such authority":     {change: func(c *Config) { c.Listeners.API.TLS = TLS{cert, key, dir + "/none"} }, fault: "listeners.api.tls.client_ca_file no such file"},
		"no authority in it":    {change: func(c *Config) { c.Listeners.Ops.TLS = TLS{cert, key, empty} }, fault: "listeners.ops.tls.client_ca_file no certificate"},
		"a key that is no key":  {change: func(c *Config) { c.Listeners.GRPC.TLS = TLS{CertFile: cert, KeyFile: empty} }, fault: "listeners.grpc.tls cannot be used"},
		"logins":                {change: func(c *Config) { c.Listen.Login, c.Listeners.Login.PublicURL = ":8082", "https://login.example.com/" }}, // as the facade
		"logins on this machine": {change: func(c *Config) {
			c.Listen.Login, c.Listeners.Login.PublicURL = "127.0.0.1:8082", "http://127.0.0.1:8082"
		}},
		"logins with TLS": {change: func(c *Config) {
			c.Listen.Login, c.Listeners.Login = ":8082", PublicListener{TLS: pair, PublicURL: "https://login.example.com"}
		}},
		"logins in clear":       {change: func(c *Config) { c.Listeners.Login.PublicURL = "http://login.example.com" }, fault: "listeners.login.public_url https"},
		"logins under a path":   {change: func(c *Config) { c.Listeners.Login.PublicURL = "https://example.com/login" }, fault: "listeners.login.public_url without path"},
		"logins with a user":    {change: func(c *Config) { c.Listeners.Login.PublicURL = "https://a@example.com" }, fault: "listeners.login.public_url without path, user"},
		"logins with a query":   {change: func(c *Config) { c.Listeners.Login.PublicURL = "https://example.com/?" }, fault: "listeners.login.public_url without path"},
		"logins with the API's": {change: func(c *Config) { c.Listen.Login, c.Listeners.Login.PublicURL = ":8081", "https://login.example.com" }, fault: "listen.login listen.api"},
		"browsers' certificates": {change: func(c *Config) {
			c.Listen.Login, c.Listeners.Login = ":8082", PublicListener{TLS: mutual, PublicURL: "https://login.example.com"}
		}, fault: "listeners.login.tls.client_ca_file browser"},
		"authority without pair": {change: func(c *Config) { c.TLS = TLS{ClientCAFile: cert} }, fault: "tls belong together"},
	} {
		cfg, problems := Load(Source{File: write(t, goodYAML)})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		c.change(&cfg)
		problems = cfg.Validate()
		path, part, _ := strings.Cut(c.fault, " ")
		switch {
		case c.fault == "" && len(problems) == 0:
		case len(problems) != 1 || problems[0].Path != path || !strings.Contains(problems[0].EN, part):
			t.Errorf("%s: %v, want %q", name, problems, c.fault)
		}
	}
}

// TestLoginIsRead: a dialect is its kind with what is overridden, and the issuer has no slash at its end.
func TestLoginIsRead(t *testing.T) {
	c, problems := Load(Source{File: write(t, strings.NewReplacer("  api: 127.0.0.1:8081", "  api: 127.0.0.1:8081\n  login: 127.0.0.1:8082", "database:", `listeners: {login: {public_url: "https://login.example.com/"}}
login:
  suffixes: [.tenantaccount.example.com]
  allow: [127.0.0.0/8]
  dialects:
    - {suffix: .orgid.example.com, kind: orgid, redirect_uri: false, token: /t}
    - {common: https://auth.example.com, offline: true}
database:`).Replace(goodYAML))})
	if problems = append(problems, c.Validate()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Issuer() != "https://login.example.com" || len(c.Login.Networks()) != 1 || c.Login.Budget != upstream.DefaultBudget {
		t.Errorf("%q %+v", c.Issuer(), c.Login)
	}
	first, second := upstream.OrgID(), upstream.OneAccess()
	first.RedirectURI, first.Token = false, "/t"
	second.Common, second.Offline = "https://auth.example.com", true
	if got := c.Login.Rules(); !slices.Equal(got, []upstream.Rule{{Suffix: ".orgid.example.com", Dialect: first}, {Dialect: second}}) {
		t.Errorf("%+v", got)
	}
	for _, r := range c.Login.Rules() {
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	}
	if got := c.Sockets(); got[len(got)-1].Listener != ListenerLogin {
		t.Errorf("%+v", got)
	}
	c.Listen.Login = ""
	if got := c.Sockets(); c.Issuer() != "" || got[len(got)-1].Listener != ListenerOps {
		t.Errorf("logins are served nowhere: %+v", got)
	}
}
