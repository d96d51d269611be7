// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/guardtest"
)

// until asks again and again, for at most d.
func until(t *testing.T, d time.Duration, what string, ask func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for !ask() {
		if ctx.Err() != nil {
			t.Fatalf("%s: not within %v", what, d)
		}
		sleep(20 * time.Millisecond)
	}
}

func tell(t *testing.T, s *guardtest.RedisServer, command string) {
	t.Helper()
	if answer, err := s.Do(command); err != nil || answer != "+OK" {
		t.Fatalf("%s: %s %v", command, answer, err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// A cluster of three masters: the nonce and the lock of one call live on different nodes, slots move while in use, and
// a node that dies takes its share of the keys away for a moment, nothing else.
func TestCluster(t *testing.T) {
	t.Parallel()
	var nodes []*guardtest.RedisServer
	var ports, addrs []string
	for range 3 {
		bus := freePort(t)
		nodes = append(nodes, guardtest.StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-require-full-coverage", "no", "--cluster-node-timeout", "5000"))
		ports = append(ports, bus)
		addrs = append(addrs, nodes[len(nodes)-1].Addr)
	}
	for i, n := range nodes {
		tell(t, n, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*5461+min(i, 1), min((i+1)*5461, 16383)))
		if i > 0 {
			_, port, _ := net.SplitHostPort(n.Addr)
			tell(t, nodes[0], fmt.Sprintf("CLUSTER MEET 127.0.0.1 %s %s", port, ports[i]))
		}
	}
	// Each node learns of the others' slots by gossip, and a client asks the one it comes upon.
	until(t, 60*time.Second, "every node knows every slot", func() bool {
		for _, n := range nodes {
			known, err := n.Do(`EVAL "return redis.status_reply((string.gsub(redis.call('CLUSTER','INFO'), '%s+', ' ')))" 0`)
			if err != nil || !strings.Contains(known, "cluster_state:ok ") || !strings.Contains(known, "cluster_slots_ok:16384 ") {
				return false
			}
		}
		return true
	})
	g := openWithin(t, unhurried, func(o *Options) { o.Addrs, o.Cluster = addrs, true })
	t.Run("suite", func(t *testing.T) {
		guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
			g := openWithin(t, unhurried, func(o *Options) { o.Addrs, o.Cluster = addrs, true })
			return g, sleep
		}, guardtest.RealTime)
	})
	t.Run("slots move", func(t *testing.T) {
		// All slots of the first node are empty after a flush, so they can change hands at once.
		tell(t, nodes[0], "FLUSHALL")
		answer, err := nodes[1].Do(`EVAL "return redis.status_reply(redis.call('CLUSTER','MYID'))" 0`)
		id, ok := strings.CutPrefix(answer, "+")
		if err != nil || !ok {
			t.Fatalf("MYID: %s %v", answer, err)
		}
		for slot := range 300 {
			for _, n := range nodes {
				tell(t, n, fmt.Sprintf("CLUSTER SETSLOT %d NODE %s", slot, id))
			}
		}
		for i := range 500 { // the client still asks the old owner and is sent on
			key := fmt.Sprint("move", i)
			e, err := g.Enter(t.Context(), store.EnterRequest{Nonce: key, NonceTTL: time.Minute, LockKey: key, LockTTL: time.Minute})
			if err != nil || e.NonceSeen || e.Lock != store.LockHeld {
				t.Fatalf("%+v %v", e, err)
			}
			if err := g.Leave(t.Context(), key, e.Fence, true); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("node dies", func(t *testing.T) {
		g := openAt(t, func(o *Options) { o.Addrs, o.Cluster = addrs, true })
		until(t, 10*time.Second, "first call", func() bool { return g.Ping(t.Context()) == nil })
		nodes[2].Kill()
		watch := startWatch()
		for i := range 60 {
			watch.time(func() {
				_, _ = g.Enter(t.Context(), store.EnterRequest{
					Nonce: fmt.Sprint("n", i), NonceTTL: time.Minute, LockKey: fmt.Sprint("l", i), LockTTL: time.Minute,
				})
			})
			sleep(20 * time.Millisecond)
		}
		watch.check(t)
	})
}

// Sentinel: the master dies, a replica is promoted, and the guard follows.
func TestSentinel(t *testing.T) {
	t.Parallel()
	master := guardtest.StartRedis(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := guardtest.StartRedis(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	sentinel := startSentinel(t, master.Addr)
	g := openAt(t, func(o *Options) { o.Addrs, o.Master = []string{sentinel}, "koogate" })
	until(t, 10*time.Second, "the master is found", func() bool { return g.Ping(t.Context()) == nil })
	until(t, 15*time.Second, "the replica is in sync and known", func() bool {
		s := guardtest.RedisServer{Addr: sentinel}
		known, _ := s.Do(`SENTINEL REPLICAS koogate`)
		role, _ := replica.Do("SET probe 1") // -READONLY once it follows
		return known == "*1" && strings.HasPrefix(role, "-READONLY")
	})
	enter := func(key string) (store.Entry, error) {
		return g.Enter(t.Context(), store.EnterRequest{Nonce: key, NonceTTL: time.Minute, LockKey: key, LockTTL: time.Minute})
	}
	before, err := enter("a")
	if err != nil || before.Lock != store.LockHeld {
		t.Fatal(before, err)
	}
	master.Kill()
	watch := startWatch()
	var after store.Entry
	until(t, 30*time.Second, "failover", func() bool {
		watch.time(func() { after, err = enter("b") })
		return err == nil
	})
	watch.check(t)
	if after.Lock != store.LockHeld || after.Fence <= before.Fence {
		t.Errorf("after failover: %+v, before %+v", after, before)
	}
}

func startSentinel(t *testing.T, master string) string {
	t.Helper()
	bin := os.Getenv("KOOGATE_TEST_REDIS_SERVER")
	if bin == "" {
		bin = "redis-server"
	}
	host, port, _ := net.SplitHostPort(master)
	own := freePort(t)
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nlogfile %s\nsentinel monitor koogate %s %s 1\n"+
		"sentinel down-after-milliseconds koogate 500\nsentinel failover-timeout koogate 3000\n",
		own, filepath.Dir(conf), filepath.Join(filepath.Dir(conf), "log"), host, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, conf, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return "127.0.0.1:" + own
}
