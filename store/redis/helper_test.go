// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store/guardtest"
)

// now is the real clock: these tests talk to processes that live by it.
func now() time.Time { return clock.System{}.Now() }

func sleep(d time.Duration) { <-clock.System{}.NewTimer(d).C() }

// openAt opens a guard with the deadlines of production.
func openAt(t testing.TB, change func(*Options), addrs ...string) *Guard {
	t.Helper()
	return openWithin(t, promised, change, addrs...)
}

// unhurried is for tests of what is answered, not when: a machine that is busy with other tests must not fail them.
var unhurried = deadlines{call: 20 * time.Second, dial: 10 * time.Second, io: 10 * time.Second, pool: 10 * time.Second}

func openWithin(t testing.TB, d deadlines, change func(*Options), addrs ...string) *Guard {
	t.Helper()
	o := Options{Addrs: addrs, Now: now, Prefix: freshPrefix()}
	if change != nil {
		change(&o)
	}
	g, err := open(o, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return g
}

var prefixes atomic.Int64

// freshPrefix keeps tests apart that share a server, also with other runs of this binary.
func freshPrefix() string {
	return fmt.Sprintf("koogate-test:%d:%d:%d:", os.Getpid(), now().UnixNano(), prefixes.Add(1))
}

// realRedis is the address of a server for tests that do not harm it: KOOGATE_TEST_REDIS, or one of the test's own.
func realRedis(t *testing.T) string {
	t.Helper()
	if addr := os.Getenv("KOOGATE_TEST_REDIS"); addr != "" {
		return addr
	}
	return guardtest.StartRedis(t).Addr
}

// blackHole accepts connections and never says a word.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return l.Addr().String()
}

// stopwatch keeps the longest of many durations, and how long a goroutine that does nothing was kept waiting meanwhile: on a
// machine that is busy with other tests everybody waits, and that is not the guard's doing.
type stopwatch struct {
	longest, idle atomic.Int64
	stop          func()
}

func startWatch() *stopwatch {
	s, done, gone := &stopwatch{}, make(chan struct{}), make(chan struct{})
	s.stop = sync.OnceFunc(func() { close(done); <-gone })
	go func() {
		defer close(gone)
		const turn = 2 * time.Millisecond
		for {
			began := now()
			select {
			case <-done:
				return
			case <-clock.System{}.NewTimer(turn).C():
			}
			s.idle.Store(max(s.idle.Load(), int64(now().Sub(began)-turn)))
		}
	}()
	return s
}

func (s *stopwatch) time(f func()) {
	began := now()
	f()
	took := int64(now().Sub(began))
	for {
		old := s.longest.Load()
		if took <= old || s.longest.CompareAndSwap(old, took) {
			return
		}
	}
}

func (s *stopwatch) check(t *testing.T) {
	t.Helper()
	s.stop()
	longest, idle := time.Duration(s.longest.Load()), time.Duration(s.idle.Load())
	t.Logf("longest call: %v; who did nothing waited up to %v", longest, idle)
	if longest >= 500*time.Millisecond+2*idle { // a call waits for at least two: its own turn and the socket's
		t.Errorf("a call took %v", longest)
	}
}
