// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/server/clock"
)

// checkedFinding is what this test reads of a report.
type checkedFinding struct {
	Rule, Family, Outcome string
	Seen                  struct{ EN string }
}

// checked checks an address and returns the exit code with the findings.
func checked(t *testing.T, address string, args ...string) (int, []checkedFinding) {
	t.Helper()
	code, out, errs := koogate(t, append([]string{"check", address, "--format", "json"}, args...)...)
	var report struct{ Findings []checkedFinding }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%d %v\n%s%s", code, err, out, errs)
	}
	return code, report.Findings
}

// Koogate breaks no rule: in every family, by debugging calls about mock and made-up orders and, for every tenth seed, by production calls.
// KOOGATE_CHECK_RUNS is how many seeds are tried, KOOGATE_SEED the first of them.
func TestCheckFindsNothingAgainstKoogate(t *testing.T) {
	t.Parallel()
	d := startDevProcess(t)
	d.until("Running until Ctrl-C")
	runs, seed := number(t, "KOOGATE_CHECK_RUNS", 1), number(t, "KOOGATE_SEED", 1)
	address := "http://" + d.facade + "/produce/demo"
	began, looked := time.Now(), 0
	for n := range runs {
		ways := [][]string{nil, {"--orders", "made-up"}}
		if n%10 == 0 {
			ways = append(ways, []string{"--deep"})
		}
		for _, way := range ways {
			args := append([]string{"--key", "koogate-demo-access-key", "--kit-key", "koogate-demo-kit-key", "--seed", strconv.Itoa(seed + n)}, way...)
			code, found := checked(t, address, args...)
			families := map[string]int{}
			for _, f := range found {
				looked++
				if f.Outcome == "PASS" {
					families[f.Family]++
				}
				if f.Outcome == "FAIL" {
					t.Errorf("%v, %s: %s: %s", args, f.Family, f.Rule, f.Seen.EN)
				}
			}
			for _, f := range deadline.Families() {
				if families[string(f)] == 0 {
					t.Errorf("%v: no rule holds in %s", args, f)
				}
			}
			if code != exitOK && !t.Failed() {
				t.Errorf("%v: exit code %d", args, code)
			}
		}
	}
	t.Logf("%d seeds, %d findings in %v", runs, looked, time.Since(began).Round(time.Millisecond))
}

// number is a number of the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// today is a server like those that sellers start from: a new instance for each call, 000000 to everything, nothing verified.
func today(t *testing.T) string {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"resultCode":"000000","resultMsg":"success \u001b[2J","instanceId":"i-` + strconv.Itoa(n) + `"}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCheckCommand(t *testing.T) {
	address, dir := today(t), t.TempDir()
	keyFile := filepath.Join(dir, "key.txt")
	if err := os.WriteFile(keyFile, []byte("canary-key-of-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(args ...string) []string {
		return append([]string{"check", address, "--key-file", keyFile, "--family", "saas_v2", "--only", "same-instance-again"}, args...)
	}
	for name, c := range map[string]struct {
		args       []string
		code       int
		out, errAt string
	}{
		"broken":             {with(), exitFailed, "✗ same-instance-again  BREAKS", ""},
		"in Chinese":         {with("--language", "zh"), exitFailed, "违反规则", ""},
		"JUnit":              {with("--format", "junit"), exitFailed, `<failure message="`, ""},
		"HTML":               {with("--format", "html"), exitFailed, "<!doctype html>", ""},
		"counted":            {with(), exitFailed, "saas_v2: 1 broken, 0 could not be found out, 0 hold", ""},
		"nothing there":      {[]string{"check", "http://127.0.0.1:1/", "--key", "k"}, exitUsage, "", "answers the calls of no family"},
		"no address":         {[]string{"check"}, exitUsage, "", "which address"},
		"no key":             {[]string{"check", address}, exitUsage, "", "KOOGATE_CHECK_KEY"},
		"two keys":           {with("--key", "x"), exitUsage, "", "--key-file"},
		"no such file":       {[]string{"check", address, "--key-file", filepath.Join(dir, "none")}, exitUsage, "", "none"},
		"no URL":             {[]string{"check", "shop", "--key", "k"}, exitUsage, "", "absolute http or https URL"},
		"no such family":     {with("--family", "soap"), exitUsage, "", "want one of"},
		"no such rule":       {with("--only", "burn"), exitUsage, "", "--list"},
		"explained":          {[]string{"check", "--explain", "same-instance-again", "--language", "en"}, exitOK, "patience   saas_v2 open", ""},
		"explained not":      {[]string{"check", "--explain", "burn"}, exitUsage, "", "--list"},
		"a list":             {[]string{"check", "--list", "--language", "en"}, exitOK, "same-instance-again              BREAKS   Opening", ""},
		"deep without a yes": {[]string{"check", "http://shop.example.com/", "--key", "k", "--deep"}, exitUsage, "", "--yes"},
		"a market without":   {with("--market", "127.0.0.1:0"), exitUsage, "", "--ak and --sk"},
		"a market elsewhere": {with("--market", "nowhere", "--ak", "a", "--sk", "s"), exitUsage, "", "--market"},
		"help":               {[]string{"check", "--help"}, exitOK, "Exit codes: 0 everything", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LC_ALL", "C")
			code, out, errs := koogate(t, c.args...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errAt) || strings.Contains(out+errs, "canary") {
				t.Fatalf("got %d\n%s\n%s", code, out, errs)
			}
			terminaltest.Tame(t, name, out+errs)
		})
	}
	t.Run("a key of the environment, a file", func(t *testing.T) {
		t.Setenv("KOOGATE_CHECK_KEY", "canary-key-of-the-environment")
		to := filepath.Join(dir, "report.html")
		code, out, errs := koogate(t, "check", address, "--family", "saas_v2", "--only", "same-instance-again", "--format", "html", "--output", to)
		page, err := os.ReadFile(to)
		if code != exitFailed || out != "" || !strings.Contains(errs, to+": ") || err != nil || !strings.Contains(string(page), "same-instance-again") || strings.Contains(string(page), "canary") {
			t.Fatalf("got %d %s%s %v", code, out, errs, err)
		}
	})
}

// hooked serves a vendor that can be asked by files, as commands of the shell do: whoever makes the file kill has it crash before the next
// call, the file state is what it holds, and its database fails while the file store says down.
func hooked(t *testing.T, v *vendortest.Vendor) (address, kill, state, store string) {
	t.Helper()
	dir := t.TempDir()
	kill, state, store = filepath.Join(dir, "kill"), filepath.Join(dir, "state"), filepath.Join(dir, "store")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if os.Remove(kill) == nil {
			_ = v.Kill(r.Context())
		}
		said, _ := os.ReadFile(store)
		_ = v.Store(r.Context(), string(said) != "down\n")
		answer := httptest.NewRecorder()
		v.ServeHTTP(answer, r)
		held, _ := v.State(r.Context())
		text, _ := json.Marshal(held)
		if err := os.WriteFile(state, text, 0o600); err != nil {
			t.Error(err)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	return s.URL + "/produce", kill, state, store
}

// The hooks are commands of the shell, and every rule that needs one can be found out with them.
func TestCheckHooks(t *testing.T) {
	t.Parallel()
	const key = "vendor-key-0001"
	families := judge.Families()
	address, kill, state, store := hooked(t, vendortest.New(vendortest.Config{Families: families, Keys: []string{key}, Clock: clock.System{}}))
	code, found := checked(t, address, "--key", key, "--deep", "--family", "saas_v2", "--hook-kill", "touch "+kill, "--hook-state", "cat "+state,
		"--hook-store", "printf '%s\\n' >"+store)
	known := 0
	for _, f := range found {
		switch {
		case f.Outcome == "FAIL", strings.Contains(f.Seen.EN, "--hook"):
			t.Errorf("%s: %s: %s", f.Rule, f.Outcome, f.Seen.EN)
		case f.Outcome == "PASS":
			known++
		}
	}
	if code != exitOK || known < 50 {
		t.Errorf("exit code %d, %d rules hold", code, known)
	}
	// A hook that fails is told with what it said, and breaks no rule.
	_, found = checked(t, address, "--key", key, "--deep", "--family", "saas_v2", "--hook-kill", "echo no-such-unit >&2; exit 3", "--hook-state", "echo nonsense")
	told := ""
	for _, f := range found {
		if told += f.Seen.EN + "\n"; f.Outcome == "FAIL" {
			t.Errorf("%s: %s", f.Rule, f.Seen.EN)
		}
	}
	if !strings.Contains(told, "no JSON array of instances") {
		t.Errorf("the hook's failure is not told:\n%s", told)
	}
}

// The families that an address serves are found out, whichever they are.
func TestCheckFindsFamilies(t *testing.T) {
	t.Parallel()
	const key = "vendor-key-0001"
	for _, families := range [][]judge.Family{
		{judge.FamilySaasV2}, {judge.FamilySaasV1}, {judge.FamilyLicenseV1}, {judge.FamilyLicenseCode}, {judge.FamilyLicenseOnline},
		{judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyKitV1, judge.FamilyKitV2}, judge.Families(), // the Kit stands beside a base interface
	} {
		s := httptest.NewServer(vendortest.New(vendortest.Config{Families: families, Keys: []string{key}, Clock: clock.System{}}))
		_, out, errs := koogate(t, "check", s.URL, "--key", key, "--only", "answers-with-http-200", "--format", "json")
		s.Close()
		var report struct{ Families []judge.Family }
		if err := json.Unmarshal([]byte(out), &report); err != nil || !slices.Equal(report.Families, families) {
			t.Errorf("%v are found to be %v: %v %s", families, report.Families, err, errs)
		}
	}
}

// A staging seller asks the served market for orders that are made up, and gets no page of it.
func TestCheckServesAMarket(t *testing.T) {
	market := freeAddrs(t, 1)[0]
	var codes []int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, path := range []string{"/", "/sim/orders", "/api/mkp-openapi-public/global/v1/order/query?orderId=CS1"} {
			q, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+market+path, nil)
			res, err := http.DefaultClient.Do(q)
			if err == nil {
				codes = append(codes, res.StatusCode)
				_ = res.Body.Close()
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"resultCode":"000000","resultMsg":"success","instanceId":"i"}`))
	}))
	defer s.Close()
	code, _, errs := koogate(t, "check", s.URL, "--key", "k", "--family", "saas_v2", "--only", "same-instance-again", "--market", market, "--ak", "a", "--sk", "s")
	if code != exitOK || len(codes) < 3 || codes[0] != 404 || codes[1] != 404 || codes[2] == 404 || codes[2] == 200 { // unsigned
		t.Errorf("got %d %v %s", code, codes, errs)
	}
	http.DefaultClient.CloseIdleConnections()
}

// Ctrl-C ends a check, and what was found so far is reported.
func TestCheckIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 2 {
			cancel()
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"resultCode":"000000","resultMsg":"success","instanceId":"i"}`))
	}))
	defer s.Close()
	var out, errs buffer
	code := run(ctx, []string{"check", s.URL, "--key", "k", "--family", "saas_v2", "--only", "same-instance-again", "--language", "en"}, &out, &errs)
	if code != exitUsage || !strings.Contains(out.String(), "Nothing could be found out (0 rules).") || !strings.Contains(errs.String(), "it was stopped") {
		t.Errorf("got %d %s%s", code, out.String(), errs.String())
	}
}
