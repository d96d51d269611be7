// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheLoginPage runs what docs/login-centre.md says, copied from it.
func TestTheLoginPage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile("../../docs/login-centre.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		script.WriteString(m[1])
	}
	own := freeAddrs(t, 4)
	r := &reader{t: t, ports: []string{
		"make build\n", "", "--listen 127.0.0.1:8100", "--listen " + strings.Join(own, " --listen "), "127.0.0.1:8100", own[0], "127.0.0.1:8103", own[3],
	}}
	cmd := r.command(script.String())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	at := 0
	for _, want := range []string{ // in this order
		`the browser is led to http://127\.0\.0\.1:9000/callback\?code=\w+&tenant=68cbc86a0000000000000000000000c3\n`,
		`"token_type":"Bearer","expires_in":7200,`,
		`"userName":"sunqi05"`,
		`\{"error":"invalid_grant","error_description":"Invalid authorization code"\}`,
		`"rule":"code-twice"`,
		`\n?1\.\d+ s\n`,
		`"kind":"unavailable","every":2`,
		`"error":"unauthorized".* HTTP 401\n`,
		`"userName":"test-demo-crm","password":"Test-1234"`,
		`"state":"COMPLETE"`,
		`ended with 1: a rule was broken\n1 logins, rules broken: 2\n`, // the expired token is the other one
	} {
		found := regexp.MustCompile(want).FindIndex(out[at:])
		if found == nil {
			t.Fatalf("%s does not come in\n%s", want, out[at:])
		}
		at += found[1]
	}
	world, err := os.ReadFile(filepath.Join(cmd.Dir, "world.yaml"))
	if err != nil || !strings.Contains(string(world), "tenantCode: acme") {
		t.Errorf("%v %s", err, world)
	}
}

// centre runs koogate sim centre until stop is called, which returns the exit code.
func centre(t *testing.T, args ...string) (out, errs *buffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, errs = &buffer{}, &buffer{}
	over := make(chan int, 1)
	go func() {
		over <- run(ctx, append([]string{"sim", "centre", "--listen", "127.0.0.1:0", "--language", "en"}, args...), out, errs)
	}()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), "waiting for logins") && !strings.Contains(out.String(), `"ready"`); time.Sleep(10 * time.Millisecond) {
		select {
		case code := <-over:
			t.Fatalf("it ended with %d: %s%s", code, out.String(), errs.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatal(out.String(), errs.String())
		}
	}
	return out, errs, func() int { cancel(); return <-over }
}

// A file that the example was written to is read again, over HTTPS, and each event is an object a line.
func TestACentreOfAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, example, errs := koogate(t, "sim", "centre", "--show-example", "--callback", "http://localhost:3000/")
	if code != exitOK || !strings.Contains(example, "callback: http://localhost:3000/callback\n") {
		t.Fatalf("%d %s %s", code, example, errs)
	}
	file, ca := filepath.Join(dir, "world.yaml"), filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, []byte(strings.Replace(example, "name: 甲方制造", "name: 改名\n    settings: {expiresIn: string}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, stop := centre(t, "--file", file, "--https", ca, "-o", "json", "--strict")
	var first struct {
		Ready struct {
			Portal       string
			Applications []struct{ LoginPageQuery string }
			Tenants      []struct{ Name, DomainName string }
		}
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil || len(first.Ready.Tenants) != 3 || first.Ready.Tenants[0].Name != "改名" || !strings.HasPrefix(first.Ready.Portal, "https://127.0.0.1:") {
		t.Fatalf("%v %s", err, line)
	}
	pool := x509.NewCertPool()
	if pem, err := os.ReadFile(ca); err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	for _, address := range []string{first.Ready.Applications[0].LoginPageQuery, first.Ready.Tenants[0].DomainName + "/api/v1/oauth2/userinfo"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	if code := stop(); code != exitFailed || stderr.String() != "" {
		t.Errorf("%d %s", code, stderr.String())
	}
	var kinds []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		delete(e, "seq")
		for kind := range e {
			kinds = append(kinds, kind)
		}
	}
	if want := []string{"ready", "step", "finding", "step", "end"}; !slices.Equal(kinds, want) {
		t.Errorf("%v", kinds)
	}
}

// What happens is told line by line, also that nobody has used a code.
func TestACentreTellsWhatHappens(t *testing.T) {
	t.Parallel()
	out, _, stop := centre(t, "--code-life", "1ms")
	portal := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, portal+"/unified-login/portal-login", strings.NewReader("ind=UNOP&appId=demo-crm&account=sunqi05&password=Demo-1234"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), "BREAKS code-unused"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(out.String())
		}
	}
	if code := stop(); code != exitOK { // without --strict
		t.Errorf("%d", code)
	}
	_, told, _ := strings.Cut(out.String(), "Ctrl-C ends it\n")
	if want := regexp.MustCompile(`^\d\d:\d\d:\d\d #1 page POST 302  sunqi05 · 鹤翔物流 · code \w{6}…\n✕ BREAKS code-unused: A code that was given is used\n    seen: .*\n    what to do: .*\n1 logins, rules broken: 1\n$`); !want.MatchString(told) {
		t.Errorf("%s", told)
	}
}

// What cannot be served is told with its place and its remedy.
func TestACentreThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken := takenAddr(t)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown member": {[]string{"--file", file("a.yaml", "applications: []\ntenants: []\ncolour: red\n")}, exitFailed, "colour: it is not known: take it away, or write one of applications, tenants"},
		"a number":          {[]string{"--file", file("b.yaml", "applications: [{appId: 7}]")}, exitFailed, "applications[0].appId: it is no text: put it into quotation marks"},
		"no YAML":           {[]string{"--file", file("c.yaml", "a: [")}, exitFailed, "yaml: line 1"},
		"no mapping":        {[]string{"--file", file("d.yaml", "- a")}, exitFailed, "cannot unmarshal"},
		"no file":           {[]string{"--file", filepath.Join(dir, "none")}, exitFailed, "no such file"},
		"no callback":       {[]string{"--callback", "here"}, exitFailed, "applications[0].callback"},
		"taken":             {[]string{"--listen", taken}, exitFailed, "choose another --listen"},
		"in public":         {[]string{"--listen", "0.0.0.0:8100"}, exitUsage, "want loopback"},
		"no life":           {[]string{"--code-life", "0s"}, exitUsage, "more than nothing"},
		"a Kit by half":     {[]string{"--kit", "http://127.0.0.1:9"}, exitUsage, "--kit needs --public-key"},
		"no Kit":            {[]string{"--public-key", "x"}, exitUsage, "go with --kit"},
		"no key":            {[]string{"--listen", "127.0.0.1:0", "--kit", "http://127.0.0.1:9", "--public-key", "x"}, exitFailed, "the Kit's key is missing"},
		"no public key":     {[]string{"--listen", "127.0.0.1:0", "--kit", "http://127.0.0.1:9", "--public-key", file("x", "x"), "--key", "k"}, exitFailed, "holds no RSA key"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, _, errs := koogate(t, append([]string{"sim", "centre"}, c.args...)...); code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("%d %s", code, errs)
			}
		})
	}
}

// takenAddr is an address that is taken.
func takenAddr(t *testing.T) string {
	t.Helper()
	out, _, stop := centre(t)
	t.Cleanup(func() { stop() })
	return regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/\n`).FindStringSubmatch(out.String())[1]
}

// The world is delivered to a running Koogate by the Kit, in both generations, and its directory has it then.
func TestACentreIsDeliveredToKoogate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := startDevProcess(t, "--data", dir)
	d.until("Running until Ctrl-C")
	for _, family := range []string{"kit_v2", "kit_v1"} {
		_, errs, stop := centre(t, "--kit", "http://"+d.facade+"/produce/demo", "--kit-family", family, "--key", demoKitKey, "--public-key", filepath.Join(dir, "kit-rsa.pem"))
		if code := stop(); code != exitOK || !strings.Contains(errs.String(), "the seller has taken all 24 of the Kit's calls") {
			t.Errorf("%s: %d %s", family, code, errs.String())
		}
	}
	code, out, errs := koogate(t, "directory", "tenants", "--address", d.grpc, "--token", "koogate-demo-token", "--limit", "0", "-o", "json")
	if code != exitOK || strings.Count(out, `"instanceId": "instance-bright-`) != 2 || !strings.Contains(out, "明亮照明") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	code, _, errs = koogate(t, "sim", "centre", "--listen", "127.0.0.1:0", "--kit", "http://"+d.facade+"/produce/demo", "--key", "wrong", "--public-key", filepath.Join(dir, "kit-rsa.pem"))
	if code != exitFailed || !strings.Contains(errs, "after 0 of the Kit's calls") || !strings.Contains(errs, "000001") {
		t.Errorf("%d %s", code, errs)
	}
}
