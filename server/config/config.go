// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/oidc"
)

// Config is everything that an installation may choose. deploy/koogate.example.yaml explains every key; [Default]
// holds the defaults; [Load] reads it and [Config.Validate] finds its faults. Secrets print as "[redacted]".
type Config struct {
	Listen         Listen        `koanf:"listen"`
	TLS            TLS           `koanf:"tls"` // the facade's; the same as Listeners.Facade.TLS, which is its newer name
	Listeners      Listeners     `koanf:"listeners"`
	TrustedProxies []string      `koanf:"trusted_proxies"` // addresses and networks of proxies whose X-Forwarded-For counts
	Database       Database      `koanf:"database"`
	Redis          Redis         `koanf:"redis"`
	KeysetFile     string        `koanf:"keyset_file"`      // Tink keyset that encrypts access information and buyers; `koogate keys new FILE`
	SigningFile    string        `koanf:"signing_key_file"` // Ed25519 keys that sign the event chains; `koogate keys new-signing FILE`; empty leaves them unsigned
	SecretFiles    string        `koanf:"secret_files"`     // who may read the files of secrets: private (default), or shared, everybody
	Sellers        []Seller      `koanf:"sellers"`
	Endpoints      []Endpoint    `koanf:"endpoints"`
	Provisioners   []Provisioner `koanf:"provisioners"`
	Access         Access        `koanf:"access"`
	Limits         Limits        `koanf:"limits"`
	Jobs           Jobs          `koanf:"jobs"`
	Audit          Audit         `koanf:"audit"`
	Calls          Calls         `koanf:"calls"`
	Webhooks       Webhooks      `koanf:"webhooks"`
	Login          Login         `koanf:"login"`
	GRPC           GRPC          `koanf:"grpc"`
	Tracing        Tracing       `koanf:"tracing"`
	ShutdownDelay  time.Duration `koanf:"shutdown_delay"` // how long a stop is not ready and serves on before that, 0 to 1m
	ShutdownGrace  time.Duration `koanf:"shutdown_grace"` // how long everything else of a stop may take, 1s to 10m

	origin *origin // where Load found each key; nil for a configuration that was not loaded
}

// Access is who may call the internal API beside the sellers' tokens and certificates, and how often anybody may.
type Access struct {
	OIDC   []oidc.Issuer `koanf:"oidc"`   // issuers of JWTs that are believed; at most 10
	Limits limit.Limits  `koanf:"limits"` // how often each caller may call
}

// Limits bound what the marketplace may send, in bytes.
type Limits struct {
	Body    int `koanf:"body"`     // of the base interfaces, 1 KiB to 1 MiB
	KitBody int `koanf:"kit_body"` // of the Kit, whose full lists are long, 1 KiB to 64 MiB
	// Unverified bounds the bodies of all calls together whose signature is not verified yet: twice KitBody and four times Body to
	// 1 GiB; 0 means 64 MiB, or twice KitBody when that is more.
	Unverified int `koanf:"unverified"`
}

func (l Limits) check(f *findings) {
	if l.Body < 1<<10 || l.Body > 1<<20 {
		f.add("limits.body", msgBounds, l.Body, 1<<10, 1<<20)
	}
	if l.KitBody < 1<<10 || l.KitBody > 64<<20 {
		f.add("limits.kit_body", msgBounds, l.KitBody, 1<<10, 64<<20)
	} else if lowest := max(2*l.KitBody, 4*l.Body); l.Unverified != 0 && (l.Unverified < lowest || l.Unverified > 1<<30) {
		f.add("limits.unverified", msgBounds, l.Unverified, lowest, 1<<30)
	}
}

// Jobs is Koogate's own work: order queries and template provisioners.
type Jobs struct {
	Enabled     bool `koanf:"enabled"`     // false leaves them to other replicas
	Concurrency int  `koanf:"concurrency"` // jobs at a time, for each seller, 1 to 100
}

// Audit is what is kept of who has changed what.
type Audit struct {
	Keep time.Duration `koanf:"keep"` // how long a row lives, 8760h (a year) to 876000h; 0 for ever
}

func (a Audit) check(f *findings) {
	if a.Keep != 0 {
		f.between("audit.keep", a.Keep, minKeep, maxKeep)
	}
}

// Calls is what is kept of which calls came and how they were answered.
type Calls struct {
	Keep   time.Duration `koanf:"keep"`   // how long a record lives, 24h to 876000h; 0 for ever
	Bodies time.Duration `koanf:"bodies"` // how long what was said is kept, sealed, 24h to 876000h, and never longer than the record; 0 keeps nothing
}

func (a Calls) check(f *findings) {
	if a.Keep != 0 {
		f.between("calls.keep", a.Keep, day, maxKeep)
	}
	if a.Bodies != 0 {
		f.between("calls.bodies", a.Bodies, day, maxKeep)
	}
}

// BodiesLive is how long what was said in a call is kept: not longer than its record.
func (a Calls) BodiesLive() time.Duration {
	if a.Keep != 0 {
		return min(a.Keep, a.Bodies)
	}
	return a.Bodies
}

// Webhooks is how events are delivered to addresses of the vendor's own.
type Webhooks struct {
	// Allow names private, local or reserved networks that webhooks may lead to, with http:// too: CIDRs or single addresses. At most 100.
	Allow []string `koanf:"allow"`
	// Keep is how long a delivery that has ended is kept, 96h to 876000h.
	Keep time.Duration `koanf:"keep"`
}

const (
	maxAllowed   = 100
	minKeepHooks = 4 * day // longer than a delivery is attempted
)

func (w Webhooks) check(f *findings) {
	f.between("webhooks.keep", w.Keep, minKeepHooks, maxKeep)
	checkNetworks(f, "webhooks.allow", w.Allow)
}

func checkNetworks(f *findings, path string, allow []string) {
	if len(allow) > maxAllowed {
		f.add(path, msgBounds, len(allow), 0, maxAllowed)
	}
	for i, text := range allow {
		if _, err := network(text); err != nil {
			f.add(fmt.Sprintf("%s[%d]", path, i), msgNetwork)
		}
	}
}

// Networks are what Allow names; what is not valid is left out.
func (w Webhooks) Networks() []netip.Prefix { return networks(w.Allow) }

func networks(allow []string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range allow {
		if p, err := network(text); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// network reads a CIDR, or an address for itself.
func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone("").Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// GRPC holds the options of the gRPC listener.
type GRPC struct {
	Reflection bool `koanf:"reflection"` // lets grpcurl and the like list the services
	Production bool `koanf:"production"` // serves the marketplace's calls to tokens with the scope admin; for tests
}

// Tracing says where spans go. Without an endpoint none leaves the process. OpenTelemetry's own variables win.
type Tracing struct {
	Endpoint string `koanf:"endpoint"` // OTLP over gRPC, host:port
	Insecure bool   `koanf:"insecure"` // without TLS
	// JaegerURL is the base URL of the Jaeger that gets the spans: the console links to its pages and draws traces from its API.
	JaegerURL string `koanf:"jaeger_url"`
}

// Default returns the defaults. They are no complete configuration: sellers, endpoints and a database are missing.
func Default() Config {
	return Config{
		Listen: Listen{Facade: "127.0.0.1:8080", API: "127.0.0.1:8081", GRPC: "127.0.0.1:9090", Ops: "127.0.0.1:9091"},
		Redis:  Redis{Prefix: "koogate:"},
		Access: Access{Limits: limit.Default()},
		Limits: Limits{Body: 64 << 10, KitBody: 8 << 20},
		Jobs:   Jobs{Enabled: true, Concurrency: 8},
		Audit:  Audit{Keep: 3*year + day},
		Calls:  Calls{Keep: 400 * day, Bodies: 30 * day},

		Webhooks: Webhooks{Keep: 30 * day},
		Login:    Login{Budget: upstream.DefaultBudget, UnifiedURL: "https://macroverse.huaweicloud.com/unified-login/", KeyLife: 30 * day},

		ShutdownGrace: 30 * time.Second,
	}
}

// Bounds of what concerns the process.
const (
	minGrace, maxGrace = time.Second, 10 * time.Minute
	maxDelay           = time.Minute
	maxConcurrency     = 100

	year             = 365 * day
	minKeep, maxKeep = year, 100 * year
)

// Check returns everything that keeps `koogate serve` from starting: the faults of [Config.Validate] and [Config.Weak].
// What only follows from a problem of [Load], or from another one here, is left out.
func (c *Config) Check() []Problem {
	list := c.Validate()
	for _, p := range c.Weak() {
		if !slices.ContainsFunc(list, func(other Problem) bool { return other.Path == p.Path }) {
			list = append(list, p)
		}
	}
	return list
}

// Validate returns every fault of the configuration, each with its remedy; none means that it can be served. Files are
// read to see that they can be. Demo values and short keys are [Config.Weak]'s.
func (c *Config) Validate() []Problem { return append(c.checkBackends(), c.ValidateServing()...) }

// ValidateServing returns the faults of what a server works with: everything but database, Redis, keys and credentials,
// which the command opens and hands over.
func (c *Config) ValidateServing() []Problem {
	f := findings{origin: c.origin}
	c.checkListen(&f)
	c.checkListeners(&f)
	c.checkSellers(&f)
	c.checkProvisioners(&f)
	c.checkGrants(&f)
	c.checkEndpoints(&f)
	c.checkIssuers(&f)
	c.checkRates(&f)
	c.Limits.check(&f)
	c.Audit.check(&f)
	c.Calls.check(&f)
	c.Webhooks.check(&f)
	c.checkLogin(&f)
	if c.Tracing.Endpoint != "" && !hostPort(c.Tracing.Endpoint, 1) {
		f.add("tracing.endpoint", msgAddr)
	}
	if c.Tracing.JaegerURL != "" && !reachable(c.Tracing.JaegerURL) {
		f.add("tracing.jaeger_url", msgJaeger)
	}
	if c.Jobs.Concurrency < 1 || c.Jobs.Concurrency > maxConcurrency {
		f.add("jobs.concurrency", msgBounds, c.Jobs.Concurrency, 1, maxConcurrency)
	}
	f.between("shutdown_delay", c.ShutdownDelay, 0, maxDelay)
	f.between("shutdown_grace", c.ShutdownGrace, minGrace, maxGrace)
	return f.list
}

// ValidateSellers returns the faults of sellers, endpoints and provisioners alone. A marketplace of which nothing is said is left out.
func (c *Config) ValidateSellers() []Problem {
	f := findings{origin: c.origin}
	c.checkSellers(&f)
	c.checkProvisioners(&f)
	c.checkGrants(&f)
	c.checkEndpoints(&f)
	c.checkKeyUse(&f)
	for i, s := range c.Sellers {
		if m := s.Marketplace; m.Site != "" || m.BaseURL != "" || m.AccessKey != "" || m.SecretKey != "" {
			checkMarketplace(&f, m, fmt.Sprintf("sellers[%d].marketplace", i))
		}
	}
	return f.list
}

// checkBackends finds the faults of what the command opens.
func (c *Config) checkBackends() []Problem {
	f := findings{origin: c.origin}
	postgres := c.checkDatabase(&f)
	c.checkRedis(&f, postgres)
	c.checkKeyset(&f)
	f.choice("secret_files", c.SecretFiles, secretsPrivate, secretsShared)
	c.checkSigning(&f)
	c.checkKeyUse(&f)
	for i := range c.Sellers {
		checkMarketplace(&f, c.Sellers[i].Marketplace, fmt.Sprintf("sellers[%d].marketplace", i))
	}
	return f.list
}
