// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/storetest"
)

// traffic is what clients have sent to the server: statements to be parsed, statements to be run, and how often the client then
// waited for an answer.
type traffic struct{ parsed, ran, trips int }

// meter stands in front of a server and counts, but not the wake-ups of other replicas: those have their own time.
type meter struct {
	mu sync.Mutex
	n  traffic
}

func (m *meter) take() traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.n
	m.n = traffic{}
	return n
}

// metered returns the URL of a database through a meter.
func metered(t *testing.T, database string) (*meter, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{}
	var running sync.WaitGroup
	host := backendtest.Host(t, database)
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", host)
			if err != nil {
				_ = client.Close()
				continue
			}
			running.Go(func() {
				_, _ = io.Copy(client, server)
				_ = client.Close()
			})
			running.Go(func() {
				m.pass(client, server)
				_ = server.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	return m, u.String()
}

// pass hands on what a client sends: its first message has no type; those that follow have one byte for it, and then their length. A trip is
// counted before the server hears of it, so that whoever has the answer finds it counted.
func (m *meter) pass(client io.Reader, server io.Writer) {
	message := func(head int) ([]byte, error) {
		begin := make([]byte, head)
		if _, err := io.ReadFull(client, begin); err != nil {
			return nil, err
		}
		b := bytes.NewBuffer(begin)
		_, err := io.CopyN(b, client, int64(binary.BigEndian.Uint32(begin[head-4:]))-4)
		return b.Bytes(), err
	}
	start, err := message(4)
	if err != nil {
		return
	}
	if _, err := server.Write(start); err != nil {
		return
	}
	var n traffic
	var sent bytes.Buffer
	for {
		b, err := message(5)
		if err != nil {
			return
		}
		sent.Write(b)
		switch b[0] {
		case 'P':
			n.parsed++
		case 'E':
			n.ran++
		case 'Q':
			n.parsed, n.ran, n.trips = n.parsed+1, n.ran+1, n.trips+1
		case 'S':
			n.trips++
		}
		// A wake-up names its channel, and when its statements are parsed, the function.
		if b[0] == 'S' || b[0] == 'Q' {
			if !bytes.Contains(sent.Bytes(), []byte("koogate koogate_test_")) && !bytes.Contains(sent.Bytes(), []byte("pg_notify")) {
				m.mu.Lock()
				m.n.parsed, m.n.ran, m.n.trips = m.n.parsed+n.parsed, m.n.ran+n.ran, m.n.trips+n.trips
				m.mu.Unlock()
			}
			n = traffic{}
			sent.Reset()
		}
		if _, err := server.Write(b); err != nil {
			return
		}
	}
}

// TestTheHotPathsAreOneRoundTrip: newInstance, its repeats, queryInstance and leases wait for the server once each, and it parses
// nothing for them that it has parsed on the connection before.
func TestTheHotPathsAreOneRoundTrip(t *testing.T) {
	database := freshSchema(t)
	if _, err := postgres.Migrate(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	m, through := metered(t, database)
	s, err := postgres.Open(t.Context(), postgres.Options{URL: through, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := t.Context()
	order := 0
	ids := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("inst-CS%d", i))
		}
		return list
	}
	lease := func(queue string, most int) error {
		_, err := s.Lease(ctx, store.LeaseRequest{Seller: storetest.Seller, Queues: []string{queue}, Worker: "w", Max: most, For: time.Minute})
		return err
	}
	for _, c := range []struct {
		name string
		call func() error
		ran  int
	}{
		{"newInstance", func() error {
			order++
			return s.Apply(ctx, storetest.Admission(fmt.Sprint("CS", order), storetest.Epoch))
		}, 6},
		{"a repeat", func() error {
			_, err := s.Line(ctx, storetest.NewLine("CS1", storetest.Epoch).LineKey)
			return err
		}, 1},
		{"queryInstance of one instance", func() error { _, err := s.Instances(ctx, storetest.Seller, ids(1)); return err }, 1},
		{"queryInstance of several instances", func() error { order++; _, err := s.Instances(ctx, storetest.Seller, ids(2+order%5)); return err }, 1},
		{"a lease that finds nothing", func() error { return lease("none", 10) }, 2}, // one says how the other is planned
		{"a lease of one task", func() error { return lease("internal", 1) }, 2},
	} {
		for range 2 { // the first call on a connection may parse
			if err := c.call(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		m.take()
		for range 3 {
			if err := c.call(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if got, want := m.take(), (traffic{0, 3 * c.ran, 3}); got != want {
			t.Errorf("3 times %s: %+v, want %+v", c.name, got, want)
		}
	}
	// The server, too, makes the plans once: it tries five times whether a plan for the values at hand is cheaper, and keeps the
	// plan for any value when it is not.
	for range 20 {
		if _, err := s.Line(ctx, storetest.NewLine("CS1", storetest.Epoch).LineKey); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Instances(ctx, storetest.Seller, ids(1)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(lease("internal", 1), lease("none", 1)); err != nil {
			t.Fatal(err)
		}
		order++
		if err := s.Apply(ctx, storetest.Admission(fmt.Sprint("CS", order), storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.NextDue(ctx, storetest.Seller, []string{"internal"}); err != nil {
			t.Fatal(err)
		}
	}
	made, kept, err := s.Plans(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"OrderInsert", "EventInsert", "LineInsert", "InstanceInsert", "TaskInsert", "LineGet", "InstanceGet", "TasksLease", "TasksNextDue",
	} {
		if made[statement] > 5 || kept[statement] < 10 {
			t.Errorf("%s: planned %d times, and %d times the plan was there", statement, made[statement], kept[statement])
		}
	}
	// What is not there is found in one round trip, too.
	m.take()
	if _, err := s.Line(ctx, storetest.NewLine("nobody", storetest.Epoch).LineKey); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if got, want := m.take(), (traffic{0, 1, 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
