// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // creates the databases

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/server/clock"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds, product and floor in turn")
	length := flag.Duration("for", 3*time.Second, "length of one measurement")
	backend := flag.String("backend", "", "sqlite or postgres; empty for both where they are there")
	floorAddr := flag.String("floor", "", "serve the floor at this address (the benchmark starts itself so)")
	database := flag.String("database", "", "the floor's database")
	redisAddr := flag.String("redis", "", "the floor's Redis")
	floorGRPC := flag.String("floor-grpc", "", "serve the floor of usage at this address")
	only := flag.String("only", "", "marketplace, usage, or a part of it: usage/ingest, usage/records, usage/windows, usage/order, usage/quota; empty for all")
	backlog := flag.Int("backlog", 200_000, "records in the backlog that is pushed, at most 5000000")
	pending := flag.Int("pending", 1_000_000, "records among which the next are found by deadline, at most 5000000")
	push := flag.String("push", "", "push the backlog of this database (the benchmark starts itself so)")
	flag.Parse()
	switch {
	case *push != "":
		exit(pushAll(context.Background(), *push, *backlog))
		return
	case *floorGRPC != "":
		exit(runUsageFloor(*floorAddr, *floorGRPC, *database))
		return
	case *floorAddr != "":
		exit(serveFloor(*floorAddr, *database, *redisAddr, "CSFLOORSEED", "floor-seed-instance"))
		return
	}
	exit(run(context.Background(), *only, *backend, *rounds, *length, *backlog, *pending))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, backend string, rounds int, length time.Duration, backlog, pending int) error {
	dir, err := os.MkdirTemp("", "koogate-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	koogate := filepath.Join(dir, "koogate")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", koogate, "./cmd/koogate").CombinedOutput(); err != nil { //nolint:gosec // fixed
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	if only == "" || only == "marketplace" {
		if err := runMarketplace(ctx, dir, koogate, backend, rounds, length); err != nil {
			return err
		}
	}
	if only != "marketplace" && backend != "postgres" {
		return runUsage(ctx, only, dir, koogate, rounds, length, backlog, pending)
	}
	return nil
}

// runMarketplace measures the marketplace's calls.
func runMarketplace(ctx context.Context, dir, koogate, backend string, rounds int, length time.Duration) error {
	pg, rd := os.Getenv("KOOGATE_TEST_POSTGRES"), os.Getenv("KOOGATE_TEST_REDIS")
	var ran bool
	if backend == "" || backend == "sqlite" {
		ran = true
		mk := func(name string) (string, func() error, error) {
			return "sqlite:" + filepath.Join(dir, name+".db"), func() error { return nil }, nil
		}
		if err := compare(ctx, "SQLite, locks in memory", dir, koogate, mk, "", rounds, length); err != nil {
			return err
		}
	}
	if pg != "" && (backend == "" || backend == "postgres") {
		ran = true
		mk := func(string) (string, func() error, error) { return newDatabase(ctx, pg) }
		if err := compare(ctx, "PostgreSQL, locks in Redis", dir, koogate, mk, rd, rounds, length); err != nil {
			return err
		}
	}
	if !ran {
		return errors.New("nothing to measure: for postgres run it under .ci/services (make bench)")
	}
	return nil
}

// newDatabase creates an empty database.
func newDatabase(ctx context.Context, base string) (string, func() error, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, err
	}
	db, err := sql.Open("pgx", base)
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error {
		_, err := db.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, db.Close())
	}, nil
}

// compare measures both servers on one kind of backend and prints the ratios.
func compare(ctx context.Context, title, dir, koogate string, mk func(string) (string, func() error, error), redisAddr string,
	rounds int, length time.Duration,
) (err error) {
	spans, err := startSink()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spans.stop(ctx)) }()
	productDB, dropProduct, err := mk("product")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dropProduct()) }()
	floorDB, dropFloor, err := mk("floor")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dropFloor()) }()

	product, instance, err := startProduct(ctx, dir, koogate, productDB, redisAddr, spans.addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, product.stop()) }()
	floor, err := startFloor(ctx, dir, koogate, floorDB, redisAddr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()

	fmt.Printf("\n%s; %d rounds of %s each, product and floor in turn; tracing fully sampled, %s\n", title, rounds, length, "exported by OTLP")
	got := map[string]map[int]map[string][]figures{}
	for round := range rounds {
		for _, clients := range []int{1, 32} {
			for k, sc := range scenarios(round*10+clients, "", "") {
				for _, p := range []*process{product, floor} {
					list := scenarios(round*100+clients, "CS2611231200PRODUCT", instance)
					if p == floor {
						list = scenarios(round*100+clients, "CSFLOORSEED", "floor-seed-instance")
					}
					progress("\rround %d/%d  %-14s %2d clients  %-8s", round+1, rounds, sc.name, clients, p.name)
					f, err := drive(p.addr, p.path, list[k], clients, length, p.cpu)
					if err != nil {
						return fmt.Errorf("%s: %w", p.name, err)
					}
					if got[sc.name] == nil {
						got[sc.name] = map[int]map[string][]figures{}
					}
					if got[sc.name][clients] == nil {
						got[sc.name][clients] = map[string][]figures{}
					}
					got[sc.name][clients][p.name] = append(got[sc.name][clients][p.name], f)
				}
			}
		}
	}
	progress("\r\x1b[K")
	report(got)
	fmt.Printf("spans exported: %d KiB\n", spans.bytes.Load()>>10)
	return nil
}

// report prints the medians and their ratios.
func report(got map[string]map[int]map[string][]figures) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "call\tclients\tkoogate/s\tfloor/s\tRATIO\tkoogate p50\tfloor p50\tkoogate p99\tfloor p99\tkoogate CPU\tfloor CPU\tCPU ratio\t")
	for _, name := range []string{"newInstance", "replay", "queryInstance"} {
		for _, clients := range []int{1, 32} {
			k, f := median(got[name][clients]["koogate"]), median(got[name][clients]["floor"])
			fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t\n", name, clients, k.rate, f.rate, k.rate/f.rate,
				us(k.p50), us(f.p50), us(k.p99), us(f.p99), us(k.cpu), us(f.cpu), float64(k.cpu)/float64(f.cpu))
		}
	}
	_ = w.Flush()
}

func us(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) + "µs" }

// median takes each figure's own median.
func median(fs []figures) figures {
	mid := func(less func(a, b figures) int) figures {
		s := slices.Clone(fs)
		slices.SortFunc(s, less)
		return s[len(s)/2]
	}
	return figures{
		rate: mid(func(a, b figures) int { return int(a.rate - b.rate) }).rate,
		p50:  mid(func(a, b figures) int { return int(a.p50 - b.p50) }).p50,
		p99:  mid(func(a, b figures) int { return int(a.p99 - b.p99) }).p99,
		cpu:  mid(func(a, b figures) int { return int(a.cpu - b.cpu) }).cpu,
	}
}

// startProduct provisions one instance through the whole product, then restarts it as a replica that only answers the
// marketplace: the floor does no background work either.
func startProduct(ctx context.Context, dir, koogate, database, redisAddr, otlp string) (*process, string, error) {
	market, err := simulator.New(simulator.Config{
		FacadeURL: "http://127.0.0.1:1/", AccessKey: accessKey, Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "bench-secret-key-not-for-use"},
		Clock: clock.System{},
	})
	if err != nil {
		return nil, "", err
	}
	defer market.Close()
	openAPI := httptest.NewServer(market.Handler())
	defer openAPI.Close()
	keyset := filepath.Join(dir, "keyset-"+uuid.NewString()+".json")
	var addr [4]string
	for i := range addr {
		if addr[i], err = freeAddr(); err != nil {
			return nil, "", err
		}
	}
	redis := ""
	if redisAddr != "" {
		redis = "redis: {addrs: ['" + redisAddr + "'], prefix: 'bench:'}"
	}
	config := filepath.Join(dir, "koogate.yaml")
	write := func(jobs bool, product string) error {
		text := fmt.Appendf(nil, `
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: '%s'}
%s
keyset_file: '%s'
sellers: [{name: bench, api_tokens: ['bench-token-0123456789abcdef0123456789'], marketplace: {base_url: '%s', access_key: ak, secret_key: bench-secret-key-not-for-use}}]
endpoints: [{name: bench, seller: bench, keys: ['%s'], products: {'*': %s}}]
provisioners:
  - {name: worker, type: worker}
  - {name: inside, type: template, template: {front_end_url: 'https://{instance}.example.com', user_name: admin}}
jobs: {enabled: %v, concurrency: 4}
`, addr[0], addr[1], addr[2], addr[3], database, redis, keyset, openAPI.URL, accessKey, product, jobs)
		return os.WriteFile(config, text, 0o600) //nolint:gosec // a file of our own
	}
	if err := write(true, "{provisioner: inside, sync_budget: 4s}"); err != nil {
		return nil, "", err
	}
	for _, args := range [][]string{{"keys", "new", keyset}, {"migrate", "--config", config}} {
		if out, err := exec.CommandContext(ctx, koogate, args...).CombinedOutput(); err != nil { //nolint:gosec // our own binary
			return nil, "", fmt.Errorf("koogate %v: %w\n%s", args, err, out)
		}
	}
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + otlp, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_SAMPLER=always_on"}
	serve := func() (*process, error) {
		return start(ctx, "koogate", addr[0], addr[3]+"/readyz", env, koogate, "serve", "--config", config, "--log-level", "warn")
	}
	p, err := serve()
	if err != nil {
		return nil, "", err
	}
	instance, err := provision(p)
	if err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	if err := p.stop(); err != nil {
		return nil, "", err
	}
	if err := write(false, "{provisioner: worker}"); err != nil {
		return nil, "", err
	}
	p, err = serve()
	return p, instance, err
}

// provision buys the instance that replay and queryInstance ask for.
func provision(p *process) (string, error) {
	body := newInstance("CS2611231200PRODUCT", 1)
	to, err := sign.SignURL("http://"+p.addr+p.path, accessKey, uuid.NewString(), time.Now(), body)
	if err != nil {
		return "", err
	}
	res, err := http.Post(to, "application/json", bytes.NewReader(body)) //nolint:noctx,gosec // loopback
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Contains(text, []byte(`"resultCode":"000000"`)) {
		return "", fmt.Errorf("the seed order was not provisioned: %s %w", text, err)
	}
	_, after, _ := strings.Cut(string(text), `"instanceId":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id, nil
}

// startFloor gives the floor the product's schema and starts it.
func startFloor(ctx context.Context, dir, koogate, database, redisAddr string) (*process, error) {
	config := filepath.Join(dir, "floor.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "database: {url: '%s'}\n", database), 0o600); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, koogate, "migrate", "--config", config).CombinedOutput(); err != nil { //nolint:gosec // our own binary
		return nil, fmt.Errorf("koogate migrate: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return start(ctx, "floor", addr, addr+"/produce/bench", nil, self, "-floor", addr, "-database", database, "-redis", redisAddr)
}

// progress says how far the benchmark is, to somebody at a terminal.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, format, args...)
	}
}
