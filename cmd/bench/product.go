// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/sign"
)

// soldOrder is the order that startSold sells.
const soldOrder = "CS2611231200PRODUCT"

// site is what all replicas of one product share.
type site struct {
	koogate, dir string
	name         string // of its own
	database     string
	redis        string // host:port; empty for locks in memory
	keyset       string // file
	otlp         string // host:port; empty for no traces
	market       string // base URL
}

// closers end what was opened, the last first.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c *closers) close() (err error) {
	for _, f := range slices.Backward(*c) {
		err = errors.Join(err, f())
	}
	*c = nil
	return err
}

// tracedSite is newSite with somebody who takes the spans.
func (b *bench) tracedSite(ctx context.Context, e engine, open *closers) (s *site, spans *sink, err error) {
	if spans, err = startSink(); err != nil {
		return nil, nil, err
	}
	open.add(func() error { return spans.stop(ctx) })
	s, err = b.newSite(ctx, e, spans.addr, open)
	return s, spans, err
}

// newSite makes a site with an empty database of the present schema.
func (b *bench) newSite(ctx context.Context, e engine, otlp string, open *closers) (*site, error) {
	database, drop, err := e.make(ctx, "product")
	if err != nil {
		return nil, err
	}
	open.add(drop)
	name := uuid.NewString()[:8]
	m := startMarket()
	open.add(m.close)
	s := &site{
		koogate: b.koogate, dir: b.dir, name: name, database: database, redis: e.redis, otlp: otlp, market: m.url,
		keyset: filepath.Join(b.dir, "keyset-"+name+".json"),
	}
	if err := s.run(ctx, "keys", "new", s.keyset); err != nil {
		return nil, err
	}
	return s, migrate(ctx, b.koogate, b.dir, database)
}

func (s *site) run(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, s.koogate, args...).CombinedOutput(); err != nil { //nolint:gosec // our own binary
		return fmt.Errorf("koogate %v: %w\n%s", args, err, out)
	}
	return nil
}

// migrate brings a database to the present schema.
func migrate(ctx context.Context, koogate, dir, database string) error {
	config := filepath.Join(dir, "migrate-"+uuid.NewString()[:8]+".yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "database: {url: '%s'}\n", database), 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, koogate, "migrate", "--config", config).CombinedOutput(); err != nil { //nolint:gosec // our own binary
		return fmt.Errorf("koogate migrate: %w\n%s", err, out)
	}
	return nil
}

// The ways in which a site provisions what is sold.
const (
	byWorker = "{provisioner: worker}"
	inside   = "{provisioner: inside, sync_budget: 4s}"
)

// start starts a replica. Without jobs it only answers calls.
func (s *site) start(ctx context.Context, jobs bool, product string) (*process, error) {
	return again(func() (*process, error) { return s.startOnce(ctx, jobs, product) })
}

func (s *site) startOnce(ctx context.Context, jobs bool, product string) (*process, error) {
	addr, err := freeAddrs(4)
	if err != nil {
		return nil, err
	}
	redis := ""
	if s.redis != "" {
		redis = "redis: {addrs: ['" + s.redis + "'], prefix: 'bench:" + s.name + ":'}"
	}
	config := filepath.Join(s.dir, "koogate-"+uuid.NewString()[:8]+".yaml")
	text := fmt.Appendf(nil, `
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: '%s'}
%s
keyset_file: '%s'
sellers: [{name: bench, api_tokens: ['%s'], marketplace: {base_url: '%s', access_key: ak, secret_key: bench-secret-key-not-for-use}}]
endpoints: [{name: bench, seller: bench, keys: ['%s'], products: {'*': %s}}]
provisioners:
  - {name: worker, type: worker}
  - {name: inside, type: template, template: {front_end_url: 'https://{instance}.example.com', user_name: admin}}
jobs: {enabled: %v, concurrency: 16}
access: {limits: {writes: {rate: 100000, burst: 1000000}, leases: {rate: 100000, burst: 1000000}}} # counted, and never met
`, addr[0], addr[1], addr[2], addr[3], s.database, redis, s.keyset, apiToken, s.market, accessKey, product, jobs)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, err
	}
	var env []string
	if s.otlp != "" {
		env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + s.otlp, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_SAMPLER=always_on"}
	}
	p, err := start(ctx, "koogate", addr[0], addr[3]+"/readyz", env, s.koogate, "serve", "--config", config, "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	p.grpc = addr[2]
	return p, nil
}

// startSold provisions one instance through the whole product, then restarts it as a replica that only answers the
// marketplace: the floor does no background work either.
func (s *site) startSold(ctx context.Context) (p *process, instance string, err error) {
	if p, err = s.start(ctx, true, inside); err != nil {
		return nil, "", err
	}
	instance, err = provision(p)
	if err := errors.Join(err, p.stop()); err != nil {
		return nil, "", err
	}
	p, err = s.start(ctx, false, byWorker)
	return p, instance, err
}

// provision buys the instance that replay and queryInstance ask for.
func provision(p *process) (string, error) {
	body := newInstance(soldOrder, 1)
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
	return instanceIn(text), nil
}

// instanceIn is the instance ID in an answer.
func instanceIn(answer []byte) string {
	_, after, _ := strings.Cut(string(answer), `"instanceId":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id
}

// startFloor gives the floor a database with the product's schema and starts it.
func (b *bench) startFloor(ctx context.Context, e engine, open *closers) (*process, error) {
	database, err := b.floorDatabase(ctx, e, open)
	if err != nil {
		return nil, err
	}
	p, err := startFloor(ctx, database, e.redis)
	if err != nil {
		return nil, err
	}
	open.add(p.stop)
	return p, nil
}

// floorDatabase makes an empty database with the product's schema.
func (b *bench) floorDatabase(ctx context.Context, e engine, open *closers) (string, error) {
	database, drop, err := e.make(ctx, "floor")
	if err != nil {
		return "", err
	}
	open.add(drop)
	return database, migrate(ctx, b.koogate, b.dir, database)
}

// floorOrder and floorInstance are what the floor holds when it is ready.
const (
	floorOrder    = "CSFLOORSEED"
	floorInstance = "floor-seed-instance"
)

// startFloor starts the floor.
func startFloor(ctx context.Context, database, redis string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return again(func() (*process, error) {
		addr, err := freeAddrs(1)
		if err != nil {
			return nil, err
		}
		return start(ctx, "floor", addr[0], addr[0]+"/produce/bench", nil, self, "-floor", addr[0], "-database", database, "-redis", redis)
	})
}
