// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/replay"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/clock"
)

// Keys of dev mode, which everybody knows.
const (
	demoKey    = "koogate-demo-access-key"
	demoKitKey = "koogate-demo-kit-key"
)

// recorded records a whole day of a simulator, every family, in front of a dev mode's facade.
func recorded(t *testing.T, facade, pem string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "calls.jsonl")
	text, err := os.ReadFile(pem)
	if err != nil {
		t.Fatal(err)
	}
	private, err := seal.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs buffer
	over := make(chan int, 1)
	listen := freeAddrs(t, 1)[0]
	go func() {
		over <- run(ctx, []string{
			"sim", "record", file, "--to", facade, "--listen", listen, "--key", demoKey, "--kit-key", demoKitKey,
		}, &out, &errs)
	}()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(errs.String(), "recording into"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(errs.String())
		}
	}
	client := &http.Client{Transport: &http.Transport{}}
	sim, err := simulator.New(simulator.Config{
		FacadeURL: "http://" + listen + "/produce/demo", AccessKey: demoKey, KitKey: demoKitKey, PublicKey: &private.PublicKey,
		Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "sk"}, Clock: clock.System{}, HTTPClient: client,
		Retry: market.DocumentedRetry().Compressed(36000), Poll: market.Schedule{Interval: 100 * time.Millisecond, Window: 2 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	var lives sync.WaitGroup
	for _, kind := range catalogue.Kinds() {
		lives.Go(func() {
			if _, err := sim.Life(t.Context(), kind); err != nil {
				t.Error(err)
			}
		})
	}
	for _, f := range judge.Families() {
		lives.Go(func() { // what needs the marketplace's open APIs fails here, which is recorded as well
			if _, err := sim.LifeOf(t.Context(), f); err != nil {
				t.Error(err)
			}
			if f.Joint() {
				if _, err := sim.JointShuffled(t.Context(), f, 3, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	lives.Wait()
	for _, f := range judge.Families() {
		if _, err := sim.DialTestOf(t.Context(), f); err != nil {
			t.Error(err)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if code := <-over; code != exitOK || !strings.Contains(errs.String(), " calls recorded, 0 lost\n") {
		t.Fatalf("%d %s", code, errs.String())
	}
	return file
}

// replayed replays a file and returns the exit code and what differs, by rule and activity.
func replayed(t *testing.T, file, address string, args ...string) (int, *replay.Report, []string) {
	t.Helper()
	code, out, errs := koogate(t, append([]string{
		"sim", "replay", file, address, "--key", demoKey, "--kit-key", demoKitKey, "--staging", "--json", "--patience", "5s",
	}, args...)...)
	report := new(replay.Report)
	if err := json.Unmarshal([]byte(out), report); err != nil {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	var found []string
	for _, d := range report.Differences {
		if !d.Allowed {
			found = append(found, string(d.Rule)+" "+string(d.Family)+" "+string(d.Activity)+": "+d.Recorded+" / "+d.Answered)
		}
	}
	slices.Sort(found)
	return code, report, slices.Compact(found)
}

// A recorded day is replayed against the same build anew, against a build that is wrong in one place, and against another implementation.
func TestARecordedDayIsReplayed(t *testing.T) {
	t.Parallel()
	var dirs [3]string
	var builds [3]*devProcess
	for i := range builds {
		dirs[i] = t.TempDir()
		builds[i] = startDevProcess(t, "--data", dirs[i])
	}
	for _, d := range builds {
		d.until("Running until Ctrl-C")
	}
	pem := func(n int) string { return filepath.Join(dirs[n], "kit-rsa.pem") }
	file := recorded(t, "http://"+builds[0].facade+"/produce/demo", pem(0))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{demoKey, demoKitKey, "示例科技", "demo.example.com", "lisi02", "张三", "zhangsan01"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the recording holds %q", secret)
		}
	}

	t.Run("same build", func(t *testing.T) {
		code, report, found := replayed(t, file, "http://"+builds[1].facade+"/produce/demo", "--public-key", pem(1))
		if code != exitOK || len(found)+len(report.LeftOut)+len(report.Torn) > 0 || report.Calls != bytes.Count(text, []byte("\n"))-1 {
			t.Errorf("%d: %d calls, left out %v, differences %s", code, report.Calls, report.LeftOut, strings.Join(found, "\n"))
		}
		t.Logf("%d calls in %v", report.Calls, report.Took)
	})
	t.Run("wrong build", func(t *testing.T) {
		to, _ := url.Parse("http://" + builds[2].facade)
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Query().Get("activity") == "instanceStatus" {
				wrong := `{"resultCode":"000003","resultMsg":"no"}`
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(wrong)), int64(len(wrong))
				r.Header.Set("Content-Length", "40")
				r.Header.Set("Body-Sign", sign.BodySign(demoKey, []byte(wrong)))
			}
			return nil
		}}
		wrong := httptest.NewServer(proxy)
		defer wrong.Close()
		code, _, found := replayed(t, file, wrong.URL+"/produce/demo", "--public-key", pem(2))
		if code != exitFailed || len(found) != 1 || !strings.HasPrefix(found[0], "outcome saas_v1 instanceStatus: ok 000000 / failed 000003") {
			t.Errorf("%d %q", code, found)
		}
	})
	t.Run("another implementation", func(t *testing.T) {
		vendor := httptest.NewServer(vendortest.New(vendortest.Config{
			Families: judge.Families(), Keys: []string{demoKey}, KitKeys: []string{demoKitKey}, Clock: clock.System{},
		}))
		defer vendor.Close()
		code, report, found := replayed(t, file, vendor.URL+"/produce/demo", "--public-key", pem(0),
			"--allow", "at-once", // Koogate waits for its provisioner, the vendor uploads licences later
			"--allow", "usage@queryInstance", // the template of dev mode meters as it likes
			"--allow", "handed-over@newInstance") // the vendor's memo tells the present quantity, after an upgrade another one
		if code != exitOK || len(report.Differences) == 0 {
			t.Errorf("%d: %d calls, %d the same: %s", code, report.Calls, report.Same, strings.Join(found, "\n"))
		}
	})
}
