// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/bench/internal/floor"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

const (
	apiToken = "bench-token-0123456789abcdef0123456789"
	seller   = "bench"
	// batchSize is how many records a report holds, and perBatch over how many instances they are spread.
	batchSize, perBatch = 100, 10
	instances           = 100
)

// intake is one way into a ledger: reports by one client, which is numbered.
type intake struct {
	name   string // koogate or floor
	cpu    func() time.Duration
	report func(ctx context.Context, client int, records []usage.Record) error
}

// ingestion measures reports by gRPC, each server a process of its own, and then without it, in this process.
func (b *bench) ingestion(ctx context.Context) error {
	t := &table{
		part: "usage/ingest",
		title: fmt.Sprintf("Usage, SQLite, every report durable; reports of %d records; %d rounds of %s each, product and floor in turn",
			batchSize, b.rounds, b.length),
		columns: []string{
			"reports by", "clients", "koogate records/s", "floor records/s", "RATIO", "koogate p50", "floor p50",
			"koogate CPU/record", "floor CPU/record", "CPU ratio",
		},
	}
	for _, way := range []struct {
		name string
		open func(ctx context.Context, dir, koogate string) ([]intake, func() error, error)
	}{{"gRPC", openProcesses}, {"function", openFunctions}} {
		sub, err := os.MkdirTemp(b.dir, way.name)
		if err != nil {
			return err
		}
		both, closeAll, err := way.open(ctx, sub, b.koogate)
		if err != nil {
			return err
		}
		got, err := inTurn(ctx, way.name, both, b.rounds, b.length)
		if err := errors.Join(err, closeAll()); err != nil {
			return err
		}
		for _, clients := range []int{1, 32} {
			k, f := median(got[clients]["koogate"]), median(got[clients]["floor"])
			t.add(word(way.name), count(clients), number(k.rate, 0), number(f.rate, 0), ratio(k.rate, f.rate), micros(k.p50), micros(f.p50),
				perRecord(k.cpu), perRecord(f.cpu), ratio(float64(k.cpu), float64(f.cpu)))
		}
	}
	return b.out.add(t)
}

// perRecord is a time of few microseconds.
func perRecord(d time.Duration) cell {
	us := float64(d.Nanoseconds()) / 1e3
	return cell{text: fmt.Sprintf("%.1fµs", us), value: us, unit: "µs"}
}

func inTurn(ctx context.Context, name string, both []intake, rounds int, length time.Duration) (map[int]map[string][]figures, error) {
	got := map[int]map[string][]figures{1: {}, 32: {}}
	for round := range rounds {
		for _, clients := range []int{1, 32} {
			for _, in := range both {
				progress("round %d/%d  usage by %s %2d clients  %-8s", round+1, rounds, name, clients, in.name)
				f, err := feed(ctx, in, round, clients, length)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", in.name, err)
				}
				got[clients][in.name] = append(got[clients][in.name], f)
			}
		}
	}
	progress("")
	return got, nil
}

// feed sends reports with a number of clients for a time.
func feed(ctx context.Context, in intake, round, clients int, d time.Duration) (figures, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		first error
		batch atomic.Int64
	)
	before, start := in.cpu(), time.Now()
	for c := range clients {
		wg.Go(func() {
			var took []time.Duration
			var err error
			for n := 0; err == nil && (n == 0 || time.Since(start) < d); n++ {
				records := reportOf(fmt.Sprintf("%s-%d-%d/%02d/%06d/", runTag, round, clients, c, n), int(batch.Add(1)))
				from := time.Now()
				err = in.report(ctx, c, records)
				took = append(took, time.Since(from))
			}
			mu.Lock()
			defer mu.Unlock()
			all, first = append(all, took...), errors.Join(first, err)
		})
	}
	wg.Wait()
	elapsed, used := time.Since(start), in.cpu()-before
	if first != nil {
		return figures{}, first
	}
	n := len(all)
	return figures{
		rate: float64(n*batchSize) / elapsed.Seconds(), p50: percentile(all, 50), p99: percentile(all, 99), cpu: used / time.Duration(n*batchSize),
	}, nil
}

// reportOf is a report whose keys begin with key.
func reportOf(key string, n int) []usage.Record {
	now := time.Now().UTC()
	records := make([]usage.Record, batchSize)
	for i := range records {
		records[i] = usage.Record{
			Key: key + strconv.Itoa(i), InstanceID: instanceID((n*perBatch + i%perBatch) % instances), Value: "1.2345", EndAt: now,
		}
	}
	return records
}

func instanceID(n int) string { return fmt.Sprintf("5f3c9d1e-7f0b-4b35-9e57-%012d", n) }

// seedInstances puts pay-per-use instances that are in use into a database that is migrated.
func seedInstances(ctx context.Context, path string, n int) error {
	return alter(ctx, path, fmt.Sprintf(`WITH RECURSIVE k (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n < %d)
		INSERT INTO instances (seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id,
			sku_code, product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at)
		SELECT 'bench', printf('5f3c9d1e-7f0b-4b35-9e57-%%012d', n), 'bench', printf('CS%%012d', n), printf('CS%%012d-000001', n), 'ACTIVE', 0, '', '', 'product',
			'', '', 'ON_DEMAND', 0, 0, 0, NULL, 0, 1577836800000000, 1577836800000000 FROM k`, n-1))
}

// alter runs statements on a database that nobody else uses.
func alter(ctx context.Context, path string, statements ...string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)&_pragma=cache_size(-65536)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return errors.Join(fmt.Errorf("%.60s: %w", s, err), db.Close())
		}
	}
	return db.Close()
}

// newLedger makes a database with instances.
func newLedger(ctx context.Context, path string, n int) error {
	if _, err := sqlite.Migrate(ctx, path); err != nil {
		return err
	}
	return seedInstances(ctx, path, n)
}

// openService is the usage domain over a database, without a server.
func openService(ctx context.Context, path string, p usage.Pusher) (*usage.Service, *sqlite.Store, error) {
	st, err := sqlite.Open(ctx, sqlite.Options{Path: path})
	if err != nil {
		return nil, nil, err
	}
	meter := usage.Meter{Name: "calls", Mode: store.UsageSum, Window: usage.Hour, Settle: usage.DefaultSettle}
	return usage.New(usage.Config{Rules: usage.Rules{Meters: map[string]map[string]usage.Meter{"bench": {"*": meter}}}}, usage.Deps{
		Store: st, Pusher: p, Clock: clock.System{}, Tracer: noop.NewTracerProvider().Tracer(""),
		Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	}), st, nil
}

func openFunctions(ctx context.Context, dir, _ string) ([]intake, func() error, error) {
	product, byHand := filepath.Join(dir, "product.db"), filepath.Join(dir, "floor.db")
	if err := errors.Join(newLedger(ctx, product, instances), newLedger(ctx, byHand, instances)); err != nil {
		return nil, nil, err
	}
	svc, st, err := openService(ctx, product, nil)
	if err != nil {
		return nil, nil, err
	}
	f, err := floor.OpenUsage(ctx, byHand)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return []intake{
		{"koogate", ownCPU, func(ctx context.Context, _ int, records []usage.Record) error {
			outcomes, err := svc.Report(ctx, seller, records)
			for _, o := range outcomes {
				if o.Result != usage.Added {
					return fmt.Errorf("%s: %s %s", o.Key, o.Result, o.Message)
				}
			}
			return err
		}},
		{"floor", ownCPU, func(ctx context.Context, _ int, records []usage.Record) error {
			added, err := f.Report(ctx, records)
			return whole(added, err)
		}},
	}, func() error { return errors.Join(st.Close(), f.Close()) }, nil
}

func whole(added int32, err error) error {
	if err == nil && added != batchSize {
		return fmt.Errorf("%d records of %d were added", added, batchSize)
	}
	return err
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// openProcesses starts both servers. The product traces every call and exports the spans.
func openProcesses(ctx context.Context, dir, koogate string) (both []intake, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() (err error) {
		for _, c := range slices.Backward(closers) {
			err = errors.Join(err, c())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	spans, err := startSink()
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, func() error { return spans.stop(ctx) })
	product, byHand := filepath.Join(dir, "product.db"), filepath.Join(dir, "floor.db")
	if err := errors.Join(newLedger(ctx, product, instances), newLedger(ctx, byHand, instances)); err != nil {
		return nil, nil, err
	}
	p, productAddr, err := startUsageProduct(ctx, dir, koogate, product, spans.addr)
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, p.stop)
	f, floorAddr, err := startUsageFloor(ctx, byHand)
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, f.stop)
	for _, s := range []struct {
		process *process
		addr    string
	}{{p, productAddr}, {f, floorAddr}} {
		report, closeConns, err := dial(s.addr)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, closeConns)
		both = append(both, intake{s.process.name, s.process.cpu, report})
	}
	return both, closeAll, nil
}

// dial opens a connection for each client.
func dial(addr string) (report func(context.Context, int, []usage.Record) error, closeAll func() error, err error) {
	var conns []*grpc.ClientConn
	closeAll = func() (err error) {
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
		return err
	}
	for range 32 {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		conns = append(conns, conn)
	}
	return func(ctx context.Context, client int, records []usage.Record) error {
		req := &koogatev1.ReportUsageRequest{Records: make([]*koogatev1.RawUsage, len(records))}
		for i, r := range records {
			req.Records[i] = &koogatev1.RawUsage{Key: r.Key, InstanceId: r.InstanceID, Value: r.Value, EndTime: timestamppb.New(r.EndAt)}
		}
		res, err := koogatev1.NewUsageServiceClient(conns[client]).ReportUsage(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+apiToken), req)
		return whole(res.GetAdded(), err)
	}, closeAll, nil
}

func startUsageProduct(ctx context.Context, dir, koogate, database, otlp string) (*process, string, error) {
	addr, err := freeAddrs(4)
	if err != nil {
		return nil, "", err
	}
	config, keyset := filepath.Join(dir, "koogate.yaml"), filepath.Join(dir, "keyset.json")
	text := fmt.Sprintf(`
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: 'sqlite:%s'}
keyset_file: '%s'
sellers: [{name: bench, api_tokens: ['%s'], marketplace: {base_url: 'http://127.0.0.1:1', access_key: ak, secret_key: bench-secret-key-not-for-use}}]
endpoints: [{name: bench, seller: bench, keys: ['%s'], products: {'*': {provisioner: worker, meter: {name: calls}}}}]
provisioners: [{name: worker, type: worker}]
jobs: {enabled: false}
`, addr[0], addr[1], addr[2], addr[3], database, keyset, apiToken, accessKey)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, "", err
	}
	if out, err := exec.CommandContext(ctx, koogate, "keys", "new", keyset).CombinedOutput(); err != nil { //nolint:gosec // our own binary
		return nil, "", fmt.Errorf("koogate keys new: %w\n%s", err, out)
	}
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + otlp, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_SAMPLER=always_on"}
	p, err := start(ctx, "koogate", addr[0], addr[3]+"/readyz", env, koogate, "serve", "--config", config, "--log-level", "warn")
	return p, addr[2], err
}

func startUsageFloor(ctx context.Context, database string) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	addr, err := freeAddrs(2)
	if err != nil {
		return nil, "", err
	}
	p, err := start(ctx, "floor", addr[0], addr[0], nil, self, "-floor", addr[0], "-floor-grpc", addr[1], "-database", database)
	return p, addr[1], err
}
