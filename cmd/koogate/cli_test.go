// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/vault"
)

// buffer is written by the command and read by the test.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// clear forgets what was written.
func (b *buffer) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

// koogate runs one command line in this process.
func koogate(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func writeConfig(t *testing.T, dir, key, token string, addr []string) string {
	t.Helper()
	path := filepath.Join(dir, "koogate.yaml")
	text := fmt.Sprintf(`
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: 'sqlite:%s'}
keyset_file: '%s'
sellers:
  - name: acme
    api_tokens: ['%s']
    marketplace: {site: cn, access_key: some-access-key, secret_key: some-secret-key-0123456789}
endpoints:
  - {name: main, seller: acme, keys: ['%s'], products: {"*": {provisioner: crm}}}
provisioners: [{name: crm, type: worker}]
`, addr[0], addr[1], addr[2], addr[3], filepath.Join(dir, "koogate.db"), filepath.Join(dir, "keyset.json"), token, key)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	cliKey   = "cli-test-access-key-0123456789"
	cliToken = "cli-test-token-0123456789abcdef01234"
)

func TestCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args       []string
		code       int
		out, errAt string
	}{
		"help":                {[]string{"--help"}, exitOK, "koogate config check --config koogate.yaml", ""},
		"help of serve":       {[]string{"serve", "--help"}, exitOK, "A second signal", ""},
		"help of migrate":     {[]string{"migrate", "--help"}, exitOK, "only go forward", ""},
		"help of check":       {[]string{"config", "check", "--help"}, exitOK, "its remedy", ""},
		"help of keys":        {[]string{"keys", "new", "--help"}, exitOK, "52 characters", ""},
		"help of prove":       {[]string{"usage", "prove", "--help"}, exitOK, "koogate usage prove --config", ""},
		"help of open":        {[]string{"restore", "open", "--help"}, exitOK, "koogate restore open --config", ""},
		"help of status":      {[]string{"restore", "status", "--help"}, exitOK, "koogate restore status --config", ""},
		"help of adopt":       {[]string{"restore", "adopt", "--help"}, exitOK, "koogate restore adopt --config", ""},
		"help of import":      {[]string{"restore", "import", "--help"}, exitOK, "orders.csv", ""},
		"help of close":       {[]string{"restore", "close", "--help"}, exitOK, "koogate restore close --config", ""},
		"an adoption of what": {[]string{"restore", "adopt", "--endpoint", "x"}, exitUsage, "", "--order"},
		"help of export":      {[]string{"usage", "export", "--help"}, exitOK, "july.csv", ""},
		"version":             {[]string{"version"}, exitOK, "koogate ", ""},
		"version flag":        {[]string{"--version"}, exitOK, "koogate ", ""},
		"help command":        {[]string{"help"}, exitOK, "config check", ""},
		"help with command":   {[]string{"help", "config", "check"}, exitOK, "its remedy", ""},
		"help of what is not": {[]string{"help", "burn"}, exitFailed, "", "burn"},
		"bash":                {[]string{"completion", "bash"}, exitOK, "complete -C '", ""},
		"zsh":                 {[]string{"completion", "zsh"}, exitOK, "bashcompinit", ""},
		"fish":                {[]string{"completion", "fish"}, exitOK, "complete --command koogate", ""},
		"another shell":       {[]string{"completion", "csh"}, exitUsage, "", "bash"},
		"no command":          {nil, exitUsage, "", "koogate --help"},
		"unknown command":     {[]string{"burn"}, exitUsage, "", "burn"},
		"unknown flag":        {[]string{"serve", "--burn"}, exitUsage, "", "--burn"},
		"unknown level":       {[]string{"serve", "--log-level", "loud"}, exitUsage, "", "log-level"},
		"dev in public":       {[]string{"dev", "--api", "0.0.0.0:8081"}, exitUsage, "", "loopback"},
		"dev both ways":       {[]string{"dev", "--queue", "crm", "--webhook", "http://127.0.0.1:9001/"}, exitUsage, "", "there is --queue already"},
		"dev to no page":      {[]string{"dev", "--webhook", "127.0.0.1:9001"}, exitUsage, "", "such as http://"},
		"dev, its own queue":  {[]string{"dev", "--queue", "webhook"}, exitUsage, "", "choose another name"},
		"no file":             {[]string{"serve", "--config", "/nonexistent/koogate.yaml"}, exitFailed, "", "no such file"},
		"no database":         {[]string{"migrate"}, exitFailed, "", "database.url: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LC_ALL", "C")
			code, out, errs := koogate(t, c.args...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errAt) {
				t.Fatalf("got %d\n%s\n%s", code, out, errs)
			}
		})
	}
}

// TestCompletion asks as a shell does: the line so far is in COMP_LINE.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"koogate ser":                "serve",
		"koogate usage ":             "correct export prove records report retry windows",
		"koogate serve --log-level ": "debug error info warn",
		"koogate keys rotate --":     "--help --seal --stage --version",
		"koogate dev-":               "",
	} {
		t.Setenv("COMP_LINE", line)
		code, out, errs := koogate(t)
		words := strings.Fields(out)
		slices.Sort(words)
		if got := strings.Join(words, " "); code != exitOK || !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: got %d %q %q, want %q", line, code, got, errs, want)
		}
	}
}

func TestKeysNew(t *testing.T) {
	_, one, _ := koogate(t, "keys", "new")
	_, two, _ := koogate(t, "keys", "new")
	if len(strings.TrimSpace(one)) != 52 || one == two {
		t.Fatalf("got %q and %q", one, two)
	}
	path := filepath.Join(t.TempDir(), "keyset.json")
	if code, _, errs := koogate(t, "keys", "new", path); code != exitOK {
		t.Fatal(errs)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("got %v, %v", info, err)
	}
	if _, err := vault.OpenFile(path); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if code, _, errs := koogate(t, "keys", "new", path); code != exitFailed || !strings.Contains(errs, "not overwritten") {
		t.Fatalf("got %d %s", code, errs)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Fatal("the keyset was overwritten")
	}
}

func TestConfigCheck(t *testing.T) {
	dir, addrs := t.TempDir(), freeAddrs(t, 4)
	t.Run("no keyset", func(t *testing.T) {
		t.Setenv("LC_ALL", "C")
		code, out, errs := koogate(t, "config", "check", "--config", writeConfig(t, dir, cliKey, cliToken, addrs))
		want := "koogate.yaml:4:14: keyset_file: " + filepath.Join(dir, "keyset.json") + " cannot be used (no such file or directory): `koogate keys new FILE` makes one, readable by its owner only\n"
		if code != exitFailed || out != "" || !strings.HasSuffix(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Fatalf("got %d %q, want %q", code, errs, want)
		}
	})
	if code, _, errs := koogate(t, "keys", "new", filepath.Join(dir, "keyset.json")); code != exitOK {
		t.Fatal(errs)
	}
	t.Run("good", func(t *testing.T) {
		t.Setenv("LC_ALL", "C")
		code, out, errs := koogate(t, "config", "check", "--config", writeConfig(t, dir, cliKey, cliToken, addrs))
		const want = ": sellers[0].api_tokens: names no scopes and so has worker, usage, read, operate: "
		if code != exitOK || out != "ok\n" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Fatalf("got %d %s%s", code, out, errs)
		}
	})
	t.Run("addresses", func(t *testing.T) {
		code, out, errs := koogate(t, "config", "check", "--config", writeConfig(t, dir, cliKey, cliToken, addrs),
			"--set", "listeners.facade.public_url=https://shop.example.com/")
		if code != exitOK || out != "main: enter https://shop.example.com/produce/main in the seller centre\nok\n" {
			t.Fatalf("got %d %s%s", code, out, errs)
		}
	})
	t.Run("faults", func(t *testing.T) {
		t.Setenv("LC_ALL", "C")
		code, _, errs := koogate(t, "config", "check", "--config", writeConfig(t, dir, "koogate-demo-access-key", "short", addrs),
			"--set", "listen.ops=nowhere")
		lines := strings.Split(strings.TrimSpace(errs), "\n")
		if code != exitFailed || len(lines) != 3 || strings.Contains(errs, "koogate-demo-access-key") {
			t.Fatalf("got %d\n%s", code, errs)
		}
		for i, part := range []string{"listen.ops: is not host:port", "sellers[0].api_tokens[0]: has 5 characters", "endpoints[0].keys[0]: is the public demo value"} {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d is %q, want %q", i, lines[i], part)
			}
		}
	})
	t.Run("in Chinese", func(t *testing.T) {
		t.Setenv("LC_ALL", "zh_CN.UTF-8")
		if _, _, errs := koogate(t, "config", "check", "--config", writeConfig(t, dir, "koogate-demo-access-key", cliToken, addrs)); !strings.Contains(errs, "演示值") {
			t.Fatal(errs)
		}
	})
}

func TestServeRefusesDemoValuesAndClearText(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	dir, addrs := t.TempDir(), freeAddrs(t, 4)
	for _, c := range [][2]string{{"koogate-demo-access-key", cliToken}, {"koogate-demo-kit-key", cliToken}, {cliKey, "koogate-demo-token"}, {"short", cliToken}} {
		code, _, errs := koogate(t, "serve", "--config", writeConfig(t, dir, c[0], c[1], addrs))
		if code != exitFailed || !strings.Contains(errs, "public demo value") && !strings.Contains(errs, "use at least") {
			t.Errorf("%v: got %d %s", c, code, errs)
		}
	}
	code, _, errs := koogate(t, "serve", "--config", writeConfig(t, dir, cliKey, cliToken, addrs), "--set", "listen.grpc=0.0.0.0:0")
	if code != exitFailed || !strings.Contains(errs, "set listeners.grpc.clear: true") {
		t.Errorf("a private listener in clear beyond loopback: %d %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "koogate.db")); err == nil {
		t.Error("a refused start touched the database")
	}
}

// TestServe goes the way of an operator: keys, check, migrate, serve, stop.
func TestServe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir, addrs := t.TempDir(), freeAddrs(t, 4)
	config := writeConfig(t, dir, cliKey, cliToken, addrs)
	must := func(args ...string) {
		t.Helper()
		if code, _, errs := koogate(t, args...); code != exitOK {
			t.Fatalf("koogate %s: %d %s", strings.Join(args, " "), code, errs)
		}
	}
	if code, _, errs := koogate(t, "serve", "--config", config); code != exitFailed || !strings.Contains(errs, "keyset.json") {
		t.Fatalf("without a keyset: %d %s", code, errs)
	}
	must("keys", "new", filepath.Join(dir, "keyset.json"))
	must("config", "check", "--config", config)
	if code, _, errs := koogate(t, "serve", "--config", config); code != exitFailed {
		t.Fatalf("without a database: %d %s", code, errs)
	}
	must("migrate", "--config", config)
	must("migrate", "--config", config)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, log buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--config", config}, &out, &log) }()
	ready := false
	for range 400 {
		if res, err := http.Get("http://" + addrs[3] + "/readyz"); err == nil {
			_ = res.Body.Close()
			if ready = res.StatusCode == http.StatusOK; ready {
				break
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	http.DefaultClient.CloseIdleConnections()
	if !ready {
		t.Fatalf("not ready: %s", log.String())
	}
	cancel()
	select {
	case code := <-ended:
		if code != exitOK {
			t.Fatalf("got %d %s", code, log.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("serve does not stop")
	}
	if text := log.String(); !strings.Contains(text, `"msg":"listening"`) || strings.Contains(text, cliKey) || strings.Contains(text, cliToken) {
		t.Errorf("the log is %s", text)
	}
}
