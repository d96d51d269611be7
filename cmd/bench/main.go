// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // creates the databases

	"github.com/koogate/koogate/cmd/bench/internal/floor"
)

func main() {
	o := defineOptions(flag.CommandLine)
	floorAddr := flag.String("floor", "", "serve the floor at this address (the benchmark starts itself so)")
	database := flag.String("database", "", "the floor's database")
	redisAddr := flag.String("redis", "", "the floor's Redis")
	floorGRPC := flag.String("floor-grpc", "", "serve the floor of usage at this address")
	push := flag.String("push", "", "push the backlog of this database (the benchmark starts itself so)")
	flag.Parse()
	switch {
	case *push != "":
		exit(pushAll(context.Background(), *push, o.backlog))
		return
	case *floorGRPC != "":
		exit(floor.ServeUsage(context.Background(), *floorAddr, *floorGRPC, *database, apiToken))
		return
	case *floorAddr != "":
		exit(floor.Serve(context.Background(), floor.Config{
			Addr: *floorAddr, Database: *database, Redis: *redisAddr, AccessKey: accessKey, Order: floorOrder, Instance: floorInstance,
		}))
		return
	}
	if err := o.settle(flag.CommandLine); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	exit(run(context.Background(), *o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of the benchmark.
type bench struct {
	options
	dir     string // goes at the end
	koogate string // the program under test
	out     *results
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "koogate-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o, dir: dir, koogate: filepath.Join(dir, "koogate"), out: &results{to: os.Stdout, asJSON: o.json}}
	progress("building koogate")
	if err := build(ctx, b.koogate); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.out.close()
}

// build builds the program under test as it is released.
func build(ctx context.Context, program string) error {
	c := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", program, "github.com/koogate/koogate/cmd/koogate") //nolint:gosec // fixed
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// measure runs the parts that were asked for.
func (b *bench) measure(ctx context.Context) error {
	for _, p := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"marketplace", b.marketplace},
		{"life", b.life},
		{"growth", b.growth},
		{"replicas", b.replicas},
		{"process", b.process},
		{"usage", b.usage},
	} {
		if !b.wants(p.name) {
			continue
		}
		began := time.Now()
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		progress("")
		fmt.Fprintf(os.Stderr, "bench: %s took %s\n", p.name, time.Since(began).Round(time.Second))
	}
	return nil
}

// progress says how far the benchmark is, to somebody at a terminal; with nothing it clears the line.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
