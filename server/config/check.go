// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/fulfil"
)

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	tokenPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)
)

// Bounds of the configuration.
const (
	minSkew, maxSkew   = time.Second, 10 * time.Minute
	maxSyncBudget      = 4500 * time.Millisecond // the marketplace gives up after 5 s (saas-v2 §1)
	minCheckBudget     = 100 * time.Millisecond
	minGrace, maxGrace = time.Second, 10 * time.Minute
	maxDelay           = time.Minute
	maxConcurrency     = 100
	maxProductID       = 64
)

// Check returns everything that keeps `koogate serve` from starting: the faults of [Config.Validate] and [Config.Weak].
// What only follows from a problem of [LoadConfig], or from another one here, is left out.
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
func (c *Config) Validate() []Problem { return append(c.checkBackends(), c.checkServing()...) }

// checkServing covers what New works with.
func (c *Config) checkServing() []Problem {
	f := findings{origin: c.origin}
	c.checkListen(&f)
	c.checkListeners(&f)
	c.checkSellers(&f)
	c.checkProvisioners(&f)
	c.checkGrants(&f)
	c.checkEndpoints(&f)
	if c.Limits.Body < 1<<10 || c.Limits.Body > 1<<20 {
		f.add("limits.body", msgBounds, c.Limits.Body, 1<<10, 1<<20)
	}
	if c.Limits.KitBody < 1<<10 || c.Limits.KitBody > 64<<20 {
		f.add("limits.kit_body", msgBounds, c.Limits.KitBody, 1<<10, 64<<20)
	} else if lowest := max(2*c.Limits.KitBody, 4*c.Limits.Body); c.Limits.Unverified != 0 && (c.Limits.Unverified < lowest || c.Limits.Unverified > 1<<30) {
		f.add("limits.unverified", msgBounds, c.Limits.Unverified, lowest, 1<<30)
	}
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

// checkBackends covers what the wiring of production needs beyond that.
func (c *Config) checkBackends() []Problem {
	f := findings{origin: c.origin}
	postgres := c.checkDatabase(&f)
	c.checkRedis(&f, postgres)
	c.checkKeyset(&f)
	f.choice("secret_files", c.SecretFiles, secretsPrivate, secretsShared)
	c.checkSigning(&f)
	c.checkKeyUse(&f)
	for i := range c.Sellers {
		c.Sellers[i].Marketplace.check(&f, fmt.Sprintf("sellers[%d].marketplace", i))
	}
	return f.list
}

func (c *Config) checkListen(f *findings) {
	type door struct{ path, host string }
	seen := make(map[string][]door) // by port
	for _, l := range []struct{ path, addr string }{
		{"listen.facade", c.Listen.Facade}, {"listen.api", c.Listen.API}, {"listen.grpc", c.Listen.GRPC}, {"listen.ops", c.Listen.Ops},
	} {
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
		seen[port] = append(seen[port], door{l.path, host})
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

// The schemes of database.url.
const (
	schemeSQLite     = "sqlite:"
	schemePostgres   = "postgres://"
	schemePostgreSQL = "postgresql://"
)

// SQLitePath returns the file of a sqlite: URL.
func (d Database) SQLitePath() (path string, ok bool) {
	path, ok = strings.CutPrefix(d.URL.Reveal(), schemeSQLite)
	return path, ok && path != ""
}

// Postgres says whether the URL is one of PostgreSQL.
func (d Database) Postgres() bool {
	u := d.URL.Reveal()
	if !strings.HasPrefix(u, schemePostgres) && !strings.HasPrefix(u, schemePostgreSQL) {
		return false
	}
	_, err := url.Parse(u)
	return err == nil
}

// ValidateDatabase returns the faults of the database's part alone, for commands that need nothing else.
func (c *Config) ValidateDatabase() []Problem {
	f := findings{origin: c.origin}
	c.checkDatabase(&f)
	return f.list
}

func (c *Config) checkDatabase(f *findings) (postgres bool) {
	path, sqlite := c.Database.SQLitePath()
	postgres = c.Database.Postgres()
	switch {
	case c.Database.URL == "":
		f.add("database.url", msgRequired, "sqlite:PATH / postgres://…")
	case !sqlite && !postgres:
		f.add("database.url", msgDatabase)
	case sqlite:
		checkSQLite(f, path)
	default:
		checkPostgres(f, c.Database.URL.Reveal())
	}
	return postgres
}

func (c *Config) checkRedis(f *findings, postgres bool) {
	r := c.Redis
	if len(r.Addrs) == 0 {
		if postgres {
			f.add("redis.addrs", msgRedisMust)
		}
		return
	}
	for i, addr := range r.Addrs {
		if !hostPort(addr, 1) {
			f.add(fmt.Sprintf("redis.addrs[%d]", i), msgAddr)
		}
	}
	if len(r.Addrs) > 1 && r.Master == "" && !r.Cluster {
		f.add("redis.addrs", msgRedisMany)
	}
	if r.Cluster && (r.Master != "" || r.DB != 0) {
		f.add("redis.cluster", msgRedisMode)
	}
	if strings.ContainsAny(r.Prefix, "{}") {
		f.add("redis.prefix", msgBraces)
	}
	if r.DB < 0 || r.DB > 1023 {
		f.add("redis.db", msgBounds, r.DB, 0, 1023)
	}
}

func (c *Config) checkSellers(f *findings) {
	if len(c.Sellers) == 0 {
		f.add("sellers", msgNone)
	}
	names := make(map[string]bool)
	owner := make(map[Secret]string)
	for i, s := range c.Sellers {
		at := fmt.Sprintf("sellers[%d]", i)
		f.name(at+".name", s.Name, names)
		for k, token := range s.APITokens {
			path := fmt.Sprintf("%s.api_tokens[%d]", at, k)
			if !tokenPattern.MatchString(token.Reveal()) {
				f.add(path, msgToken)
			}
			switch other, used := owner[token]; {
			case used && other == s.Name:
				f.add(path, msgKeyTwice)
			case used:
				f.add(path, msgTokenUsed)
			}
			owner[token] = s.Name
		}
		s.checkTokens(f, at, owner)
	}
}

// checkTokens covers the tokens with names.
func (s Seller) checkTokens(f *findings, at string, owner map[Secret]string) {
	names := make(map[string]bool)
	for k, t := range s.Tokens {
		path := fmt.Sprintf("%s.tokens[%d]", at, k)
		f.name(path+".name", t.Name, names)
		if !tokenPattern.MatchString(t.Secret.Reveal()) {
			f.add(path+".secret", msgToken)
		}
		switch other, used := owner[t.Secret]; {
		case used && other == s.Name:
			f.add(path+".secret", msgKeyTwice)
		case used:
			f.add(path+".secret", msgTokenUsed)
		}
		owner[t.Secret] = s.Name
	}
}

func (m Marketplace) check(f *findings, at string) {
	switch {
	case !f.sound(at+".site", at+".base_url"):
	case (m.Site == "") == (m.BaseURL == ""):
		f.add(at, msgSite)
	case m.Site != "" && m.Site.BaseURL() == "":
		f.add(at+".site", msgChoice, m.Site, "cn, intl, eu")
	case m.BaseURL != "" && !usableBase(m.BaseURL):
		f.add(at+".base_url", msgBaseURL)
	}
	f.choice(at+".usage_spans", m.UsageSpans, spansApart, spansShared)
	for k, api := range m.NoFallback {
		if !api.Known() {
			f.add(fmt.Sprintf("%s.no_fallback[%d]", at, k), msgChoice, api, fmt.Sprint(openapi.APIs()))
		}
	}
	if m.AccessKey == "" {
		f.add(at+".access_key", msgRequired, "AK")
	}
	if m.SecretKey == "" {
		f.add(at+".secret_key", msgRequired, "SK")
	}
	if m.AccessKey == "" || m.SecretKey == "" || m.BaseURL != "" && !usableBase(m.BaseURL) {
		return
	}
	// The client decides which keys can sign.
	probe := openapi.Config{BaseURL: "https://localhost", Credentials: m.Credentials(), Now: func() time.Time { return time.Time{} }}
	if _, err := openapi.New(probe); err != nil {
		f.add(at+".access_key", msgToken)
	}
}

// usableBase mirrors what the client accepts.
func usableBase(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	loopback := strings.EqualFold(u.Hostname(), "localhost") || err == nil && addr.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// reachable says whether a text is an address of http or https to which paths can be added.
func reachable(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

func (c *Config) checkProvisioners(f *findings) {
	if len(c.Provisioners) == 0 {
		f.add("provisioners", msgNone)
	}
	names := make(map[string]bool)
	for i, p := range c.Provisioners {
		at := fmt.Sprintf("provisioners[%d]", i)
		f.name(at+".name", p.Name, names)
		if fulfil.OwnQueue(p.Name) {
			f.add(at+".name", msgReserved, p.Name)
		}
		switch p.Type {
		case ProvisionerTemplate:
			p.Template.check(f, at+".template")
		case ProvisionerWorker:
			if p.Template != (Template{}) {
				f.add(at+".template", msgTplOther)
			}
		case "":
			f.add(at+".type", msgRequired, "template / worker")
		default:
			f.add(at+".type", msgChoice, p.Type, "template, worker")
		}
	}
}

// longest is what a {…} may become: every ID is at most 64 characters.
var longest = strings.NewReplacer("{instance}", long, "{order}", long, "{product}", long, "{sku}", long)

const long = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// check holds a template to the marketplace's bounds (saas-v2 §5.2) with every placeholder at its longest.
func (t Template) check(f *findings, at string) {
	address := func(path, pattern string) {
		full := longest.Replace(pattern)
		if !fulfil.WebAddress(full) || utf8.RuneCountInString(full) > 512 || strings.ContainsAny(full, "{}") {
			f.add(path, msgTplURL)
		}
	}
	address(at+".front_end_url", t.FrontEndURL)
	if t.AdminURL != "" {
		address(at+".admin_url", t.AdminURL)
	}
	if utf8.RuneCountInString(longest.Replace(t.UserName)) > 128 {
		f.add(at+".user_name", msgTplLength, 128)
	}
	if utf8.RuneCountInString(longest.Replace(t.Memo)) > 1024 {
		f.add(at+".memo", msgTplLength, 1024)
	}
	if utf8.RuneCountInString(longest.Replace(t.Licence)) > 900 { // the generated text follows it
		f.add(at+".licence", msgTplLength, 900)
	}
}

func (c *Config) checkEndpoints(f *findings) {
	if len(c.Endpoints) == 0 {
		f.add("endpoints", msgNone)
	}
	names := make(map[string]bool)
	for i, e := range c.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		f.name(at+".name", e.Name, names)
		if !slices.ContainsFunc(c.Sellers, func(s Seller) bool { return s.Name == e.Seller }) && f.names("sellers") {
			f.add(at+".seller", msgNoSeller, e.Seller)
		}
		if len(e.Keys) == 0 {
			f.add(at+".keys", msgNone)
		}
		f.ring(at+".keys", e.Keys)
		e.checkFamilies(f, at)
		if e.Skew != 0 {
			f.between(at+".skew", e.Skew, minSkew, maxSkew)
		}
		if e.CheckBudget != 0 {
			f.between(at+".check_budget", e.CheckBudget, minCheckBudget, maxSyncBudget)
		}
		f.choice(at+".check_policy", e.CheckPolicy, "refuse", "allow")
		f.choice(at+".check_reduction", e.CheckReduction, "refuse", "allow")
		f.choice(at+".create_app_info", e.CreateAppInfo, createDebug, createOff, createAlways)
		f.choice(at+".product_info", e.ProductInfo, "any", productInfoObject)
		f.choice(at+".instance_id", e.InstanceID, instanceDerived, instanceBusiness)
		f.choice(at+".pending", e.Pending, "processing", "omit")
		f.choice(at+".answer_text", e.AnswerText, "unicode", "ascii")
		f.choice(at+".unknown", e.Unknown, "omit", "refuse")
		c.checkProducts(f, at+".products", e)
	}
}

func (c *Config) checkProducts(f *findings, at string, e Endpoint) {
	products := e.Products
	if len(products) == 0 {
		f.add(at, msgNone)
	}
	ids := make([]string, 0, len(products))
	for id := range products {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p, path := products[id], fmt.Sprintf("%s[%s]", at, id)
		if id == "" || utf8.RuneCountInString(id) > maxProductID {
			f.add(path, msgProductID)
		}
		if !slices.ContainsFunc(c.Provisioners, func(o Provisioner) bool { return o.Name == p.Provisioner }) && f.names("provisioners") {
			f.add(path+".provisioner", msgNoQueue, p.Provisioner)
		}
		f.between(path+".sync_budget", p.SyncBudget, 0, maxSyncBudget)
		f.choice(path+".fingerprint", p.Fingerprint, fingerprintNot, fingerprintMust)
		p.Meter.check(f, path+".meter")
		c.checkPackage(f, e, id, path+".package")
	}
}

func (f *findings) name(path, name string, seen map[string]bool) {
	switch {
	case name == "":
		f.add(path, msgRequired, "1-63 × a-z 0-9 -")
	case !namePattern.MatchString(name):
		f.add(path, msgName, name)
	case seen[name]:
		f.add(path, msgTwice, name)
	}
	seen[name] = true
}

func (f *findings) between(path string, d, low, high time.Duration) {
	if d < low || d > high {
		f.add(path, msgBounds, d, low, high)
	}
}

// choice accepts the empty text as the first value.
func (f *findings) choice(path, value string, values ...string) {
	if value != "" && !slices.Contains(values, value) {
		f.add(path, msgChoice, value, strings.Join(values, ", "))
	}
}
