// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// TestPlantedFaultsOfWebhooks: each of ten is found by the rule meant for it and by no other, and a webhook without one breaks no rule, whenever it is killed
// and whether it answers at once or 202.
func TestPlantedFaultsOfWebhooks(t *testing.T) {
	t.Parallel()
	bin := build(t, "./internal/workertest/faulty")
	type planted struct {
		fault, rule string
		seed        int
		more        []string // of the command
		args        []string // of the program
	}
	runs := []planted{
		{"twice", "one-resource", 1, nil, nil},
		{"forgets", "resumes-after-a-crash", 1, nil, nil},
		{"ignores", "stops-without-its-lease", 1, nil, []string{"--later", "--step=1500ms"}},
		{"early", "durable-before-the-answer", 1, nil, nil},
		{"leaks", "leaves-nothing-of-a-failed-purchase", 1, nil, nil},
		{"loses", "applies-a-renewal", 1, nil, nil},
		{"guesses", "reports-its-own-tasks", 1, nil, nil},
		{"silent", "prolongs-its-lease", 1, []string{"--limit", "1s"}, []string{"--step=1300ms"}},
		{"grabs", "makes-nothing-of-a-question", 1, nil, nil},
		{"claims", "makes-nothing-of-a-question", 1, nil, nil},
	}
	seeds := 4
	if raceDetector {
		seeds = 2
	}
	for seed := 1; seed <= seeds; seed++ {
		runs = append(runs, planted{"none", "", seed, nil, nil})
	}
	for seed := 1; seed <= 3; seed++ { // what takes longer than an answer may
		runs = append(runs, planted{"none", "", seed, []string{"--limit", "1s"}, []string{"--later", "--step=1500ms", "--lease=3s"}})
	}
	var g errgroup.Group
	g.SetLimit(8) // they wait most of the time
	for i, addr := range freeAddrs(t, len(runs)) {
		x := runs[i]
		g.Go(func() error {
			file := filepath.Join(t.TempDir(), "resources.json")
			if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
				return err
			}
			args := append([]string{"worker-test", "--webhook", "http://" + addr + "/hook", "--format", "json", "--seed", fmt.Sprint(x.seed), "--resources", "cat '" + file + "'"}, x.more...)
			args = append(append(args, "--", bin, "--hook", addr, "--file", file, "--fault", x.fault), x.args...)
			var out, errs buffer
			code := run(t.Context(), args, &out, &errs)
			all, err := verdicts(out.String())
			failed, want := with(all, "FAIL"), []string{x.rule}
			wantCode := exitFailed
			if x.rule == "" {
				want, wantCode = []string{}, exitOK
			}
			if err != nil || code != wantCode || !slices.Equal(failed, want) || len(all) != 10 {
				t.Errorf("%s %v, seed %d: exit %d, failed %q, %v\n%s%s", x.fault, x.args, x.seed, code, failed, err, out.String(), errs.String())
			}
			passed := 9 // it holds no lease that could be lost
			if x.args != nil {
				passed = 10
			}
			if x.rule == "" && len(with(all, "PASS")) != passed {
				t.Errorf("%v, seed %d: not everything was found out: %v", x.args, x.seed, all)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWorkerTestCannotFindOutOfAWebhook ends with the exit code of that, and says why.
func TestWhatWorkerTestCannotFindOutOfAWebhook(t *testing.T) {
	t.Parallel()
	bin := build(t, "./internal/workertest/faulty")
	addrs := freeAddrs(t, 3)
	to := func(addr string, more ...string) []string {
		return append([]string{"--webhook", "http://" + addr + "/hook"}, more...)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no program":      {to(addrs[0]), exitUsage, "which program?"},
		"no URL":          {[]string{"--webhook", "localhost:3000", "--", "true"}, exitUsage, "--webhook: write http://HOST:PORT/PATH"},
		"no limit":        {to(addrs[0], "--limit", "1m", "--", "true"), exitUsage, "--limit is 1s to 30s"},
		"a poor secret":   {to(addrs[0], "--secret", "canary", "--", "true"), exitUsage, "--secret: a secret is whsec_"},
		"a lonely secret": {[]string{"--secret", "whsec_x", "--", "true"}, exitUsage, "--secret goes with --webhook"},
		"nobody there":    {to(addrs[0], "--patience", "3s", "--", "sleep", "60"), exitUsage, "nobody answers at the address of --webhook"},
		"another secret":  {to(addrs[1], "--patience", "3s", "--", "env", "KOOGATE_WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", bin, "--hook", addrs[1], "--file", filepath.Join(t.TempDir(), "x")), exitFailed, "the last answer that was no success was HTTP 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := koogate(t, append([]string{"worker-test", "--language", "en"}, c.args...)...)
			if code != c.code || !strings.Contains(out+errs, c.want) || strings.Contains(out+errs, "canary") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
		})
	}
	if code, out, _ := koogate(t, "worker-test", "--webhook", "http://localhost/", "--list", "--language", "en"); code != exitOK || strings.Count(out, "\n") != 10 || !strings.Contains(out, "202") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
