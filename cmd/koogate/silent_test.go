package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/koogate/koogate/store/backendtest"
)

// TestSilentConnections: the connections to the database fall silent, as behind a firewall that has forgotten them, while
// new ones work. There is one process, so no other replica does its work. The order queries, the rounds and the calls go on
// by themselves, readiness says so in between, and nothing is restarted.
func TestSilentConnections(t *testing.T) {
	s := newSite(t, "postgres")
	s.migrate()
	proxy := backendtest.NewProxy(t, backendtest.Host(t, s.database))
	s.database = proxy.Through(t, s.database)
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
	var told, answered, resumed time.Duration
	for resumed == 0 && time.Since(began) < 60*time.Second {
		if told == 0 && p.ready() != http.StatusOK {
			told = time.Since(began)
		}
		if answered == 0 && create("CS2611231200SILENT2") {
			answered = time.Since(began)
		}
		if answered != 0 && p.tryCount("instances", `state = "ACTIVE"`) == 2 {
			resumed = time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%d connections fell silent; not ready after %s, a call answered after %s, its order queried after %s", lost, told, answered, resumed)
	if told == 0 {
		t.Errorf("readiness did not tell: %s", p.readiness())
	}
	if resumed == 0 {
		t.Fatalf("nothing works after a minute: %s", p.readiness())
	}
	within(t, 30*time.Second, "ready again", func() bool { return p.ready() == http.StatusOK })
}

// within waits for a condition.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
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
