// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

const oddKey = `it's $a "key" \ & 100%`

// runShell runs a script with a curl that prints its arguments, one a line.
func runShell(t *testing.T, script string, args ...string) []string {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	dir := t.TempDir()
	fake := "#!" + shell + "\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done\n"
	if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), shell, append([]string{"-s", "--"}, args...)...)
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// check verifies what curl would send.
func check(t *testing.T, lines []string, now time.Time, skew time.Duration) (body string, u *url.URL) {
	t.Helper()
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "http://"):
			u, _ = url.Parse(line)
		case line == "--data-binary":
			body = lines[i+1]
		}
	}
	if u == nil || body == "" {
		t.Fatalf("lines %q", lines)
	}
	q := u.Query()
	if _, form, err := sign.VerifyURL([]string{oddKey}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), []byte(body)); err != nil || form != sign.FormRaw {
		t.Errorf("signature: %v", err)
	}
	if _, err := sign.Freshness(now, q.Get("timestamp"), skew); err != nil {
		t.Errorf("timestamp: %v", err)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{"Accept: application/json", "Content-Type: application/json;charset=utf8", "POST"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	return body, u
}

func TestCurlExample(t *testing.T) {
	text, err := wire.CurlExample("http://127.0.0.1:8080/produce/demo", oddKey, simtest.Start())
	if err != nil {
		t.Fatal(err)
	}
	body, u := check(t, runShell(t, text), simtest.Start(), 0)
	if !strings.HasPrefix(body, `{"activity":"newInstance","businessId":"`) || !strings.Contains(body, `"orderId":"CS2601302000DEMO1","orderLineId":"CS2601302000DEMO1-000001"}`) {
		t.Errorf("body %s", body)
	}
	if u.Path != "/produce/demo" || len(u.Query().Get("nonce")) != 64 {
		t.Errorf("URL %s", u)
	}
	again, _ := wire.CurlExample("http://127.0.0.1:8080/produce/demo", oddKey, simtest.Start().Add(time.Millisecond))
	if again == text {
		t.Error("two examples are the same")
	}
	if _, err := wire.CurlExample("demo", oddKey, simtest.Start()); err == nil {
		t.Error("no error for a relative address")
	}
}

// The whole way: the example against a seller, with the real curl.
func TestCurlExampleAgainstASeller(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("no " + program)
		}
	}
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, nil)
	text, err := wire.CurlExample(s.URL, simtest.FacadeKey, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"resultCode":"000000"`) {
		t.Errorf("%v: %s", err, out)
	}
}
