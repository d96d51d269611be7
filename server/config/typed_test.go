// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/server/oidc"
)

// faults loads and checks a configuration and returns its messages without the directory of the file.
func faults(t *testing.T, text string, environ []string, set map[string]string) []string {
	t.Helper()
	file := write(t, text)
	c, problems := Load(Source{File: file, Environ: environ, Set: set})
	var lines []string
	for _, p := range append(problems, c.Check()...) {
		if zh := p.In("zh"); strings.Contains(zh+p.String(), "%!") || strings.Contains(zh+p.String(), "canary") {
			t.Errorf("messages: %s | %s", p, zh)
		}
		lines = append(lines, strings.ReplaceAll(p.String(), filepath.Dir(file)+"/", ""))
	}
	return lines
}

// TestScalarsAreWhatTheKeyWants replaces one line and expects exactly one message, word for word, at line and column.
func TestScalarsAreWhatTheKeyWants(t *testing.T) {
	const number = "is a number to YAML, not the text that stands here: put it in quotes"
	const unit = "is a duration without a unit: write for example 3s, 500ms or 10m"
	const product = `      "*":`
	for name, c := range map[string]struct{ old, now, want string }{
		"octal key":           {"[canary-key-0123456789]", "[0123]", "22:12: endpoints[0].keys[0]: " + number},
		"exponent key":        {"[canary-key-0123456789]", "[1e3]", "22:12: endpoints[0].keys[0]: " + number},
		"underscores":         {"canary-secret-0123456789", "1_000", "18:19: sellers[0].marketplace.secret_key: " + number},
		"hexadecimal":         {"AK0123456789", "0x10", "17:19: sellers[0].marketplace.access_key: " + number},
		"date":                {"AK0123456789", "2026-01-02", "17:19: sellers[0].marketplace.access_key: is a date to YAML, not the text that stands here: put it in quotes"},
		"boolean":             {"AK0123456789", "true", "17:19: sellers[0].marketplace.access_key: is true or false to a reader of YAML, not the text that stands here: put it in quotes"},
		"boolean of YAML 1.1": {"AK0123456789", "yes", "17:19: sellers[0].marketplace.access_key: is true or false to a reader of YAML, not the text that stands here: put it in quotes"},
		"nothing":             {"AK0123456789", "", "17:18: sellers[0].marketplace.access_key: has no value: give one, or remove the key; an empty text is \"\""},
		"binary":              {"AK0123456789", "!!binary aGk=", "17:19: sellers[0].marketplace.access_key: is not text to YAML: put it in quotes, without a tag"},
		"product ID":          {product, "      0123:", "24:7: endpoints[0].products[0123]: " + number},
		"product ID yes":      {product, "      yes:", "24:7: endpoints[0].products[yes]: is true or false to a reader of YAML, not the text that stands here: put it in quotes"},
		"duration":            {"sync_budget: 3s", "sync_budget: 3", "26:22: endpoints[0].products[*].sync_budget: " + unit},
		"duration zero":       {"sync_budget: 3s", "sync_budget: 0", "26:22: endpoints[0].products[*].sync_budget: " + unit},
		"quoted duration":     {"sync_budget: 3s", "sync_budget: '3'", "26:22: endpoints[0].products[*].sync_budget: " + unit},
		"boolean as text":     {"shutdown_grace: 20s", "jobs: {enabled: yes}", "34:17: jobs.enabled: is neither true nor false: write one of the two, without quotes"},
		"number as text":      {"shutdown_grace: 20s", "jobs: {concurrency: '5'}", "34:21: jobs.concurrency: is no whole number in plain digits: write for example 8, without quotes"},
		"old octal number":    {"shutdown_grace: 20s", "jobs: {concurrency: 010}", "34:21: jobs.concurrency: is no whole number in plain digits: write for example 8, without quotes"},
		"fraction":            {"shutdown_grace: 20s", "jobs: {concurrency: 1.5}", "34:21: jobs.concurrency: is no whole number in plain digits: write for example 8, without quotes"},
		"text for a list":     {"[canary-key-0123456789]", "canary-key-0123456789", "22:11: endpoints[0].keys: is no list: write [a, b], or a line beginning with - for each element"},
		"list for a text":     {"AK0123456789", "[a]", "17:19: sellers[0].marketplace.access_key: is a list or a section where one value belongs: write the value alone"},
		"text for a section":  {"shutdown_grace: 20s", "jobs: all", "34:7: jobs: is no section: write its keys below it, indented"},
		"twice":               {"shutdown_grace: 20s", "keyset_file: /tmp/keyset.json", "34:1: keyset_file: is given twice, first in line 11: remove one"},
		"second document":     {"shutdown_grace: 20s", "---\nlisten: {}", "34: begins a second document: one file is one configuration; remove the line ---"},
		"unknown anchor":      {"AK0123456789", "*canary", "17: is not valid YAML (unknown anchor … referenced): correct the file"},
		"near":                {"keyset_file:", "keysetFile:", "11:1: keysetFile: is not a key: did you mean keyset_file? Otherwise remove it, or use one of listen, tls, listeners, trusted_proxies, database, redis, keyset_file, signing_key_file, secret_files, sellers, endpoints, provisioners, access, limits, jobs, audit, calls, webhooks, login, grpc, tracing, shutdown_delay, shutdown_grace"},
		"near list":           {"provisioners:", "provisionrs:", "27:1: provisionrs: is not a key: did you mean provisioners? Otherwise remove it, or use one of listen, tls, listeners, trusted_proxies, database, redis, keyset_file, signing_key_file, secret_files, sellers, endpoints, provisioners, access, limits, jobs, audit, calls, webhooks, login, grpc, tracing, shutdown_delay, shutdown_grace"},
		"out of bounds":       {"shutdown_grace: 20s", "shutdown_grace: 1h", "34:17: shutdown_grace: 1h0m0s is out of bounds: use 1s to 10m0s"},
		"missing":             {"      access_key: AK0123456789\n", "", "15:5: sellers[0].marketplace.access_key: is missing: AK"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodYAML, c.old) {
				t.Fatalf("%q is not in the good configuration", c.old)
			}
			got := faults(t, strings.Replace(goodYAML, c.old, c.now, 1), nil, nil)
			if want := "koogate.yaml:" + c.want; !slices.Equal(got, []string{want}) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestQuotedScalarsStayText(t *testing.T) {
	text := strings.NewReplacer("[canary-key-0123456789]", `["0123456789012345", '1e30000000000000000', !!str 1234567890123456789]`,
		`"*":`, `"0123": &p`, "        sync_budget: 3s\n", "        sync_budget: 3s\n      'yes': *p\n      \"1e3\":\n        <<: *p\n        sync_budget: 1.5s\n",
	).Replace(goodYAML)
	c, problems := Load(Source{File: write(t, text)})
	if problems = append(problems, c.Check()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	e := c.Endpoints[0]
	if !slices.Equal(Reveal(e.Keys), []string{"0123456789012345", "1e30000000000000000", "1234567890123456789"}) {
		t.Errorf("keys: %q", Reveal(e.Keys))
	}
	want := map[string]time.Duration{"0123": 3 * time.Second, "yes": 3 * time.Second, "1e3": 1500 * time.Millisecond}
	for id, budget := range want {
		if p := e.Products[id]; len(e.Products) != len(want) || p.SyncBudget != budget || p.Provisioner != "crm" {
			t.Errorf("product %s: %+v", id, e.Products)
		}
	}
}

// TestOneFaultIsOneMessage makes faults on which others would follow.
func TestOneFaultIsOneMessage(t *testing.T) {
	for name, c := range map[string]struct{ old, now, path string }{
		"no sellers":     {goodYAML[strings.Index(goodYAML, "sellers:"):strings.Index(goodYAML, "endpoints:")], "", "koogate.yaml: sellers: "},
		"seller's name":  {"  - name: acme\n", "  - name: 007\n", "sellers[0].name"},
		"seller unnamed": {"  - name: acme\n    api", "  - api", "sellers[0].name"},
		"family":         {"    seller: acme", "    seller: acme\n    families: [sas_v1]\n    encrypt_type: aes128\n    expire_zone: utc\n    hold_budget: 3s", "families[0]"},
		"no key file":    {"    keys: [canary-key-0123456789]", "    key_files: [/nonexistent/x, /nonexistent/x]", "key_files["},
		"no URL file":    {"  url: sqlite:/tmp/koogate.db", "  url_file: /nonexistent/x", "database.url_file"},
		"kit key file":   {"    seller: acme", "    seller: acme\n    families: [kit_v2]\n    kit_private_key_files: [/nonexistent/x]", "kit_private_key_files[0]"},
		"half of tls":    {"shutdown_grace: 20s", "tls:\n  cert_file: 1\n  key_file: /nonexistent/x", "tls.cert_file"},
		"weak and wrong": {"[0123456789abcdef0123456789abcdef]", "['a b']", "api_tokens[0]"},
		"not a mapping":  {goodYAML, "- a\n", "koogate.yaml:1:1"},
		"syntax":         {"redis:", "redis: [", "koogate.yaml:8"},
	} {
		t.Run(name, func(t *testing.T) {
			got := faults(t, strings.Replace(goodYAML, c.old, c.now, 1), nil, nil)
			for i, line := range got {
				if !strings.Contains(line, c.path) || i > 0 && name != "no key file" {
					t.Errorf("got %q, want one at %s", got, c.path)
				}
			}
			if len(got) == 0 {
				t.Error("no fault")
			}
		})
	}
}

// TestAllFaultsAtOnce has a fault of every stage and every origin.
func TestAllFaultsAtOnce(t *testing.T) {
	text := strings.NewReplacer("sync_budget: 3s", "sync_budget: 3", "/tmp/keyset.json", "/nonexistent/keyset.json",
		"sqlite:/tmp/koogate.db", "sqlite:/nonexistent/koogate.db", "      secret_key: canary-secret-0123456789", "      secret_key_file: /nonexistent/sk",
		"  - name: links", "  - name: Links", "canary-key-0123456789", "short").Replace(goodYAML)
	got := faults(t, text, []string{"KOOGATE_REDIS_DB=5000", "KOOGATE_KEYSET_FIEL=x", "KOOGATE_JOBS_ENABLED="}, map[string]string{"listen.ops": "nowhere", "jobs.concurency": "1"})
	want := []string{
		"koogate.yaml:26:22: endpoints[0].products[*].sync_budget: is a duration without a unit: ",
		"KOOGATE_KEYSET_FIEL: is not a variable of Koogate: did you mean KOOGATE_KEYSET_FILE? ",
		"KOOGATE_JOBS_ENABLED: jobs.enabled: is neither true nor false: ",
		"--set: jobs.concurency: is not a key: did you mean jobs.concurrency? ",
		"koogate.yaml:18:24: sellers[0].marketplace.secret_key_file: cannot be read (no such file or directory): ",
		"koogate.yaml:8:8: database.url: cannot be kept in /nonexistent (no such file or directory): ",
		"koogate.yaml:11:14: keyset_file: /nonexistent/keyset.json cannot be used (no such file or directory): ",
		"--set: listen.ops: is not host:port: ",
		"koogate.yaml:30:11: provisioners[1].name: \"Links\" is not a name: ",
		"koogate.yaml:22:12: endpoints[0].keys[0]: has 5 characters: ",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("got  %s\n\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestFilesAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := put("plain", "0123456789abcdef", 0o600)
	const keyset, db, sk = "/tmp/keyset.json", "sqlite:/tmp/koogate.db", "      secret_key: canary-secret-0123456789"
	for name, c := range map[string]struct{ old, now, part string }{
		"broken keyset":       {keyset, put("broken", "{}", 0o600), "keyset_file: "},
		"open keyset":         {keyset, writeOpenKeyset(t), "has mode 0644"},
		"keyset is a place":   {keyset, dir, "not a regular file"},
		"database is a place": {db, "sqlite:" + dir, "database.url: cannot be read (not a regular file)"},
		"database in a file":  {db, "sqlite:" + plain + "/koogate.db", "database.url: "},
		"secret is a place":   {sk, "      secret_key_file: " + dir, "secret_key_file: cannot be read (a directory)"},
		"secret read by all":  {sk, "      secret_key_file: " + put("readable", "0123456789abcdef", 0o604), "secret_key_file: can be read by everybody on this machine (mode 0604)"},
		"database key":        {db, "postgres://u@h/d?sslkey=" + put("db.key", "x", 0o644), "database.url: can be read by everybody"},
		"database by file":    {"  url: " + db, "  url_file: " + put("db.url", "sqlite:"+dir+"/koogate.db", 0o644), "database.url_file: can be read by everybody"},
		"tokens by file":      {"    api_tokens: [", "    api_token_files: [" + put("token", "0123456789abcdef0123456789abcde0", 0o444) + "]\n    api_tokens: [", "api_token_files[0]: can be read by everybody"},
		"secret for all":      {sk, "      secret_key_file: " + put("open", "0123456789abcdef", 0o666), "mode 0666 lets everybody write it"},
		"port":                {db, "postgres://u:canary@h:70000/d", "(port)"},
		"sslmode":             {db, "postgres://u:canary@h/d?sslmode=strict", "(sslmode)"},
		"certificate":         {db, "postgres://u:canary@h/d?sslrootcert=/nonexistent/x", "(sslrootcert: no such file or directory)"},
		"all addresses":       {"  facade: 127.0.0.1:8080", "  facade: :8081", "listen.api: is the same address as listen.facade"},
		"localhost":           {"  api: 127.0.0.1:8081", "  api: localhost:8080", "listen.api: is the same address as listen.facade"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(goodYAML, c.old, c.now, 1)
			if strings.HasPrefix(c.now, "postgres") {
				text = strings.Replace(text, "addrs: []", "addrs: [a:1]", 1)
			}
			got := faults(t, text, nil, nil)
			if len(got) != 1 || !strings.Contains(got[0], c.part) {
				t.Errorf("got %q, want one with %q", got, c.part)
			}
		})
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), ".koogate-check-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func writeOpenKeyset(t *testing.T) string {
	t.Helper()
	path := writeKeyset(t, t.TempDir())
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAKeyHasOneUse: second-reading C14.
func TestAKeyHasOneUse(t *testing.T) {
	c := everyFamily(func(e *Endpoint) { e.KitKeys = append(e.KitKeys, e.Keys[0]) })
	c.Endpoints = append(c.Endpoints, Endpoint{Name: "second", Seller: "acme", Keys: []Secret{c.Endpoints[0].Keys[0]}})
	var f findings
	c.checkKeyUse(&f)
	if len(f.list) != 1 || f.list[0].Path != "endpoints[0].kit_keys[1]" ||
		!strings.HasPrefix(f.list[0].EN, "is the same key as endpoints[1].keys[0]: the marketplace binds") {
		t.Errorf("got %v", f.list)
	}
}

// TestEveryKeyCanBeSet: a key of a type that the loader does not know panics here, not at the operator's.
func TestEveryKeyCanBeSet(t *testing.T) {
	c := Default()
	seen := make(map[string]string)
	c.Sellers, c.Endpoints, c.Provisioners = make([]Seller, 1), make([]Endpoint, 1), make([]Provisioner, 1)
	c.Endpoints[0].Products = nil
	var p Product
	keys := leaves(valueOf(&c), "")
	var issuer oidc.Issuer
	var rule oidc.Rule
	var rate limit.Rate
	var dialect Dialect
	for _, part := range []any{&c.Sellers[0], &c.Endpoints[0], &c.Provisioners[0], &p, &issuer, &rule, &rate, &dialect} {
		for _, v := range leaves(valueOf(part), "") {
			setText(v, "1s")
		}
	}
	for key, v := range keys {
		setText(v, "1s")
		if other, twice := seen[variable(key)]; twice {
			t.Errorf("%s and %s are the same variable", key, other)
		}
		seen[variable(key)] = key
	}
}

func TestNear(t *testing.T) {
	keys := []string{"keys", "key_files", "sync_budget", "seller", "codes"}
	for given, want := range map[string]string{"key": "keys", "kyes": "keys", "sync": "sync_budget", "sellr": "seller", "Seller": "seller", "password": "", "x": "", "key-files": "key_files"} {
		if got := near(given, keys); got != want {
			t.Errorf("%s: got %q, want %q", given, got, want)
		}
	}
}

// FuzzConfig: no file makes the loader panic or hang, and no message shows a secret.
func FuzzConfig(f *testing.F) {
	f.Add(goodYAML)
	f.Add("a: &a {<<: *a}")
	f.Add("endpoints: &e [{products: *e, keys: *e}]")
	f.Add("? [a]\n: b\nlisten: {<<: [{api: 1}, {api: x}]}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "koogate.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, problems := Load(Source{File: path})
		for _, p := range problems {
			if strings.Contains(p.String()+p.In("zh"), "%!(") && !strings.Contains(text, "%!(") {
				t.Errorf("message: %s", p)
			}
		}
	})
}

func valueOf(part any) reflect.Value { return reflect.ValueOf(part).Elem() }
