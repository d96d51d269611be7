// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/vault"
)

// goodYAML is a configuration without faults; faults are made by replacing a line.
const goodYAML = `
listen:
  facade: 127.0.0.1:8080
  api: 127.0.0.1:8081
  grpc: 127.0.0.1:9090
  ops: 127.0.0.1:9091
database:
  url: sqlite:/tmp/koogate.db
redis:
  addrs: []
keyset_file: /tmp/keyset.json
sellers:
  - name: acme
    api_tokens: [0123456789abcdef0123456789abcdef]
    marketplace:
      site: cn
      access_key: AK0123456789
      secret_key: canary-secret-0123456789
endpoints:
  - name: acme-saas
    seller: acme
    keys: [canary-key-0123456789]
    products:
      "*":
        provisioner: crm
        sync_budget: 3s
provisioners:
  - name: crm
    type: worker
  - name: links
    type: template
    template:
      front_end_url: https://app.example.com/{instance}
shutdown_grace: 20s
`

// goodSecret is one of Standard Webhooks.
const goodSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestAWebhookIsReadFromItsFiles: two secrets from files, a network that is allowed, with http.
func TestAWebhookIsReadFromItsFiles(t *testing.T) {
	var files []string
	for _, secret := range []string{goodSecret, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	c, problems := Load(Source{File: write(t, strings.NewReplacer(
		"    type: worker", "    type: webhook\n    webhook: {url: 'http://10.1.2.3/x', timeout: 3s, ask_again: 1m, secret_files: ["+strings.Join(files, ", ")+"]}",
		"shutdown_grace: 20s", "webhooks: {allow: [10.1.0.0/16]}",
	).Replace(goodYAML))})
	if problems = append(problems, c.Check()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	h := c.Provisioners[0].Webhook
	if got := Reveal(h.Secrets); len(got) != 2 || got[0] != goodSecret || h.Timeout != 3*time.Second || h.AskAgain != time.Minute || strings.Contains(fmt.Sprintf("%+v", h), "whsec") {
		t.Errorf("%+v", h)
	}
}

// rateYAML is a rule of how often a caller may call with something of it replaced, before the section of the database.
func rateYAML(old, now string) string {
	const good = "access: {limits: {rules: [{seller: acme, caller: token crm-worker, writes: {rate: 5, burst: 9}}]}}\ndatabase:"
	return strings.Replace(good, old, now, 1)
}

// oidcYAML is an issuer with something of it replaced, before the section of the database.
func oidcYAML(old, now string) string {
	const good = "access: {oidc: [{issuer: https://sso.example.com/realms/acme, audiences: [koogate], rules: [{claim: roles, values: [crm], seller: acme, scopes: [worker], queues: [crm]}]}]}\ndatabase:"
	return strings.Replace(good, old, now, 1)
}

func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "koogate.yaml")
	if strings.Contains(text, "/tmp/keyset.json") {
		text = strings.ReplaceAll(text, "/tmp/keyset.json", writeKeyset(t, dir))
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeKeyset(t *testing.T, dir string) string {
	t.Helper()
	keyset, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keyset.json")
	if err := os.WriteFile(path, keyset, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigLoads(t *testing.T) {
	c, problems := Load(Source{File: write(t, goodYAML)})
	if problems = append(problems, c.Validate()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	if weak := c.Weak(); len(weak) > 0 {
		t.Fatal(weak)
	}
	e := c.Endpoints[0]
	if e.Products["*"].SyncBudget != 3*time.Second || e.Keys[0].Reveal() != "canary-key-0123456789" || c.ShutdownGrace != 20*time.Second {
		t.Fatalf("got %+v", c)
	}
	if !c.Jobs.Enabled || c.Jobs.Concurrency != 8 || c.Redis.Prefix != "koogate:" {
		t.Fatalf("defaults are lost: %+v", c)
	}
}

func TestExampleLoadsAndValidates(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile("../../deploy/koogate.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "acme-kit-rsa.pem"), []byte(rsaPEM(3072)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acme-api-token", "acme-sk", "acme-access-key", "acme-kit-key", "acme-classic-key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("0123456789abcdef0123456789abcdef-"+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.ReplaceAll(string(raw), "/etc/koogate/acme", dir+"/acme")
	text = strings.Replace(text, "/etc/koogate/keyset.json", writeKeyset(t, dir), 1)
	text = strings.Replace(text, "sqlite:/var/lib/koogate/", "sqlite:"+dir+"/", 1)
	c, problems := Load(Source{File: write(t, text)})
	problems = append(append(problems, c.Validate()...), c.Weak()...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	packages := 0
	for _, p := range c.Endpoints[0].Products {
		packages += min(1, len(p.Package.Items))
	}
	if len(c.Endpoints[0].Products) != 3 || packages != 1 || c.Sellers[0].APITokens[0].Reveal() != "0123456789abcdef0123456789abcdef-acme-api-token" {
		t.Fatalf("got %+v", c)
	}
	for key := range leaves(reflect.ValueOf(&c).Elem(), "") { // the example names every scalar key, or its _file form
		last := key[strings.LastIndexByte(key, '.')+1:]
		if !strings.Contains(text, last+":") && !strings.Contains(text, last+"_file:") {
			t.Errorf("the example does not explain %s", key)
		}
	}
}

func TestLaterSourcesWin(t *testing.T) {
	file := write(t, goodYAML)
	c, problems := Load(Source{
		File: file,
		Environ: []string{
			"KOOGATE_LISTEN_API=127.0.0.1:1", "KOOGATE_LISTEN_GRPC=127.0.0.1:2", "KOOGATE_REDIS_ADDRS=a:1, b:2", "KOOGATE_JOBS_ENABLED=false",
			"KOOGATE_SHUTDOWN_GRACE=5s", "KOOGATE_KEYSET_FILE=/k", "KOOGATE_TEST_REDIS=x:1", "KOOGATE_CONFIG=" + file, "HOME=/",
		},
		Set: map[string]string{"listen.grpc": "127.0.0.1:3", "jobs.concurrency": "5"},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Listen != (Listen{Facade: "127.0.0.1:8080", API: "127.0.0.1:1", GRPC: "127.0.0.1:3", Ops: "127.0.0.1:9091"}) {
		t.Errorf("got %+v", c.Listen)
	}
	if !slices.Equal(c.Redis.Addrs, []string{"a:1", "b:2"}) || c.Jobs != (Jobs{Concurrency: 5}) || c.ShutdownGrace != 5*time.Second || c.KeysetFile != "/k" {
		t.Errorf("got %+v", c)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	secret := write(t, "canary-from-file-0123456789abcdef\n")
	text := strings.Replace(goodYAML, "      secret_key: canary-secret-0123456789", "      secret_key_file: "+secret, 1)
	text = strings.Replace(text, "    keys: [canary-key-0123456789]", "    key_files: ["+secret+"]", 1)
	text = strings.Replace(text, "redis:", "redis:\n  password_file: "+secret, 1)
	c, problems := Load(Source{File: write(t, text)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	const want = "canary-from-file-0123456789abcdef"
	if c.Sellers[0].Marketplace.SecretKey != want || c.Endpoints[0].Keys[0] != want || c.Redis.Password != want {
		t.Fatal("the file's secret is not there")
	}
}

// What was said in calls never lives longer than their records, whatever else is not set.
func TestBodiesDieWithTheirRecords(t *testing.T) {
	const day = 24 * time.Hour
	for c, want := range map[Calls]time.Duration{
		{Keep: 400 * day, Bodies: 30 * day}: 30 * day, {Keep: 10 * day, Bodies: 30 * day}: 10 * day, {Bodies: 30 * day}: 30 * day, {Keep: 10 * day}: 0,
	} {
		if got := c.BodiesLive(); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
}

// TestConfigFaults replaces one line of the good configuration and expects one message with its remedy at one key.
func TestConfigFaults(t *testing.T) {
	for name, c := range map[string]struct{ old, now, path, part string }{
		"unknown key":            {"redis:", "redis:\n  adresses: []", "redis.adresses", "use one of addrs"},
		"unknown in list":        {"    seller: acme", "    seller: acme\n    key: x", "endpoints[0].key", "is not a key"},
		"unknown in map":         {"        sync_budget: 3s", "        sync: 3s", "endpoints[0].products[*].sync", "is not a key"},
		"wrong type":             {"        sync_budget: 3s", "        sync_budget: soon", "endpoints[0].products[*].sync_budget", "is no duration"},
		"syntax":                 {"redis:", "redis: [", "koogate.yaml:8", "expected ',' or ']'"},
		"address":                {"  api: 127.0.0.1:8081", "  api: '8081'", "listen.api", "host:port"},
		"same address":           {"  api: 127.0.0.1:8081", "  api: 127.0.0.1:8080", "listen.api", "same address as listen.facade"},
		"half tls":               {"database:", "tls:\n  cert_file: /tmp/x\ndatabase:", "tls", "belong together"},
		"missing cert":           {"database:", "tls:\n  cert_file: /nonexistent/x\n  key_file: /nonexistent/y\ndatabase:", "tls", "no such file"},
		"api in clear":           {"  api: 127.0.0.1:8081", "  api: 0.0.0.0:8081", "listen.api", "listeners.api.clear: true"},
		"grpc in clear":          {"  grpc: 127.0.0.1:9090", "  grpc: :9090", "listen.grpc", "listeners.grpc.tls"},
		"ops in clear":           {"  ops: 127.0.0.1:9091", "  ops: 'ops.example.com:9091'", "listen.ops", "127.0.0.1"},
		"half tls of a listener": {"database:", "listeners: {grpc: {tls: {client_ca_file: /tmp/x}}}\ndatabase:", "listeners.grpc.tls", "belong together"},

		"no database":           {"  url: sqlite:/tmp/koogate.db", "  url: ''", "database.url", "is missing"},
		"other database":        {"  url: sqlite:/tmp/koogate.db", "  url: mysql://u:canary@h/d", "database.url", "neither postgres"},
		"empty path":            {"  url: sqlite:/tmp/koogate.db", "  url: 'sqlite:'", "database.url", "neither postgres"},
		"no redis":              {"  url: sqlite:/tmp/koogate.db", "  url: postgres://h/d", "redis.addrs", "several processes"},
		"redis address":         {"  addrs: []", "  addrs: [redis]", "redis.addrs[0]", "host:port"},
		"redis many":            {"  addrs: []", "  addrs: [a:1, b:1]", "redis.addrs", "redis.master"},
		"redis cluster":         {"  addrs: []", "  addrs: [a:1, b:1]\n  cluster: true\n  master: m", "redis.cluster", "excludes"},
		"redis prefix":          {"  addrs: []", "  addrs: [a:1]\n  prefix: 'x{y}'", "redis.prefix", "brace"},
		"redis db":              {"  addrs: []", "  addrs: [a:1]\n  db: -1", "redis.db", "out of bounds"},
		"body limit":            {"database:", "limits:\n  body: 12\ndatabase:", "limits.body", "out of bounds"},
		"unverified bodies":     {"database:", "limits:\n  unverified: 16777215\ndatabase:", "limits.unverified", "out of bounds"},
		"short audit":           {"database:", "audit:\n  keep: 8759h\ndatabase:", "audit.keep", "out of bounds"},
		"short bodies":          {"database:", "calls:\n  bodies: 1h\ndatabase:", "calls.bodies", "out of bounds"},
		"short calls":           {"database:", "calls:\n  keep: 23h\ndatabase:", "calls.keep", "out of bounds"},
		"short webhooks":        {"database:", "webhooks:\n  keep: 95h\ndatabase:", "webhooks.keep", "out of bounds"},
		"webhooks' network":     {"database:", "webhooks:\n  allow: [10.0.0.0/8, intranet]\ndatabase:", "webhooks.allow[1]", "neither an address nor a network"},
		"short budget":          {"database:", "login:\n  budget: 999ms\ndatabase:", "login.budget", "1s to 30s"},
		"short key life":        {"database:", "login:\n  key_life: 23h\ndatabase:", "login.key_life", "out of bounds"},
		"unified page in clear": {"database:", "login:\n  unified_url: http://login.example.com/\ndatabase:", "login.unified_url", "http only for loopback"},
		"tenants' suffix":       {"database:", "login:\n  suffixes: [.tenantaccount.example.com, '*.example.com']\ndatabase:", "login.suffixes[1]", "end of a host name"},
		"tenants' network":      {"database:", "login:\n  allow: [10.0.0.0/8, intranet]\ndatabase:", "login.allow[1]", "neither an address nor a network"},
		"dialect's kind":        {"database:", "login:\n  dialects: [{kind: saml}]\ndatabase:", "login.dialects[0].kind", "oneaccess, orgid"},
		"dialect's suffix":      {"database:", "login:\n  dialects: [{suffix: 'a b'}]\ndatabase:", "login.dialects[0].suffix", "end of a host name"},
		"dialect twice":         {"database:", "login:\n  dialects: [{suffix: a.example.com}, {suffix: A.example.com, kind: orgid}]\ndatabase:", "login.dialects[1].suffix", "used twice"},
		"dialect's path":        {"database:", "login:\n  dialects: [{token: oauth2/token}]\ndatabase:", "login.dialects[0].token", "begin it with /"},
		"dialect's query":       {"database:", "login:\n  dialects: [{validate: '/validate?a=b'}]\ndatabase:", "login.dialects[0].validate", "begin it with /"},
		"dialect's header":      {"database:", "login:\n  dialects: [{token_header: 'X: y'}]\ndatabase:", "login.dialects[0].token_header", "letters, digits"},
		"dialect's parameter":   {"database:", "login:\n  dialects: [{logout_parameter: 'a&b'}]\ndatabase:", "login.dialects[0].logout_parameter", "letters, digits"},
		"dialect's domain":      {"database:", "login:\n  dialects: [{common: https://auth.example.com/path}]\ndatabase:", "login.dialects[0].common", "scheme and host alone"},
		"login address":         {"  api: 127.0.0.1:8081", "  api: 127.0.0.1:8081\n  login: nowhere", "listen.login", "host:port"},
		"login nowhere":         {"  api: 127.0.0.1:8081", "  api: 127.0.0.1:8081\n  login: :8082", "listeners.login.public_url", "is missing"},
		"kit body limit":        {"database:", "limits:\n  kit_body: 99999999\ndatabase:", "limits.kit_body", "out of bounds"},
		"rate":                  {"database:", "access: {limits: {reads: {rate: -1}}}\ndatabase:", "access.limits.reads.rate", "0 to 100000"},
		"burst":                 {"database:", "access: {limits: {exports: {rate: 1, burst: 0}}}\ndatabase:", "access.limits.exports.burst", "1 to 1000000"},
		"strangers' rate":       {"database:", "access: {limits: {strangers: {rate: 100001}}}\ndatabase:", "access.limits.strangers.rate", "0 to 100000"},
		"rule's rate":           {"database:", rateYAML("rate: 5", "rate: 100001"), "access.limits.rules[0].writes.rate", "0 to 100000"},
		"rule of no one's":      {"database:", rateYAML("seller: acme", "seller: nobody"), "access.limits.rules[0].seller", "not a seller"},
		"rule of no caller":     {"database:", rateYAML("token crm-worker", "crm-worker"), "access.limits.rules[0].caller", "token NAME"},
		"rule of an empty name": {"database:", rateYAML("token crm-worker", "'certificate '"), "access.limits.rules[0].caller", "token NAME"},
		"rule of nothing":       {"database:", rateYAML(", writes: {rate: 5, burst: 9}", ""), "access.limits.rules[0]", "changes nothing"},
		"rule twice":            {"database:", rateYAML("}]}}", "}, {seller: acme, caller: token crm-worker, reads: {rate: 0}}]}}"), "access.limits.rules[1].caller", "given twice"},
		"issuer nowhere":        {"database:", oidcYAML("issuer: https://sso.example.com/realms/acme, ", ""), "access.oidc[0].issuer", "is missing"},
		"issuer in clear":       {"database:", oidcYAML("https://sso.example.com/", "http://sso.example.com/"), "access.oidc[0].issuer", "http only for loopback"},
		"issuer's user":         {"database:", oidcYAML("https://sso", "https://canary:canary@sso"), "access.oidc[0].issuer", "without user"},
		"issuer's keys":         {"database:", oidcYAML("audiences", "jwks_url: http://sso.example.com/certs, audiences"), "access.oidc[0].jwks_url", "http only for loopback"},
		"issuer twice":          {"database:", oidcYAML("}]}\n", "}, {issuer: https://sso.example.com/realms/acme, audiences: [a], rules: [{claim: a, values: [a], seller: acme, scopes: [read]}]}]}\n"), "access.oidc[1].issuer", "given twice"},
		"no audience":           {"database:", oidcYAML("audiences: [koogate], ", ""), "access.oidc[0].audiences", "other services"},
		"empty audience":        {"database:", oidcYAML("[koogate]", "['']"), "access.oidc[0].audiences", "other services"},
		"symmetric algorithm":   {"database:", oidcYAML("audiences", "algorithms: [ES256, HS256], audiences"), "access.oidc[0].algorithms[1]", "RS256, PS256, ES256, EdDSA"},
		"wide leeway":           {"database:", oidcYAML("audiences", "leeway: 6m, audiences"), "access.oidc[0].leeway", "0s to 5m"},
		"busy refresh":          {"database:", oidcYAML("audiences", "refresh: 59s, audiences"), "access.oidc[0].refresh", "1m0s to 24h"},
		"eternal keys":          {"database:", oidcYAML("audiences", "keep: 721h, audiences"), "access.oidc[0].keep", "10m0s to 720h"},
		"keys that lapse":       {"database:", oidcYAML("audiences", "keep: 1h, refresh: 2h, audiences"), "access.oidc[0].keep", "shorter than refresh"},
		"no rules":              {"database:", oidcYAML("rules: [{claim: roles, values: [crm], seller: acme, scopes: [worker], queues: [crm]}]", "rules: []"), "access.oidc[0].rules", "at least one"},
		"rule without claim":    {"database:", oidcYAML("claim: roles, ", ""), "access.oidc[0].rules[0].claim", "is missing"},
		"rule without value":    {"database:", oidcYAML("values: [crm]", "values: []"), "access.oidc[0].rules[0].values", "at least one"},
		"rule of no seller":     {"database:", oidcYAML("seller: acme, scopes: [worker], queues: [crm]", "scopes: [worker]"), "access.oidc[0].rules[0].seller", "not a seller"},
		"rule without scopes":   {"database:", oidcYAML("scopes: [worker], queues: [crm]", "scopes: []"), "access.oidc[0].rules[0].scopes", "at least one"},
		"rule's scope":          {"database:", oidcYAML("scopes: [worker]", "scopes: [worker, marketplace]"), "access.oidc[0].rules[0].scopes[1]", "worker, usage"},
		"rule's queue":          {"database:", oidcYAML("queues: [crm]", "queues: [links]"), "access.oidc[0].rules[0].queues[0]", "worker or webhook"},
		"no keyset":             {"keyset_file: /tmp/keyset.json", "", "keyset_file", "koogate keys new"},
		"no signing key":        {"keyset_file: /tmp/keyset.json", "keyset_file: /tmp/keyset.json\nsigning_key_file: /nonexistent/signing.pem", "signing_key_file", "koogate keys new-signing"},
		"name":                  {"  - name: links", "  - name: Links", "provisioners[1].name", "lower-case"},
		"token characters":      {"[0123456789abcdef0123456789abcdef]", "['a b']", "sellers[0].api_tokens[0]", "header"},
		"token twice":           {"[0123456789abcdef0123456789abcdef]", "[aaaa, aaaa]", "sellers[0].api_tokens[1]", "given twice"},
		"site and url":          {"      site: cn", "      site: cn\n      base_url: https://x.example", "sellers[0].marketplace", "either site"},
		"unknown site":          {"      site: cn", "      site: us", "sellers[0].marketplace.site", "cn, intl, eu"},
		"fallback":              {"      site: cn", "      site: cn\n      no_fallback: [orders]", "sellers[0].marketplace.no_fallback[0]", "order_query"},
		"plain http":            {"      site: cn", "      base_url: http://market.example", "sellers[0].marketplace.base_url", "https"},
		"no ak":                 {"      access_key: AK0123456789", "", "sellers[0].marketplace.access_key", "is missing"},
		"bad ak":                {"      access_key: AK0123456789", "      access_key: 'a,b'", "sellers[0].marketplace.access_key", "characters"},
		"no sk":                 {"      secret_key: canary-secret-0123456789", "", "sellers[0].marketplace.secret_key", "is missing"},
		"secret twice":          {"      site: cn", "      site: cn\n      secret_key_file: /nonexistent", "sellers[0].marketplace.secret_key", "keep one of the two"},
		"no secret file":        {"      secret_key: canary-secret-0123456789", "      secret_key_file: /nonexistent/x", "sellers[0].marketplace.secret_key_file", "no such file"},
		"no key file":           {"    seller: acme", "    seller: acme\n    key_files: [/nonexistent/x]", "endpoints[0].key_files[0]", "no such file"},
		"endpoint seller":       {"    seller: acme", "    seller: other", "endpoints[0].seller", "not a seller"},
		"no keys":               {"    keys: [canary-key-0123456789]", "", "endpoints[0].keys", "at least one"},
		"key twice":             {"    keys: [canary-key-0123456789]", "    keys: [aa, aa]", "endpoints[0].keys[1]", "given twice"},
		"skew":                  {"    seller: acme", "    seller: acme\n    skew: 1h", "endpoints[0].skew", "1s to 10m"},
		"check budget":          {"    seller: acme", "    seller: acme\n    check_budget: 5s", "endpoints[0].check_budget", "100ms to 4.5s"},
		"check policy":          {"    seller: acme", "    seller: acme\n    check_policy: maybe", "endpoints[0].check_policy", "refuse, allow"},
		"pending":               {"    seller: acme", "    seller: acme\n    pending: hide", "endpoints[0].pending", "processing, omit"},
		"unknown":               {"    seller: acme", "    seller: acme\n    unknown: hide", "endpoints[0].unknown", "omit, refuse"},
		"sync budget":           {"        sync_budget: 3s", "        sync_budget: 5s", "endpoints[0].products[*].sync_budget", "0s to 4.5s"},
		"product provider":      {"        provisioner: crm", "        provisioner: erp", "endpoints[0].products[*].provisioner", "not a provisioner"},
		"provisioner twice":     {"  - name: links", "  - name: crm", "provisioners[1].name", "used twice"},
		"reserved queue":        {"  - name: links", "  - name: koogate-order-query", "provisioners[1].name", "reserved"},
		"reserved upload queue": {"  - name: links", "  - name: koogate-licence-upload", "provisioners[1].name", "reserved"},
		"provisioner type":      {"    type: worker", "    type: script", "provisioners[0].type", "template, worker, webhook"},
		"webhook nothing":       {"    type: worker", "    type: webhook\n    webhook: {secrets: [" + goodSecret + "]}", "provisioners[0].webhook.url", "https://crm.example.com/koogate"},
		"webhook no secret":     {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com}", "provisioners[0].webhook.secrets", "koogate keys new --webhook FILE"},
		"webhook secret":        {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, secrets: [whsec_canary]}", "provisioners[0].webhook.secrets[0]", "24 to 64 bytes in base64"},
		"webhook secrets":       {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, secrets: [" + goodSecret + ", " + goodSecret + "]}", "provisioners[0].webhook.secrets[1]", "given twice"},
		"webhook many":          {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, secrets: [" + goodSecret + ", whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX, whsec_AQECAwQFBgcICQoLDA0ODxAREhMUFRYX]}", "provisioners[0].webhook.secrets", "1 to 2"},
		"webhook URL":           {"    type: worker", "    type: webhook\n    webhook: {url: https://canary@crm.example.com, secrets: [" + goodSecret + "]}", "provisioners[0].webhook.url", "without user and fragment"},
		"webhook network":       {"    type: worker", "    type: webhook\n    webhook: {url: https://10.1.2.3/x, secrets: [" + goodSecret + "]}", "provisioners[0].webhook.url", "webhooks.allow"},
		"webhook in clear":      {"    type: worker", "    type: webhook\n    webhook: {url: http://crm.example.com/x, secrets: [" + goodSecret + "]}", "provisioners[0].webhook.url", "webhooks.allow"},
		"webhook timeout":       {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, timeout: 31s, secrets: [" + goodSecret + "]}", "provisioners[0].webhook.timeout", "1s to 30s"},
		"webhook ask again":     {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, ask_again: 1s, secrets: [" + goodSecret + "]}", "provisioners[0].webhook.ask_again", "10s to 1h"},
		"webhook of a worker":   {"    type: worker", "    type: worker\n    webhook: {url: https://crm.example.com}", "provisioners[0].webhook", "only for provisioners of type webhook"},
		"webhook with template": {"    type: worker", "    type: webhook\n    template: {memo: x}\n    webhook: {url: https://crm.example.com, secrets: [" + goodSecret + "]}", "provisioners[0].template", "only for provisioners of type template"},
		"webhook no file":       {"    type: worker", "    type: webhook\n    webhook: {url: https://crm.example.com, secret_files: [/nonexistent/x]}", "provisioners[0].webhook.secret_files[0]", "cannot be read"},
		"worker template":       {"    type: worker", "    type: worker\n    template: {memo: x}", "provisioners[0].template", "only for provisioners of type template"},
		"template url":          {"front_end_url: https://app.example.com/{instance}", "front_end_url: app.example.com", "provisioners[1].template.front_end_url", "is not a URL"},
		"template script":       {"front_end_url: https://app.example.com/{instance}", "front_end_url: 'javascript:alert(1)'", "provisioners[1].template.front_end_url", "of http or https"},
		"template user":         {"front_end_url: https://app.example.com/{instance}", "front_end_url: https://user@app.example.com/{instance}", "provisioners[1].template.front_end_url", "without a user"},
		"template admin":        {"front_end_url: https://app.example.com/{instance}", "front_end_url: https://a.example\n      admin_url: ftp://a.example/{instance}", "provisioners[1].template.admin_url", "of http or https"},
		"template unfilled":     {"front_end_url: https://app.example.com/{instance}", "front_end_url: https://app.example.com/{tenant}", "provisioners[1].template.front_end_url", "is not a URL"},
		"template user name":    {"front_end_url: https://app.example.com/{instance}", "front_end_url: https://a.example\n      user_name: '{instance}{order}x'", "provisioners[1].template.user_name", "at most 128"},
		"tracing":               {"shutdown_grace: 20s", "tracing:\n  endpoint: http://x", "tracing.endpoint", "host:port"},
		"jaeger":                {"shutdown_grace: 20s", "tracing:\n  jaeger_url: 127.0.0.1:16686", "tracing.jaeger_url", "http://127.0.0.1:16686"},
		"jaeger user":           {"shutdown_grace: 20s", "tracing:\n  jaeger_url: http://a:b@jaeger", "tracing.jaeger_url", "http://127.0.0.1:16686"},
		"concurrency":           {"shutdown_grace: 20s", "jobs:\n  concurrency: 0", "jobs.concurrency", "1 to 100"},
		"grace":                 {"shutdown_grace: 20s", "shutdown_grace: 1h", "shutdown_grace", "1s to 10m"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodYAML, c.old) {
				t.Fatalf("%q is not in the good configuration", c.old)
			}
			cfg, problems := Load(Source{File: write(t, strings.Replace(goodYAML, c.old, c.now, 1))})
			if len(problems) == 0 {
				problems = cfg.Validate()
			}
			i := slices.IndexFunc(problems, func(p Problem) bool { return strings.HasSuffix(p.Path, c.path) && strings.Contains(p.EN, c.part) })
			if i < 0 || len(problems) != 1 {
				t.Fatalf("got %v, want one problem at %s with %q", problems, c.path, c.part)
			}
			if zh := problems[i].In("zh_CN.UTF-8"); zh == problems[i].String() || strings.Contains(zh, "%!") || strings.Contains(problems[i].EN, "%!") {
				t.Errorf("messages: %s | %s", problems[i], zh)
			}
			if strings.Contains(fmt.Sprint(problems), "canary") {
				t.Errorf("a secret in %v", problems)
			}
		})
	}
}

func TestOtherFaults(t *testing.T) {
	file := write(t, goodYAML)
	for name, c := range map[string]struct {
		src  Source
		path string
		part string
	}{
		"no file":          {Source{File: "/nonexistent/koogate.yaml"}, "/nonexistent/koogate.yaml", "no such file"},
		"unknown variable": {Source{File: file, Environ: []string{"KOOGATE_LISTEN_FASADE=x"}}, "KOOGATE_LISTEN_FASADE", "not a variable"},
		"unknown flag":     {Source{File: file, Set: map[string]string{"listen.fasade": "x"}}, "listen.fasade", "is not a key"},
		"list as a flag":   {Source{File: file, Set: map[string]string{"sellers": "x"}}, "sellers", "is not a key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := Load(c.src)
			if len(problems) != 1 || problems[0].Path != c.path || !strings.Contains(problems[0].EN, c.part) {
				t.Fatalf("got %v", problems)
			}
		})
	}
}

func TestAnEmptyConfigurationNamesWhatIsMissing(t *testing.T) {
	c := Default()
	var paths []string
	for _, p := range c.Validate() {
		paths = append(paths, p.Path)
	}
	want := []string{"database.url", "keyset_file", "sellers", "provisioners", "endpoints"}
	if !slices.Equal(paths, want) {
		t.Fatalf("got %v, want %v", paths, want)
	}
}

func TestTokensBelongToOneSeller(t *testing.T) {
	c := Default()
	c.Sellers = []Seller{{Name: "a", APITokens: []Secret{"tok"}}, {Name: "b", APITokens: []Secret{"tok"}}}
	c.Provisioners = []Provisioner{{Name: "w", Type: "worker"}}
	c.Endpoints = []Endpoint{{Name: "e", Seller: "a", Keys: []Secret{"k"}, Products: map[string]Product{"*": {Provisioner: "w"}}}}
	problems := c.ValidateServing()
	if len(problems) != 1 || problems[0].Path != "sellers[1].api_tokens[0]" || !strings.Contains(problems[0].EN, "exactly one seller") {
		t.Fatalf("got %v", problems)
	}
}

func TestWeakSecretsAreFound(t *testing.T) {
	c := Config{
		Sellers: []Seller{{
			Name: "demo", APITokens: []Secret{DemoToken, "short"},
			Marketplace: Marketplace{AccessKey: DemoAK, SecretKey: DemoSK},
		}},
		Endpoints:    []Endpoint{{Name: "demo", Keys: []Secret{DemoAccessKey, DemoKitKey, "0123456789abcde", "0123456789abcdef"}}},
		Provisioners: []Provisioner{{Name: "own"}, {Name: "hook", Webhook: Hook{Secrets: []Secret{"whsec_b3duIHNlY3JldCBvZiBhIHZlbmRvcg==", DemoWebhookSecret}}}},
	}
	var got []string
	for _, p := range c.Weak() {
		kind := "short"
		if strings.Contains(p.EN, "public demo value") {
			kind = "demo"
		}
		got = append(got, p.Path+" "+kind)
	}
	want := []string{
		"sellers[0].api_tokens[0] demo", "sellers[0].api_tokens[1] short", "sellers[0].marketplace.access_key demo",
		"sellers[0].marketplace.secret_key demo", "endpoints[0].keys[0] demo", "endpoints[0].keys[1] demo", "endpoints[0].keys[2] short",
		"provisioners[1].webhook.secrets[1] demo",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
}

// TestSecretsAreNotPrinted looks for the canaries in every way a configuration gets printed.
func TestSecretsAreNotPrinted(t *testing.T) {
	c, problems := Load(Source{File: write(t, goodYAML)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "config", c, "key", c.Endpoints[0].Keys[0])
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c, "key", c.Endpoints[0].Keys[0])
	for _, s := range []string{string(text), b.String(), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Endpoints[0].Keys[0], c.Endpoints[0].Keys)} {
		if strings.Contains(s, "canary") || strings.Contains(s, "0123456789abcdef0123") {
			t.Errorf("a secret in %s", s)
		}
	}
}
