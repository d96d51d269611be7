// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
)

// A token that may nearly everything, for the tests of the command line.
const bigToken = "remote-test-token-0123456789abcdef0123"

// remoteSite is a service that runs, and a user's home without contexts.
type remoteSite struct {
	*process
	tokenFile string
}

// newRemoteSite is newApartSite for commands that look for the service as a person has them do: in a context, which is a file of the test's own.
func newRemoteSite(t *testing.T) *remoteSite {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	return newApartSite(t)
}

// newApartSite starts a service whose orders are fulfilled by its own template, and those of product OFFI-BY-HAND by a worker. Its commands are
// told by flags where it is, so tests of it may run side by side.
func newApartSite(t *testing.T, settings ...string) *remoteSite {
	t.Helper()
	s := newSite(t, "sqlite")
	p := s.process(true)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("    api_tokens: ['"+testToken+"']"), []byte("    api_tokens: ['"+testToken+"']\n    tokens:\n      - {name: ops, secret: "+bigToken+
		", scopes: [usage, read, operate, directory, secrets, personal_data, configure, tokens]}\n      - {name: root, secret: root-"+bigToken+", scopes: [read, configure, installation]}\n      - {name: narrow, secret: narrow-"+bigToken+", scopes: [worker]}"), 1)
	for _, line := range settings { // of its endpoint
		text = bytes.Replace(text, []byte("  - name: main\n"), []byte("  - name: main\n    "+line+"\n"), 1)
	}
	if err := os.WriteFile(p.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("migrate", "--config", p.config)
	p.start()
	t.Cleanup(p.stop)
	r := &remoteSite{p, filepath.Join(s.dir, "token")}
	if err := os.WriteFile(r.tokenFile, []byte(bigToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// login makes a context of the service the current one.
func (r *remoteSite) login(t *testing.T) {
	t.Helper()
	if code, _, errs := koogate(t, "login", r.grpc, "--name", "here", "--token-file", r.tokenFile); code != exitOK {
		t.Fatalf("%d %s", code, errs)
	}
}

// does runs a command of this service that has to end well, and returns what it prints.
func (r *remoteSite) does(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	stdout, _ = does(t, exitOK, append(args, "--address", r.grpc, "--token-file", r.tokenFile)...)
	return stdout
}

// buy makes an order, and waits until the order query is done.
func (r *remoteSite) buy(t *testing.T, order string) (instance string) {
	t.Helper()
	a, err := r.call(t.Context(), newInstanceBody(order))
	if err != nil || a.InstanceID == "" {
		t.Fatal(a, err)
	}
	return a.InstanceID
}

// typed has the standard input say a text.
func typed(t *testing.T, text string) {
	t.Helper()
	before := stdin
	stdin = strings.NewReader(text)
	t.Cleanup(func() { stdin = before })
}

// does runs a command that has to end so, and returns what it prints.
func does(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	code, out, errs := koogate(t, args...)
	if terminaltest.Tame(t, strings.Join(args, " "), out+errs); code != want {
		t.Fatalf("koogate %s: %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	if strings.Contains(out+errs, bigToken) {
		t.Errorf("koogate %s shows a token:\n%s%s", strings.Join(args, " "), out, errs)
	}
	return out, errs
}

// objects reads an array of JSON.
func objects(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return all
}

func object(t *testing.T, text string) (one map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return one
}

// has looks for parts of a text; how many blanks there are is the table's business.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	blanks := regexp.MustCompile(` {2,}`)
	for _, part := range parts {
		if !strings.Contains(blanks.ReplaceAllString(text, " "), blanks.ReplaceAllString(part, " ")) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

// A user logs in, chooses and forgets; the file is theirs alone, and a token is shown to its own service only.
func TestContexts(t *testing.T) {
	r := newRemoteSite(t)
	_, errs := does(t, exitUsage, "orders", "list")
	has(t, errs, "no service is named: koogate login HOST:PORT, or --address HOST:PORT")
	out, errs := does(t, exitOK, "contexts")
	has(t, errs, "there is none: koogate login")
	if out != "" {
		t.Errorf("%q", out)
	}

	typed(t, "not-the-token-0123456789abcdef0123456789\n")
	_, errs = does(t, exitFailed, "login", r.grpc)
	has(t, errs, "koogate: TOKEN_INVALID: ", "docs/errors.md#token_invalid")
	typed(t, "")
	_, errs = does(t, exitFailed, "login", r.grpc)
	has(t, errs, "the standard input holds no token")
	typed(t, "two words")
	_, errs = does(t, exitUsage, "login", r.grpc)
	has(t, errs, "blanks")
	_, errs = does(t, exitFailed, "login", "127.0.0.1:1", "--token-file", r.tokenFile)
	has(t, errs, "koogate: UNAVAILABLE: ", "nobody answers at 127.0.0.1:1")
	_, errs = does(t, exitFailed, "login", "http://"+r.api, "--name", "x", "--token-file", r.tokenFile)
	has(t, errs, "it is no URL")
	_, errs = does(t, exitUsage, "login", r.grpc, "--name", "a b", "--token-file", r.tokenFile)
	has(t, errs, "is no name of a context")
	if out, _ := does(t, exitOK, "contexts"); out != "" {
		t.Errorf("a refused login is kept: %s", out)
	}

	typed(t, bigToken+"\n")
	_, errs = does(t, exitOK, "login", r.grpc, "--name", "here")
	has(t, errs, "logged in at "+r.grpc+"; the context is here")
	typed(t, "narrow-"+bigToken)
	code, _, errs := koogate(t, "login", r.grpc, "--name", "narrow")
	if code != exitOK || strings.Contains(errs, bigToken) {
		t.Fatal(code, errs)
	}
	has(t, errs, "the token is known, and lacks the scope read")
	out, _ = does(t, exitOK, "contexts")
	has(t, out, "NAME    ADDRESS", "*  narrow  "+r.grpc, "   here    "+r.grpc+"  vendor  token")

	_, errs = does(t, exitFailed, "orders", "list")
	has(t, errs, "koogate: SCOPE_MISSING: ")
	does(t, exitOK, "orders", "list", "--context", "here")
	does(t, exitOK, "contexts", "use", "here")
	does(t, exitOK, "orders", "list")
	_, errs = does(t, exitUsage, "contexts", "use", "nowhere")
	has(t, errs, `there is no context "nowhere"`)
	_, errs = does(t, exitUsage, "orders", "list", "--context", "nowhere")
	has(t, errs, `there is no context "nowhere"`, "koogate login")
	_, errs = does(t, exitUsage, "orders", "list", "--context", "here", "--address", r.grpc)
	has(t, errs, "leave --address out")

	// The address of a flag or of the environment gets no context's token.
	_, errs = does(t, exitFailed, "orders", "list", "--address", r.grpc)
	has(t, errs, "TOKEN_INVALID")
	does(t, exitOK, "orders", "list", "--address", r.grpc, "--token-file", r.tokenFile)
	typed(t, bigToken)
	does(t, exitOK, "orders", "list", "--address", r.grpc, "--token-file", "-")
	t.Setenv("KOOGATE_ADDR", r.grpc)
	_, errs = does(t, exitFailed, "orders", "list")
	has(t, errs, "TOKEN_INVALID")
	t.Setenv("KOOGATE_TOKEN", bigToken)
	does(t, exitOK, "orders", "list")
	t.Setenv("KOOGATE_ADDR", "127.0.0.1:1")
	_, errs = does(t, exitFailed, "orders", "list")
	has(t, errs, "127.0.0.1:1")
	does(t, exitOK, "orders", "list", "--context", "here") // a flag says more than the environment
	t.Setenv("KOOGATE_ADDR", "")
	t.Setenv("KOOGATE_TOKEN", "nobodys-token-0123456789abcdef0123456789")
	_, errs = does(t, exitFailed, "orders", "list") // the environment says more than the current context
	has(t, errs, "TOKEN_INVALID")
	does(t, exitOK, "orders", "list", "--context", "here")
	t.Setenv("KOOGATE_TOKEN", "")

	path := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "koogate", "contexts.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"orders", "list"}, {"contexts"}, {"login", r.grpc, "--token-file", r.tokenFile}, {"logout"}} {
		_, errs = does(t, exitFailed, args...)
		has(t, errs, "others can read it: chmod 600 "+path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = does(t, exitOK, "logout")
	has(t, errs, "forgot here")
	_, errs = does(t, exitUsage, "orders", "list")
	has(t, errs, "no service is named")
	does(t, exitUsage, "logout")
	does(t, exitOK, "contexts", "remove", "narrow")
	does(t, exitUsage, "contexts", "remove", "narrow")
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), bigToken) {
		t.Errorf("%s %v", text, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = does(t, exitFailed, "contexts")
	has(t, errs, "cannot be read", "log in again")
}

// Every list and every thing is shown as a table, JSON in the form of REST and YAML; what is refused is told with its remedy.
func TestLooking(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	stop := background(func(ctx context.Context) error { return r.work(ctx, "w") })
	var first string
	for i := range 3 {
		first = r.buy(t, fmt.Sprintf("CS2611281200R0%d", i))
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, _ := does(t, exitOK, "instances", "list", "--filter", `state = "ACTIVE"`, "-o", "json")
		if len(objects(t, out)) == 3 {
			break
		}
		if time.Now().After(end) {
			t.Fatal(must(does(t, exitOK, "tasks", "list", "-o", "wide")), r.log.String())
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	out, errs := does(t, exitOK, "orders", "list", "--limit", "2")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "ORDER ") || !strings.HasPrefix(lines[1], "CS2611281200R02 ") {
		t.Errorf("%s", out)
	}
	has(t, errs, "there are more: --limit 0 shows all")
	out, errs = does(t, exitOK, "orders", "list", "--limit", "0", "--order-by", "create_time asc", "-o", "json")
	if all := objects(t, out); len(all) != 3 || all[0]["orderId"] != "CS2611281200R00" || all[0]["queryState"] == nil || all[0]["queryReason"] != "" || errs != "" {
		t.Errorf("%s%s", out, errs)
	}
	out, _ = does(t, exitOK, "orders", "list", "-o", "yaml")
	var listed []map[string]any
	if err := yaml.Unmarshal([]byte(out), &listed); err != nil || len(listed) != 3 || listed[2]["orderId"] != "CS2611281200R00" {
		t.Errorf("%v %s", err, out)
	}
	out, _ = does(t, exitOK, "instances", "list", "-o", "wide")
	has(t, out, "https://"+first+".example.com", "ENDPOINT", "ACTIVE")
	if narrow, _ := does(t, exitOK, "instances", "list"); strings.Contains(narrow, "https://") || !strings.Contains(narrow, " in 36") || strings.Contains(out, " in 36") {
		t.Errorf("a table has times as seen from now, a wide one exact ones:\n%s%s", narrow, out)
	}
	out, _ = does(t, exitOK, "instances", "get", first)
	has(t, out, "instance_id    "+first, "state          ACTIVE", "T15:59:59Z (in 36")
	out, _ = does(t, exitOK, "instances", "get", first, "-o", "json")
	if one := object(t, out); one["instanceId"] != first || one["state"] != "INSTANCE_STATE_ACTIVE" {
		t.Errorf("%s", out)
	}
	var rest map[string]any
	r.get("/v1/instances/"+first, &rest)
	if again := object(t, out); fmt.Sprint(again) != fmt.Sprint(rest) {
		t.Errorf("the form is not that of REST:\n%v\n%v", again, rest)
	}
	out, _ = does(t, exitOK, "orders", "get", "CS2611281200R02")
	has(t, out, "order_id     CS2611281200R02", "\nlines\nLINE ", "newInstance")
	out, _ = does(t, exitOK, "orders", "events", "CS2611281200R02")
	has(t, out, "SEQ  TIME", "instance.admitted")
	out, _ = does(t, exitOK, "orders", "explain", "CS2611281200R02", "--language", "zh")
	has(t, out, "CS2611281200R02", "订单")
	out, _ = does(t, exitOK, "orders", "explain", "CS2611281200R02", "-o", "json")
	if object(t, out)["textZh"] == nil {
		t.Errorf("%s", out)
	}
	out, _ = does(t, exitOK, "orders", "verify", "CS2611281200R02")
	has(t, out, "valid        yes")
	pack := filepath.Join(t.TempDir(), "order.zip")
	_, errs = does(t, exitOK, "orders", "evidence", "CS2611281200R02", pack)
	has(t, errs, "wrote "+pack)
	has(t, must(does(t, exitOK, "evidence", "verify", pack)), "order CS2611281200R02 of seller vendor")
	before, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	_, errs = does(t, exitFailed, "orders", "evidence", "nope", pack)
	has(t, errs, "ORDER_NOT_FOUND")
	if after, err := os.ReadFile(pack); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused pack replaces what was there: %v", err)
	}
	out, _ = does(t, exitOK, "events", "list", "--filter", `kind = "instance.admitted"`, "--limit", "0", "-o", "json")
	if n := len(objects(t, out)); n != 3 {
		t.Errorf("%d events", n)
	}
	task := objects(t, must(does(t, exitOK, "tasks", "list", "--filter", `kind = "CREATE"`, "-o", "json")))[0]
	has(t, must(does(t, exitOK, "tasks", "get", task["taskId"].(string))), "kind           CREATE", "state          DONE")
	does(t, exitOK, "tasks", "input", task["taskId"].(string))
	calls := func() []map[string]any {
		return objects(t, must(does(t, exitOK, "calls", "list", "--filter", `activity = "newInstance"`, "-o", "json")))
	}
	for end := time.Now().Add(10 * time.Second); len(calls()) < 3 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	call := calls()[0]["callId"].(string)
	has(t, must(does(t, exitOK, "calls", "get", call)), "verdict         ANSWERED")
	has(t, must(does(t, exitOK, "calls", "body", call)), "request\n{\n", `"activity": "newInstance"`, "\nanswer\n")
	has(t, must(does(t, exitOK, "calls", "body", call, "-o", "yaml")), "request: ")

	for args, part := range map[string]string{
		"tasks list": "TASK ", "calls list": "CALL ", "calls refusals": "HOUR ", "events list": "TIME ", "usage windows": "INSTANCE ", "usage records": "SERIAL ",
		"endpoints list": "main ", "endpoints get main": "endpoint", "products list": "main ", "products get main *": "provisioner", "provisioners list": "worker ",
		"provisioners get worker": "settings.type", "keys list": "BASE", "keys status": "LAST", "keys status main": "LAST", "tokens list": "ops", "webhooks list": "WEBHOOK ",
		"deliveries list": "DELIVERY ", "directory tenants": "INSTANCE ", "directory applications": "INSTANCE ", "directory users": "INSTANCE ",
		"directory departments": "INSTANCE ", "audit list": "TIME ", "standing": "main ", "evidence keys": "KEY ", "usage prove": "difference  0", "quotas list " + first: "PACKAGE ",
		"quotas package " + first: "PACKAGE ",
	} {
		has(t, must(does(t, exitOK, strings.Fields(args)...)), part)
		if args == "keys status" || args == "keys status main" {
			if line := object(t, must(does(t, exitOK, append(strings.Fields(args), "-o", "json")...))); line["verdict"] != "LAST" {
				t.Errorf("%v", line)
			}
			continue
		}
		out := must(does(t, exitOK, append(strings.Fields(args), "-o", "json")...))
		if !json.Valid([]byte(out)) {
			t.Errorf("%s: %s", args, out)
		}
		if err := yaml.Unmarshal([]byte(must(does(t, exitOK, append(strings.Fields(args), "-o", "yaml")...))), new(any)); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
	has(t, must(does(t, exitOK, "standing", "--language", "zh")), "失败")
	out, _ = does(t, exitOK, "queues")
	has(t, out, "SELLER  QUEUE ", "vendor", "worker")
	if len(objects(t, must(does(t, exitOK, "queues", "-o", "json")))) < 2 {
		t.Error("no queues")
	}

	for name, c := range map[string]struct {
		args  []string
		code  int
		parts []string
	}{
		"not there":        {[]string{"orders", "get", "nope"}, exitFailed, []string{"koogate: ORDER_NOT_FOUND: no order nope\n", "  Check the order's ID", "\n  https://"}},
		"a filter":         {[]string{"tasks", "list", "--filter", `x = "1"`}, exitFailed, []string{"koogate: FILTER_INVALID: ", "instance_id, kind"}},
		"an order":         {[]string{"tasks", "list", "--order-by", "x"}, exitFailed, []string{"koogate: FILTER_INVALID: "}},
		"a limit":          {[]string{"tasks", "list", "--limit", "-1"}, exitUsage, []string{"--limit"}},
		"a form":           {[]string{"tasks", "list", "-o", "xml"}, exitUsage, []string{"--output"}},
		"a token":          {[]string{"tasks", "list", "--token", "nobodys"}, exitFailed, []string{"TOKEN_INVALID"}},
		"two tokens":       {[]string{"tasks", "list", "--token", "x", "--token-file", "y"}, exitUsage, []string{"--token-file"}},
		"a seller":         {[]string{"queues", "--seller", "vendor"}, exitUsage, []string{"--seller is for --config"}},
		"a seller's keys":  {[]string{"keys", "status", "--seller", "vendor"}, exitUsage, []string{"--seller is for --config"}},
		"a seller's audit": {[]string{"audit", "list", "--seller", "vendor"}, exitUsage, []string{"--seller is for --config"}},
		"a seller's proof": {[]string{"usage", "prove", "--seller", "vendor"}, exitUsage, []string{"--seller is for --config"}},
		"two sources":      {[]string{"queues", "--config", r.config, "--context", "here"}, exitUsage, []string{"leave one of them out"}},
		"lines of a form":  {[]string{"audit", "list", "--json"}, exitUsage, []string{"-o json"}},
		"chinese":          {[]string{"orders", "get", "nope"}, exitFailed, []string{"订单"}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "chinese" {
				t.Setenv("LC_ALL", "zh_CN.UTF-8")
			}
			out, errs := does(t, c.code, c.args...)
			if has(t, errs, c.parts...); out != "" {
				t.Errorf("on stdout: %s", out)
			}
		})
	}
	_, errs = does(t, exitFailed, "orders", "get", "nope", "-o", "json")
	if e := object(t, errs); e["code"] != "NOT_FOUND" || e["reason"] != "ORDER_NOT_FOUND" || e["remedy"] == "" || e["page"] == "" || e["retryable"] != false {
		t.Errorf("%s", errs)
	}
	_, errs = does(t, exitFailed, "tasks", "extend", "x", "--until", "+1h", "--reason", strings.Repeat("x", 300), "-o", "json")
	if e := object(t, errs); e["reason"] != "INVALID_FIELD" || e["fields"].([]any)[0].(map[string]any)["path"] != "reason" {
		t.Errorf("%s", errs)
	}
}

// must is the standard output of a command that ended as it should.
func must(stdout, _ string) string { return stdout }

// What a command prints of others' texts is shown and not obeyed.
func TestRemoteTextsAreObeyedByNobody(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	for _, args := range [][]string{{"orders", "get"}, {"tasks", "get"}, {"endpoints", "get"}, {"webhooks", "get"}, {"orders", "list", "--filter"}, {"orders", "list", "--context"}} {
		code, out, errs := koogate(t, append(args, terminaltest.Hostile[:20])...)
		if terminaltest.Tame(t, strings.Join(args, " "), out+errs); code == exitOK || out+errs == "" {
			t.Errorf("%v: %d %q", args, code, out+errs)
		}
	}
}

// Who is away, and what comes again, is said; and what was there is not written twice.
func TestWatching(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	r.buy(t, "CS2611281200R10")
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"orders", "list", "--watch", "--every", "100ms", "-o", "json"}, &out, &errs)
	}()
	await(t, "the first order", func() bool { return strings.Contains(out.String(), "CS2611281200R10") })
	r.kill()
	await(t, "the loss", func() bool { return strings.Contains(errs.String(), "does not answer") })
	r.start()
	await(t, "the return", func() bool { return strings.Contains(errs.String(), "answers again") })
	r.buy(t, "CS2611281200R11")
	await(t, "the second order", func() bool { return strings.Contains(out.String(), "CS2611281200R11") })
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("%d %s", code, errs.String())
	}
	if n := strings.Count(errs.String(), "\n"); n != 2 {
		t.Errorf("it says:\n%s", errs.String())
	}
	var rows []string
	for line := range strings.Lines(out.String()) {
		row := object(t, line)
		rows = append(rows, fmt.Sprint(row["orderId"], row["updateTime"], row["eventCount"]))
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row] {
			t.Errorf("%s is written twice in %q", row, rows)
		}
		seen[row] = true
	}
	_, errsText := does(t, exitFailed, "orders", "list", "--watch", "--filter", "x")
	has(t, errsText, "FILTER_INVALID")
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come", what)
		}
	}
}

// A tail goes on behind what it has shown, when the service comes again and when it is begun again itself.
func TestTail(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	place := filepath.Join(t.TempDir(), "place")
	r.buy(t, "CS2611281200R20")
	admitted := func(text string) (orders []string) {
		for line := range strings.Lines(text) {
			e := object(t, line)
			if e["event"].(map[string]any)["kind"] == "instance.admitted" {
				orders = append(orders, e["orderId"].(string))
			}
		}
		return orders
	}
	var out, errs *buffer
	var end func()
	tail := func(args ...string) {
		out, errs = &buffer{}, &buffer{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, append([]string{"events", "tail"}, args...), out, errs) }()
		end = func() {
			t.Helper()
			cancel()
			if code := <-ended; code != exitOK {
				t.Errorf("%d %s", code, errs.String())
			}
		}
	}
	lines := []string{"-o", "json", "--filter", `kind = "instance.admitted"`, "--resume-file", place}
	tail(append(lines, "--since", "1h")...)
	await(t, "the first event", func() bool { return strings.Contains(out.String(), "CS2611281200R20") })
	r.kill()
	await(t, "the loss", func() bool { return strings.Contains(errs.String(), "is lost") })
	r.start()
	r.buy(t, "CS2611281200R21")
	await(t, "the second event", func() bool { return strings.Contains(out.String(), "CS2611281200R21") })
	end()
	has(t, errs.String(), "is lost", "answers again")
	if n := strings.Count(errs.String(), "\n"); n != 2 {
		t.Errorf("it says:\n%s", errs.String())
	}
	if got := strings.Join(admitted(out.String()), " "); got != "CS2611281200R20 CS2611281200R21" {
		t.Errorf("%s", got)
	}
	if info, err := os.Stat(place); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	r.buy(t, "CS2611281200R22")
	tail(lines...) // without the file's place it would begin with what happens from now on
	await(t, "the third event", func() bool { return strings.Contains(out.String(), "CS2611281200R22") })
	end()
	if got := strings.Join(admitted(out.String()), " "); got != "CS2611281200R22" || errs.String() != "" {
		t.Errorf("%s\n%s", got, errs.String())
	}
	if err := os.WriteFile(place, []byte("AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, text := does(t, exitFailed, "events", "tail", "--resume-file", place)
	has(t, text, "PAGE_TOKEN_INVALID", "remove the file to begin anew")
	_, text = does(t, exitFailed, "events", "tail", "--filter", "x")
	has(t, text, "FILTER_INVALID")
	_, text = does(t, exitUsage, "events", "tail", "--since", "yesterday")
	has(t, text, "6h for six hours ago")

	tail("--from-beginning")
	await(t, "the table", func() bool { return strings.Contains(out.String(), "CS2611281200R22") })
	end()
	if !regexp.MustCompile(`(?m)^TIME +ORDER +SEQ +KIND +INSTANCE +DATA\n20\S+Z  CS2611281200R20 +1  instance\.admitted `).MatchString(out.String()) {
		t.Errorf("%s", out.String())
	}
}

// A shell is told names of contexts, and of things when the service answers in time; nothing otherwise.
func TestCompletionOfNames(t *testing.T) {
	r := newRemoteSite(t)
	complete := func(line string) string {
		t.Helper()
		t.Setenv("COMP_LINE", line)
		defer t.Setenv("COMP_LINE", "")
		began := time.Now()
		code, out, errs := koogate(t)
		if code != exitOK || errs != "" || time.Since(began) > 2*time.Second {
			t.Errorf("%q: %d %s after %s", line, code, errs, time.Since(began))
		}
		return strings.Join(strings.Fields(out), " ")
	}
	if got := complete("koogate endpoints get "); got != "" {
		t.Errorf("without a context: %q", got)
	}
	r.login(t)
	r.buy(t, "CS2611281200R30")
	for line, want := range map[string]string{
		"koogate orders explain ": "CS2611281200R30", "koogate orders explain CS": "CS2611281200R30", "koogate contexts use ": "here", "koogate endpoints get m": "main",
		"koogate orders list --context ": "here", "koogate keys create ": "main", "koogate endpoints create ": "", "koogate provisioners get --context here i": "inside",
		"koogate orders get --address 127.0.0.1:1 ": "", "koogate orders get --context nowhere ": "",
	} {
		if got := complete(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	r.kill()
	if got := complete("koogate orders get "); got != "" {
		t.Errorf("without a service: %q", got)
	}
	r.start()
}
