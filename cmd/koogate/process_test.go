// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // creates databases for tests
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/server/clock"
)

// These tests run the program as the vendor would: processes, real ports, real signals. The program is this test binary, which
// is main itself when it is told to be: that spares a second build, and the race detector looks into the processes as well.
// `koogate dev --once` in CI runs the binary that is built.

const (
	testKey   = "process-test-access-key-0123456789"
	testToken = "process-test-token-0123456789abcdef"
)

// asProgram makes the test binary main; every process that the tests start inherits it.
const asProgram = "RUN_AS_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if by := os.Getenv(skewBy); by != "" {
			skewMachine(by)
		}
		main()
		return
	}
	err := errors.Join(os.Setenv(asProgram, "1"), os.Setenv("LC_ALL", "C"))
	for _, name := range []string{"KOOGATE_ADDR", "KOOGATE_TOKEN", "KOOGATE_CA_FILE", "KOOGATE_CERT_FILE", "KOOGATE_KEY_FILE", "KOOGATE_CLEAR", "KOOGATE_CONFIG"} {
		err = errors.Join(err, os.Unsetenv(name)) // what a person has set decides nothing here
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// program is the file that runs the program.
func program(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// site is what several processes share: a database, a keyset, perhaps Redis, and the marketplace.
type site struct {
	t        testing.TB
	bin, dir string
	database string
	redis    string // host:port; empty for none
	prefix   string // of the keys in Redis, one for the site
	market   *httptest.Server
	sim      *simulator.Simulator
	ahead    atomic.Int64 // how far the marketplace's clock is, in nanoseconds
	products string       // YAML of the endpoint's products
	delay    string       // shutdown_delay
	env      []string
}

// newSite prepares a site; database is "sqlite" or "postgres".
func newSite(t testing.TB, database string) *site {
	t.Helper()
	s := &site{t: t, bin: program(t), dir: t.TempDir(), prefix: uuid.NewString()[:8], products: `{"*": {provisioner: worker}}`, delay: "0s"}
	switch database {
	case "sqlite":
		s.database = "sqlite:" + filepath.Join(s.dir, "koogate.db")
	case "postgres":
		s.database = newDatabase(t)
		s.redis = os.Getenv("KOOGATE_TEST_REDIS")
	}
	sim, err := simulator.New(simulator.Config{
		FacadeURL: "http://127.0.0.1:1/", AccessKey: testKey, Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "process-test-secret-key-0123"},
		Clock: siteClock{by: &s.ahead},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.sim, s.market = sim, httptest.NewServer(sim.Handler())
	t.Cleanup(func() { s.market.Close(); sim.Close() })
	s.run("keys", "new", s.path("keyset.json"))
	return s
}

// siteClock is the machine's clock, ahead by so many nanoseconds.
type siteClock struct {
	clock.System
	by *atomic.Int64
}

func (c siteClock) Now() time.Time { return c.System.Now().Add(time.Duration(c.by.Load())) }

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// newDatabase creates an empty database on the test's PostgreSQL and drops it at the end.
func newDatabase(t testing.TB) string {
	t.Helper()
	base := os.Getenv("KOOGATE_TEST_POSTGRES")
	if base == "" {
		if os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
			t.Fatal("KOOGATE_TEST_POSTGRES is not set")
		}
		t.Skip("needs PostgreSQL: make services-test")
	}
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	name := "koogate_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// run runs a command of the binary to its end.
func (s *site) run(args ...string) {
	s.t.Helper()
	s.runAs(s.bin, args...)
}

// runAs runs a command of another binary of the program.
func (s *site) runAs(bin string, args ...string) {
	s.t.Helper()
	if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("koogate %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// freeAddrs returns loopback addresses that nothing listens on now. They are below those from which the kernel picks ports for
// clients: a process that starts again must find its own free.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, 0, n)
	for tries := 0; len(addrs) < n; tries++ {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000))
		l, err := net.Listen("tcp", addr)
		switch {
		case err == nil:
			defer l.Close()
			addrs = append(addrs, addr)
		case tries > 1000:
			t.Fatal(err)
		}
	}
	return addrs
}

// process is one koogate serve.
type process struct {
	site                   *site
	bin                    string // the site's, or another release's
	config                 string
	facade, api, grpc, ops string
	jobs                   bool
	env                    []string // of this process alone
	cmd                    *exec.Cmd
	log                    *bytes.Buffer
	exited                 chan error
	born                   atomic.Int64 // UNIX nanoseconds at which its last start was over
}

// process writes the configuration of one process; start runs it.
func (s *site) process(jobs bool) *process {
	s.t.Helper()
	p := &process{site: s, bin: s.bin, jobs: jobs, log: &bytes.Buffer{}}
	addr := freeAddrs(s.t, 4)
	p.facade, p.api, p.grpc, p.ops = addr[0], addr[1], addr[2], addr[3]
	redis := ""
	if s.redis != "" {
		redis = "redis: {addrs: ['" + s.redis + "'], prefix: '" + s.prefix + ":'}"
	}
	p.config = s.path("koogate-" + uuid.NewString()[:8] + ".yaml")
	text := fmt.Sprintf(`
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: '%s'}
%s
keyset_file: '%s'
sellers:
  - name: vendor
    api_tokens: ['%s']
    marketplace: {base_url: '%s', access_key: ak, secret_key: process-test-secret-key-0123}
endpoints:
  - name: main
    seller: vendor
    keys: ['%s']
    products: %s
provisioners:
  - {name: worker, type: worker}
  - {name: inside, type: template, template: {front_end_url: 'https://{instance}.example.com', user_name: admin}}
jobs: {enabled: %v, concurrency: 8}
shutdown_delay: %s
`, p.facade, p.api, p.grpc, p.ops, s.database, redis, s.path("keyset.json"), testToken, s.market.URL, testKey, s.products, jobs, s.delay)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// start runs the process and waits until it is ready.
func (p *process) start() {
	p.site.t.Helper()
	p.cmd = exec.Command(p.bin, "serve", "--config", p.config)
	p.cmd.Env = slices.Concat(os.Environ(), p.site.env, p.env)
	p.cmd.Stderr, p.cmd.Stdout = p.log, p.log
	p.born.Store(time.Now().Add(time.Second).UnixNano())
	if err := p.cmd.Start(); err != nil {
		p.site.t.Fatal(err)
	}
	p.exited = make(chan error, 1)
	go func(cmd *exec.Cmd) { p.exited <- cmd.Wait() }(p.cmd)
	for range 2000 {
		select {
		case err := <-p.exited:
			p.site.t.Fatalf("koogate serve ended: %v\n%s", err, p.log)
		case <-time.After(5 * time.Millisecond):
		}
		if res, err := http.Get("http://" + p.ops + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.site.t.Fatalf("koogate serve is not ready\n%s", p.log)
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop ends the process in order and checks that it does.
func (p *process) stop() {
	p.site.t.Helper()
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case err := <-p.exited:
		if err != nil {
			p.site.t.Errorf("koogate serve: %v\n%s", err, p.log)
		}
	case <-time.After(30 * time.Second):
		p.site.t.Error("koogate serve does not stop")
		p.kill()
	}
}

// answer is what the facade says.
type answer struct {
	ResultCode string `json:"resultCode"`
	ResultMsg  string `json:"resultMsg"`
	InstanceID string `json:"instanceId"`
	Info       []struct {
		InstanceID string `json:"instanceId"`
		AppInfo    struct {
			FrontEndURL string `json:"frontEndUrl"`
			UserName    string `json:"userName"`
			Password    string `json:"password"`
		} `json:"appInfo"`
	} `json:"info"`
}

var wire = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: 20 * time.Second}

// call makes one signed call.
func (p *process) call(ctx context.Context, body string) (a answer, err error) {
	nonce := strings.ReplaceAll(uuid.NewString(), "-", "")
	to, err := sign.SignURL("http://"+p.facade+"/produce/main", testKey, nonce, time.Now(), []byte(body))
	if err != nil {
		return a, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json;charset=utf8")
	res, err := wire.Do(r)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	if res.StatusCode != http.StatusOK {
		return a, fmt.Errorf("status %d: %s", res.StatusCode, text)
	}
	return a, json.Unmarshal(text, &a)
}

func newInstanceBody(order string) string {
	return fmt.Sprintf(`{"activity":"newInstance","businessId":"%s","orderId":"%s","orderLineId":"%s-000001"}`, uuid.NewString(), order, order)
}

// get reads from the internal REST API.
func (p *process) get(path string, into any) { p.site.t.Helper(); p.getAs(testToken, path, into) }

// getAs is get with another token.
func (p *process) getAs(token, path string, into any) {
	p.site.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+p.api+path, nil)
	if err != nil {
		p.site.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := wire.Do(r)
	if err != nil {
		p.site.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.site.t.Fatalf("GET %s: %d %s %v", path, res.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		p.site.t.Fatalf("GET %s: %v in %s", path, err, text)
	}
}

// count returns how many elements a filtered list has, over all its pages.
func (p *process) count(list, filter string) int {
	p.site.t.Helper()
	return p.countAs(testToken, list, filter)
}

// countAs is count with another token.
func (p *process) countAs(as, list, filter string) int {
	p.site.t.Helper()
	n, token := 0, ""
	for {
		var page map[string]json.RawMessage
		p.getAs(as, "/v1/"+list+"?page_size=500&filter="+url.QueryEscape(filter)+"&page_token="+url.QueryEscape(token), &page)
		var rows []json.RawMessage
		if page[list] != nil {
			if err := json.Unmarshal(page[list], &rows); err != nil {
				p.site.t.Fatal(err)
			}
		}
		n += len(rows)
		token = ""
		if page["nextPageToken"] != nil {
			if err := json.Unmarshal(page["nextPageToken"], &token); err != nil {
				p.site.t.Fatal(err)
			}
		}
		if token == "" {
			return n
		}
	}
}

// work is an outside worker over gRPC until ctx ends; errors of a dying server are what it is there for.
func (p *process) work(ctx context.Context, id string) error {
	conn, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := koogatev1.NewTaskServiceClient(conn)
	auth := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+testToken)
	for ctx.Err() == nil {
		leased, err := client.LeaseTasks(auth, &koogatev1.LeaseTasksRequest{
			Queue: "worker", WorkerId: id, MaxTasks: 8, Wait: durationpb.New(time.Second), LeaseDuration: durationpb.New(3 * time.Second),
		})
		if err != nil {
			_ = clock.Sleep(ctx, clock.System{}, 20*time.Millisecond)
			continue
		}
		for _, t := range leased.GetTasks() {
			done := &koogatev1.CompleteTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken()}
			switch t.GetKind() {
			case koogatev1.TaskKind_TASK_KIND_CREATE:
				done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
					FrontEndUrl: "https://" + t.GetInstanceId() + ".example.com", UserName: "canary-user", Password: "canary-password",
				}}
			case koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE:
				done.Result = &koogatev1.CompleteTaskRequest_ChangeVerdict{ChangeVerdict: &koogatev1.ChangeVerdict{Allowed: true}}
			}
			_, _ = client.CompleteTask(auth, done)
		}
	}
	return nil
}

// background runs f until the returned stop is called, which returns its error.
func background(f func(ctx context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	return func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}
