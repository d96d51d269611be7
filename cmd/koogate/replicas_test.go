// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/redis/go-redis/v9"
)

// House rule 1: two replicas over PostgreSQL and Redis, a thousand simultaneous calls for one order line with a thousand
// business IDs: one instance, one answer, one create task. Redis is left alone, flushed every 10 ms, and killed half-way;
// nothing changes, no call is left unanswered and none takes longer than 2 s.
func TestReplicas(t *testing.T) {
	for _, c := range []struct {
		name    string
		disturb func(t *testing.T, r *redisServer, half <-chan struct{}) (stop func())
	}{
		{"undisturbed", func(*testing.T, *redisServer, <-chan struct{}) func() { return func() {} }},
		{"flushed every 10 ms", flushing},
		{"killed half-way", killing},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "postgres")
			r := startRedis(t)
			s.redis = r.addr
			s.migrate()
			procs := []*process{s.process(true), s.process(true)}
			for _, p := range procs {
				p.start()
				defer p.stop()
			}
			thousand(t, procs, func(half <-chan struct{}) func() { return c.disturb(t, r, half) })
		})
	}
}

func thousand(t *testing.T, procs []*process, disturb func(half <-chan struct{}) func()) {
	const n = 1000
	for _, p := range procs { // open the connections before the start, as a proxy in front would have
		var warm sync.WaitGroup
		for range n / len(procs) {
			warm.Go(func() {
				if _, err := p.call(t.Context(), `{"activity":"queryInstance","instanceId":"nobody"}`); err != nil {
					t.Error(err)
				}
			})
		}
		warm.Wait()
	}
	half := make(chan struct{})
	stop := disturb(half)
	defer stop()
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		ids     = map[string]int{}
		slowest time.Duration
		start   = make(chan struct{})
	)
	order := "CS2611231200REPLICA"
	for i := range n {
		wg.Go(func() {
			<-start
			if i == n/2 {
				close(half)
			}
			began := time.Now()
			a, err := procs[i%len(procs)].call(t.Context(), newInstanceBody(order))
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, took)
			if err != nil {
				t.Errorf("call %d unanswered: %v", i, err)
				return
			}
			ids[a.ResultCode+" "+a.InstanceID]++
		})
	}
	close(start)
	wg.Wait()
	t.Logf("%d calls, slowest %s, answers %v", n, slowest.Round(time.Millisecond), ids)
	if len(ids) != 1 {
		t.Errorf("different answers: %v", ids)
	}
	if slowest > 2*time.Second {
		t.Errorf("the slowest call took %s", slowest)
	}
	p := procs[0]
	if n := p.count("instances", fmt.Sprintf("order_id = %q", order)); n != 1 {
		t.Errorf("%d instances", n)
	}
	if n := p.count("tasks", fmt.Sprintf("order_id = %q AND kind = %q", order, "CREATE")); n != 1 {
		t.Errorf("%d create tasks", n)
	}
	for name := range ids {
		stopWork := background(func(ctx context.Context) error { return procs[1].work(ctx, "w") })
		for range 200 {
			if p.count("instances", `state = "ACTIVE"`) == 1 {
				break
			}
			time.Sleep(25 * time.Millisecond)
		}
		if err := stopWork(); err != nil {
			t.Error(err)
		}
		a, err := p.call(t.Context(), fmt.Sprintf(`{"activity":"queryInstance","instanceId":"%s"}`, name[7:]))
		if err != nil || a.ResultCode != "000000" || len(a.Info) != 1 {
			t.Errorf("query: %+v %v", a, err)
		}
	}
}

// redisServer is a redis-server of the test's own, to be mistreated.
type redisServer struct {
	addr string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	bin := os.Getenv("KOOGATE_TEST_REDIS_SERVER")
	if bin == "" {
		t.Skip("needs redis-server: make services-test")
	}
	addr := freeAddrs(t, 1)[0]
	_, port, _ := strings.Cut(addr, ":")
	r := &redisServer{addr: addr, cmd: exec.Command(bin, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	})
	c := redis.NewClient(&redis.Options{Addr: r.addr})
	defer c.Close()
	for range 200 {
		if c.Ping(t.Context()).Err() == nil {
			return r
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return nil
}

func flushing(t *testing.T, r *redisServer, _ <-chan struct{}) func() {
	c := redis.NewClient(&redis.Options{Addr: r.addr})
	stop := background(func(ctx context.Context) error {
		for n := 0; ; n++ {
			if c.FlushAll(ctx).Err() != nil || clock.Sleep(ctx, clock.System{}, 10*time.Millisecond) != nil {
				t.Logf("flushed %d times", n)
				return ctx.Err()
			}
		}
	})
	return func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
}

func killing(_ *testing.T, r *redisServer, half <-chan struct{}) func() {
	stop := background(func(ctx context.Context) error {
		select {
		case <-half:
			return r.cmd.Process.Kill()
		case <-ctx.Done():
			return nil
		}
	})
	return func() { _ = stop() } // killing twice is no harm
}
