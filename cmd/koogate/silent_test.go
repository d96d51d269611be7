// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store/backendtest"
)

// behindProxy migrates the site's database and puts a proxy before it, through which its processes reach it from then on.
func (s *site) behindProxy() *backendtest.Proxy {
	s.t.Helper()
	s.migrate()
	proxy := backendtest.NewProxy(s.t, backendtest.Host(s.t, s.database))
	s.database = proxy.Through(s.t, s.database)
	return proxy
}

// TestSilentConnections: the connections to the database fall silent, as behind a firewall that has forgotten them, while
// new ones work. There is one process, so no other replica does its work. The order queries, the rounds and the calls go on
// by themselves, and nothing is restarted.
func TestSilentConnections(t *testing.T) {
	s := newSite(t, "postgres")
	proxy := s.behindProxy()
	s.products = `{"*": {provisioner: inside}}`
	p := s.process(true)
	p.start()
	defer p.stop()
	create := func(order string) bool {
		a, err := p.call(t.Context(), newInstanceBody(order))
		return err == nil && (a.ResultCode == "000000" || a.ResultCode == "000004")
	}
	active := func() int { return p.count("instances", `state = "ACTIVE"`) }
	if !create("CS2611231200SILENT1") {
		t.Fatal("the first order is refused")
	}
	within(t, 10*time.Second, "the first order is queried", func() bool { return active() == 1 })

	lost := proxy.Silence()
	began := time.Now()
	var answered, resumed time.Duration
	for resumed == 0 && time.Since(began) < 60*time.Second {
		if answered == 0 && create("CS2611231200SILENT2") {
			answered = time.Since(began)
		}
		if answered != 0 && p.tryCount("instances", `state = "ACTIVE"`) == 2 {
			resumed = time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%d connections fell silent: a call answered after %s, its order queried after %s", lost, answered, resumed)
	if resumed == 0 {
		t.Fatalf("nothing works after a minute: %s", p.readiness())
	}
	within(t, 10*time.Second, "ready again", func() bool { return p.ready() == http.StatusOK })
}

// TestProgressIsTold: nothing that the database is asked comes back, on new connections neither. Readiness names the loops that
// complete nothing, the metrics and the log say the same, and all of it ends when the database answers.
func TestProgressIsTold(t *testing.T) {
	s := newSite(t, "postgres")
	proxy := s.behindProxy()
	p := s.process(true)
	p.start()
	defer p.stop()
	proxy.Stop()
	began := time.Now()
	within(t, 10*time.Second, "not ready", func() bool { return p.ready() == http.StatusServiceUnavailable })
	t.Logf("not ready after %s", time.Since(began))
	within(t, 45*time.Second, "the jobs are named", func() bool {
		return strings.Contains(p.readiness(), `"jobs":{"status":"failing","detail":"jobs of vendor: nothing completed for 3`)
	})
	t.Logf("the jobs named after %s", time.Since(began))
	if m := p.metrics(); !strings.Contains(m, `koogate_round_late{round="jobs",seller="vendor"} 1`) {
		t.Errorf("no alarm in the metrics:\n%s", m)
	}
	proxy.Resume()
	began = time.Now()
	within(t, 30*time.Second, "ready again", func() bool { return p.ready() == http.StatusOK })
	t.Logf("ready %s after the database", time.Since(began))
	if m := p.metrics(); !strings.Contains(m, `koogate_round_late{round="jobs",seller="vendor"} 0`) {
		t.Errorf("the alarm stays:\n%s", m)
	}
}

// TestAStopEndsWithinItsGrace: the database neither answers nor goes away while calls and jobs wait for it.
func TestAStopEndsWithinItsGrace(t *testing.T) {
	s := newSite(t, "postgres")
	proxy := s.behindProxy()
	s.env = []string{"KOOGATE_SHUTDOWN_GRACE=5s"}
	p := s.process(true)
	p.start()
	proxy.Stop()
	for i := range 8 {
		go func() { _, _ = p.call(context.Background(), newInstanceBody(fmt.Sprint("CS26112312000", i))) }()
	}
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	p.stop()
	took := time.Since(began)
	t.Logf("stopped after %s of 5s", took)
	if took > 5500*time.Millisecond {
		t.Errorf("the stop took %s\n%s", took, p.log)
	}
}

// metrics returns the metrics of the process's loops.
func (p *process) metrics() string {
	res, err := probe.Get("http://" + p.ops + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "koogate_round") || strings.HasPrefix(line, "koogate_database") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// within waits for a condition.
func within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// ready returns the status of /readyz; 0 when it does not answer.
func (p *process) ready() int {
	res, err := probe.Get("http://" + p.ops + "/readyz")
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// readiness returns the answer of /readyz.
func (p *process) readiness() string {
	res, err := probe.Get("http://" + p.ops + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return res.Status + " " + string(text)
}

// probe asks like a load balancer: briefly, and on a new connection.
var probe = &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// tryCount is count for a server that may not answer: -1 then.
func (p *process) tryCount(list, filter string) int {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.api+"/v1/"+list+"?page_size=500&filter="+url.QueryEscape(filter), nil)
	if err != nil {
		return -1
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	res, err := probe.Do(r)
	if err != nil {
		return -1
	}
	defer func() { _ = res.Body.Close() }()
	var page map[string]json.RawMessage
	var rows []json.RawMessage
	if json.NewDecoder(res.Body).Decode(&page) != nil || page[list] != nil && json.Unmarshal(page[list], &rows) != nil {
		return -1
	}
	return len(rows)
}
