// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// The feed of TestChaosWatch: orders, each with a chain of so many events.
const (
	watchChain = 100  // events of an order
	watchPace  = 1250 // events a second
	watchKind  = "instance.refreshed"
)

// TestChaosWatch: watchers over gRPC and server-sent events follow a feed that grows by transactions which commit in another order than they began, while the three
// replicas that they watch are killed and started again one by one. One reader takes nothing until everything is written. Each is told every event at
// least once, in the order of its chain, and a resume skips none; and what the watchers cost a replica in memory is bounded.
func TestChaosWatch(t *testing.T) {
	watchers, events := int(fromEnv(t, "KOOGATE_WATCHERS", 10)), int(fromEnv(t, "KOOGATE_WATCH_EVENTS", 5000))
	s := newSite(t, "postgres")
	s.migrate()
	db, err := sql.Open("pgx", s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	procs := []*process{s.process(false), s.process(false), s.process(false)}
	var idle int64
	for _, p := range procs {
		p.start()
		now, _ := p.resident()
		idle = max(idle, now)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
	defer cancel()

	written := make(chan struct{})
	w := watched{orders: events / watchChain}
	var group sync.WaitGroup
	failed := make(chan error, watchers+1)
	for n := range watchers {
		one := &watcher{watched: &w, procs: procs, at: n, rest: n%5 == 4, last: map[string]int{}}
		if n == 0 {
			one.hold = written
		}
		group.Go(func() {
			if err := one.follow(ctx); err != nil {
				failed <- fmt.Errorf("watcher %d: %w", n, err)
				cancel()
			}
		})
	}
	began := time.Now()
	group.Go(func() {
		defer close(written)
		if err := grow(ctx, db, w.orders); err != nil {
			failed <- fmt.Errorf("the feed: %w", err)
			cancel()
		}
		t.Logf("%d events of %d orders were written in %s", w.orders*watchChain, w.orders, time.Since(began).Round(time.Millisecond))
	})

	// Kill one replica after the other for as long as somebody watches.
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	kills, peak := 0, int64(0)
	look := func(p *process) {
		_, high := p.resident()
		peak = max(peak, high)
	}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(300 * time.Millisecond):
			p := procs[kills%len(procs)]
			look(p)
			p.kill()
			kills++
			p.start()
		}
	}
	for _, p := range procs {
		look(p)
		p.stop()
	}
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	t.Logf("%d watchers were told %d events, %d of them again, by %d streams; %d kills in %s; a replica had %d MiB when idle and %d MiB at most",
		watchers, w.told.Load(), w.again.Load(), w.streams.Load(), kills, time.Since(began).Round(time.Second), idle>>20, peak>>20)
	if want := int64(watchers * w.orders * watchChain); w.told.Load()-w.again.Load() != want {
		t.Errorf("%d events were told for the first time, want %d", w.told.Load()-w.again.Load(), want)
	}
	if kills < 3 {
		t.Errorf("%d kills prove nothing", kills)
	}
	if !raceDetector && peak-idle > growth {
		t.Errorf("the watchers cost a replica %d MiB", (peak-idle)>>20)
	}
}

// grow writes the events of so many orders: some orders at a time, a few events of one in each transaction, of which one in twenty is open for a while.
func grow(ctx context.Context, db *sql.DB, orders int) error {
	const writers = 8
	var next atomic.Int64
	errs := make(chan error, writers)
	for range writers {
		go func() {
			errs <- func() error {
				for {
					n := next.Add(1)
					if n > int64(orders) {
						return nil
					}
					for seq := 1; seq <= watchChain; {
						many := min(1+rand.IntN(10), watchChain+1-seq)
						if err := add(ctx, db, fmt.Sprintf("CS-WATCH-%06d", n), seq, many); err != nil {
							return err
						}
						seq += many
						if err := clock.Sleep(ctx, clock.System{}, time.Duration(many)*writers*time.Second/watchPace); err != nil {
							return err
						}
					}
				}
			}()
		}()
	}
	var all error
	for range writers {
		all = errors.Join(all, <-errs)
	}
	return all
}

// add writes events of an order in one transaction.
func add(ctx context.Context, db *sql.DB, order string, seq, many int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(ctx, `INSERT INTO events (seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash)
		SELECT 'vendor', $1, n, $4, 'biz-' || $1, extract(epoch FROM now()) * 1000000, '{"actor":"marketplace endpoint main","expireTime":"20281130155959000"}', '', ''
		FROM generate_series($2::bigint, $3::bigint) n`, order, seq, seq+many-1, watchKind)
	if err != nil {
		return err
	}
	if rand.IntN(20) == 0 { // later transactions commit before this one
		if err := clock.Sleep(ctx, clock.System{}, time.Duration(rand.IntN(50))*time.Millisecond); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// watched is what all watchers count together.
type watched struct {
	orders               int
	told, again, streams atomic.Int64
}

// watcher follows the feed from its beginning to the last event of the last order.
type watcher struct {
	*watched
	procs []*process
	at    int             // the replica that it watches
	rest  bool            // by server-sent events
	hold  <-chan struct{} // after a few events nothing is read until it is closed; nil for never

	token string
	last  map[string]int // the last event of each order
	whole int            // orders that are told to their end
	seen  int
}

// follow reads streams until everything is told.
func (w *watcher) follow(ctx context.Context) error {
	for w.whole < w.orders {
		w.streams.Add(1)
		err := w.stream(ctx)
		if fatal := (*disorder)(nil); errors.As(err, &fatal) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		w.at++ // another replica, as behind a balancer
		if err := clock.Sleep(ctx, clock.System{}, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := w.procs[w.at%len(w.procs)]
	if w.rest {
		return w.sent(ctx, p)
	}
	conn, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+testToken)
	stream, err := koogatev1.NewEventServiceClient(conn).WatchEvents(ctx, &koogatev1.WatchEventsRequest{ResumeToken: w.token, FromBeginning: w.token == ""})
	for err == nil && w.whole < w.orders {
		var m *koogatev1.WatchEventsResponse
		if m, err = stream.Recv(); err != nil {
			return err
		}
		if e := m.GetEvent(); e != nil {
			err = w.take(ctx, e.GetOrderId(), int(e.GetEvent().GetSeq()))
		}
		w.token = m.GetResumeToken()
	}
	return err
}

// sent reads server-sent events.
func (w *watcher) sent(ctx context.Context, p *process) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.api+"/v1/events:watch", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	if w.token == "" {
		r.URL.RawQuery = "fromBeginning=true"
	} else {
		r.Header.Set("Last-Event-ID", w.token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	id, data := "", ""
	for lines := bufio.NewScanner(res.Body); w.whole < w.orders; {
		if !lines.Scan() {
			return errors.Join(lines.Err(), errors.New("the stream ends"))
		}
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			data = value
		case "": // the end of a block
			if data != "" {
				var e struct {
					OrderID string `json:"orderId"`
					Event   struct {
						Seq int `json:"seq,string"`
					} `json:"event"`
				}
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					return err
				}
				if e.OrderID != "" { // the last block of a stream says why it ends
					if err := w.take(ctx, e.OrderID, e.Event.Seq); err != nil {
						return err
					}
				}
			}
			if id != "" {
				w.token = id
			}
			id, data = "", ""
		}
	}
	return nil
}

// disorder is what no watcher may be told.
type disorder struct {
	order     string
	seq, last int
}

func (d *disorder) Error() string {
	return fmt.Sprintf("order %s: event %d was told after event %d", d.order, d.seq, d.last)
}

// take notes an event.
func (w *watcher) take(ctx context.Context, order string, seq int) error {
	w.told.Add(1)
	switch last := w.last[order]; {
	case seq <= last:
		w.again.Add(1)
	case seq > last+1:
		return &disorder{order, seq, last}
	default:
		w.last[order] = seq
		if seq == watchChain {
			w.whole++
		}
	}
	if w.seen++; w.seen == 20 && w.hold != nil {
		select {
		case <-w.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
