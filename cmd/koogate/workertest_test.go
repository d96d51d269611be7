// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
)

// build builds a command of this module.
func build(t *testing.T, path string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), filepath.Base(path))
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, path).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return bin
}

// verdicts are the outcomes of a report in JSON, by rule.
func verdicts(text string) (map[string]string, error) {
	var r struct {
		Findings []struct{ Rule, Outcome string }
	}
	err := json.Unmarshal([]byte(text), &r)
	all := map[string]string{}
	for _, f := range r.Findings {
		all[f.Rule] = f.Outcome
	}
	return all, err
}

// with are the rules that came out so.
func with(all map[string]string, outcome string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(id string) bool { return all[id] != outcome })
}

var faulty = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "koogate-faulty-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "faulty")
	text, err := exec.Command("go", "build", "-o", bin, "./internal/workertest/faulty").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return bin, err
})

// TestPlantedFaultsOfWorkers: each of ten is found by the rule meant for it and by no other, and a worker without one breaks no rule,
// whenever it is killed.
func TestPlantedFaultsOfWorkers(t *testing.T) {
	t.Parallel()
	bin, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(bin)) })
	type planted struct {
		fault, rule string
		seed        int
		args        []string
	}
	runs := []planted{
		{"twice", "one-resource", 1, nil},
		{"forgets", "resumes-after-a-crash", 1, nil},
		{"ignores", "stops-without-its-lease", 1, nil},
		{"early", "durable-before-the-answer", 1, nil},
		{"leaks", "leaves-nothing-of-a-failed-purchase", 1, nil},
		{"loses", "applies-a-renewal", 1, nil},
		{"guesses", "reports-its-own-tasks", 1, nil},
		{"silent", "prolongs-its-lease", 1, []string{"--step=1300ms", "--lease=1s"}},
		{"grabs", "makes-nothing-of-a-question", 1, nil},
		{"claims", "makes-nothing-of-a-question", 1, nil},
	}
	seeds := 12
	if raceDetector {
		seeds = 2
	}
	for seed := 1; seed <= seeds; seed++ {
		r := planted{"none", "", seed, nil}
		if seed <= 2 { // long enough for heartbeats
			r.args = []string{"--step=1s", "--lease=3s"}
		}
		runs = append(runs, r)
	}
	for seed := 1; seed <= 3; seed++ { // several polls and handlers at a time
		runs = append(runs, planted{"none", "", seed, []string{"--client", "--step=1300ms", "--lease=3s"}})
	}
	var g errgroup.Group
	g.SetLimit(6) // they wait most of the time
	for _, x := range runs {
		g.Go(func() error {
			file := filepath.Join(t.TempDir(), "resources.json")
			if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
				return err
			}
			args := append([]string{
				"worker-test", "--format", "json", "--seed", fmt.Sprint(x.seed), "--resources", "cat '" + file + "'", "--", bin, "--file", file, "--fault", x.fault,
			}, x.args...)
			var out, errs buffer
			code := run(t.Context(), args, &out, &errs)
			all, err := verdicts(out.String())
			failed, want := with(all, "FAIL"), []string{x.rule}
			wantCode := exitFailed
			if x.rule == "" {
				want, wantCode = []string{}, exitOK
			}
			if err != nil || code != wantCode || !slices.Equal(failed, want) || len(all) != 10 {
				t.Errorf("%s, seed %d: exit %d, failed %q, %v\n%s%s", x.fault, x.seed, code, failed, err, out.String(), errs.String())
			}
			if x.rule == "" && x.args != nil && len(with(all, "PASS")) != 10 {
				t.Errorf("seed %d: not everything was found out: %v", x.seed, all)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestTheExampleWorkersPass: every worker that is shipped breaks no rule. A new example needs a line here, or a page that TestTheQuickstarts runs;
// login is no worker, and TestTheLoginGuide runs it.
func TestTheExampleWorkersPass(t *testing.T) {
	t.Parallel()
	const examples = "../../docs/examples"
	dirs, err := os.ReadDir(examples)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		inGo := d.Name() == "worker" || d.Name() == "restworker"
		if !inGo && d.IsDir() && d.Name() != "login" && quickstarts[d.Name()] == "" {
			t.Errorf("nothing says how the example %s is run", d.Name())
		}
		if !inGo {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			code, out, errs := koogate(t, "worker-test", "--format", "json", "--", build(t, examples+"/"+d.Name()))
			all, err := verdicts(out)
			if err != nil || code != exitOK || len(with(all, "FAIL")) > 0 || all["finishes-a-purchase"] != "PASS" {
				t.Errorf("exit %d, %v\n%s%s", code, err, out, errs)
			}
		})
	}
}

// TestAWorkerThatRunsAlready is tested as far as that needs no kill; by its REST address here.
func TestAWorkerThatRunsAlready(t *testing.T) {
	t.Parallel()
	bin := build(t, "../../docs/examples/restworker")
	addrs := freeAddrs(t, 2)
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "KOOGATE_URL=http://"+addrs[1], "KOOGATE_TOKEN=canary-of-a-token", "KOOGATE_QUEUE=crm")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	code, out, errs := koogate(t, "worker-test", "--grpc", addrs[0], "--api", addrs[1], "--token", "canary-of-a-token", "--queue", "crm", "--format", "junit")
	var suites struct {
		Name     string `xml:"name,attr"`
		Failures int    `xml:"failures,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string `xml:"name,attr"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(out), &suites); err != nil || code != exitOK || suites.Name != "koogate worker-test" || suites.Failures != 0 || len(suites.Suites) != 1 {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	for _, c := range suites.Suites[0].Cases {
		if (c.Name == "durable-before-the-answer" || c.Name == "resumes-after-a-crash") && (c.Skipped == nil || !strings.Contains(c.Skipped.Message, "cannot kill")) {
			t.Errorf("%+v", c)
		}
	}
	if strings.Contains(out+errs, "canary") || !strings.Contains(errs, addrs[0]) {
		t.Error(errs)
	}
}

// TestWhatWorkerTestCannotFindOut ends with the exit code of that, and says why.
func TestWhatWorkerTestCannotFindOut(t *testing.T) {
	t.Parallel()
	bin := build(t, "../../docs/examples/worker")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no worker":            {nil, "which worker?"},
		"a queue of Koogate's": {[]string{"--queue", "koogate-x", "--", "true"}, "--queue"},
		"no patience":          {[]string{"--patience", "0s", "--", "true"}, "--patience"},
		"a token with blanks":  {[]string{"--token", "a b", "--", "true"}, "--token"},
		"no such program":      {[]string{"--", filepath.Join(t.TempDir(), "nowhere")}, "the worker does not start"},
		"a program that ends":  {[]string{"--", "sh", "-c", "echo canary >&2; exit 7"}, "exit status 7); it said last: canary"},
		"one that never comes": {[]string{"--patience", "500ms", "--", "sleep", "60"}, "no worker has leased a task"},
		"a hook that fails":    {[]string{"--resources", "echo canary >&2; exit 3", "--", bin}, "--resources: exit status 3: canary"},
		"a hook without JSON":  {[]string{"--resources", "echo x", "--", bin}, "--resources: what it lists is no JSON array"},
		"a hook without names": {[]string{"--resources", `echo '[{"instanceId":"a"}]'`, "--", bin}, "resourceId"},
		"a hook that is blind": {[]string{"--resources", "echo '[]'", "--", bin}, "--resources: the hook lists nothing for instance"},
		"a hook by HTTP":       {[]string{"--resources", "http://127.0.0.1:1/", "--", bin}, "--resources: Get"},
		"an address in use":    {[]string{"--grpc", "256.0.0.1:1", "--", bin}, "--grpc:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := koogate(t, append([]string{"worker-test"}, c.args...)...)
			if code != exitUsage || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
		})
	}
	if code, out, _ := koogate(t, "worker-test", "--list", "--language", "en"); code != exitOK || strings.Count(out, "\n") != 10 {
		t.Errorf("exit %d\n%s", code, out)
	}
}
