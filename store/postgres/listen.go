// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/koogate/koogate/store"
)

const (
	// listenIdle is how long the listening connection may be silent before it is asked whether it still lives.
	listenIdle = 10 * time.Second
	// listenTimeout bounds connecting and asking.
	listenTimeout = 5 * time.Second
)

// listener holds the one connection on which other processes' wake-ups come in. When it breaks it connects again and
// wakes everybody, since wake-ups may have been lost meanwhile.
type listener struct {
	config  *pgx.ConnConfig
	channel string
	sender  string
	hub     *store.Hub
	log     *slog.Logger
	cancel  context.CancelFunc
	done    chan struct{}
}

// listen connects once, so that an error shows at once, and keeps listening until stop.
func listen(ctx context.Context, config *pgx.ConnConfig, channel, sender string, hub *store.Hub, log *slog.Logger) (*listener, error) {
	l := &listener{config: config, channel: channel, sender: sender, hub: hub, log: log, done: make(chan struct{})}
	conn, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go l.loop(life, conn)
	return l, nil
}

func (l *listener) stop() {
	l.cancel()
	<-l.done
}

func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, fmt.Errorf("postgres: listen: %w", err)
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		hangUp(conn)
		return nil, fmt.Errorf("postgres: listen: %w", err)
	}
	return conn, nil
}

// loop receives on conn, and on its successors after it broke, until ctx ends.
func (l *listener) loop(ctx context.Context, conn *pgx.Conn) {
	defer close(l.done)
	for failures := 0; ctx.Err() == nil; {
		err := l.receive(ctx, conn)
		hangUp(conn)
		for conn = nil; conn == nil && ctx.Err() == nil; {
			failures++
			l.log.Warn("wake-ups from other replicas are interrupted", "error", err, "attempt", failures)
			sleep(ctx, backoff(failures))
			conn, err = l.connect(ctx)
		}
		if conn == nil {
			return
		}
		failures = 0
		l.log.Info("wake-ups from other replicas are back")
		l.hub.WakeAll()
	}
	hangUp(conn)
}

// receive hands notifications to the hub until the connection breaks or ctx ends.
func (l *listener) receive(ctx context.Context, conn *pgx.Conn) error {
	for {
		idle, cancel := context.WithTimeout(ctx, listenIdle)
		n, err := conn.WaitForNotification(idle)
		cancel()
		switch {
		case err == nil:
			from, topics, _ := strings.Cut(n.Payload, separator)
			switch {
			case from == l.sender: // its own were published before they were sent
			case slices.Contains(strings.Split(topics, separator), everybody):
				l.hub.WakeAll()
			default:
				l.hub.Publish(strings.Split(topics, separator)...)
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) && !conn.IsClosed():
			if err := l.alive(ctx, conn); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// alive asks the server, so that a connection which died in silence is noticed.
func (l *listener) alive(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	return conn.Ping(ctx)
}

func hangUp(conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is given up either way
}

const (
	// everybody stands for every topic. It is sent when wake-ups may have been lost, or are too many to name.
	everybody = "*"
	// separator stands between the parts of a payload: the sender, then topics.
	separator = "\x1e"
	// maxPayload is the longest payload that the server takes.
	maxPayload = 7999
	// maxTopics is how many topics are kept while none can be sent; beyond it everybody is woken.
	maxTopics = 4096
	// notifyPause keeps sending from being all that a busy replica does.
	notifyPause = 10 * time.Millisecond
	// notifyTimeout bounds one attempt to send.
	notifyTimeout = 5 * time.Second
	// lastTimeout bounds the attempt at the end, for which a stop waits.
	lastTimeout = time.Second
)

// newSender returns a name for this store's notifications, by which it knows its own.
func newSender() string { return rand.Text() }

// channelOf names the channel of a schema; an identifier has at most 63 bytes.
func channelOf(schema string) string {
	name := "koogate " + schema
	return strings.ToValidUTF8(name[:min(len(name), 63)], "")
}

// notifier tells other processes which topics changed. A NOTIFY takes a lock of the whole database until its commit is
// done, so it is no part of the change's transaction: one goroutine sends what has gathered, in a transaction of its own
// that does not wait for the disk.
type notifier struct {
	pool    *pgxpool.Pool
	channel string
	sender  string
	log     *slog.Logger

	mu      sync.Mutex
	pending map[string]struct{}
	wake    chan struct{} // capacity 1: something is pending
	cancel  context.CancelFunc
	done    chan struct{}
}

func startNotifier(pool *pgxpool.Pool, channel, sender string, log *slog.Logger) *notifier {
	life, cancel := context.WithCancel(context.Background())
	n := &notifier{
		pool: pool, channel: channel, sender: sender, log: log, pending: make(map[string]struct{}),
		wake: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}),
	}
	go n.loop(life)
	return n
}

// stop sends what is pending and ends the goroutine; what notify is called with after it is not sent.
func (n *notifier) stop() {
	n.cancel()
	<-n.done
}

// notify has the topics sent soon. It does not block.
func (n *notifier) notify(topics ...string) {
	if len(topics) == 0 {
		return
	}
	n.mu.Lock()
	if len(n.pending)+len(topics) > maxTopics {
		clear(n.pending)
		topics = []string{everybody}
	}
	for _, t := range topics {
		n.pending[t] = struct{}{}
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *notifier) loop(life context.Context) {
	defer close(n.done)
	for failures := 0; ; {
		select {
		case <-life.Done():
			_ = n.send(lastTimeout) // the last attempt; who misses its wake-ups finds the work without them
			return
		case <-n.wake:
		}
		wait := notifyPause
		if err := n.send(notifyTimeout); err != nil {
			failures++
			wait = backoff(failures)
			n.log.Warn("cannot send wake-ups to other replicas", "error", err, "attempt", failures)
		} else {
			failures = 0
		}
		sleep(life, wait)
	}
}

// send sends the pending topics; on failure they stay pending.
func (n *notifier) send(limit time.Duration) error {
	n.mu.Lock()
	topics := make([]string, 0, len(n.pending))
	for t := range n.pending {
		topics = append(topics, t)
	}
	clear(n.pending)
	n.mu.Unlock()
	if len(topics) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue("SET LOCAL synchronous_commit = off")
	b.Queue("SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", n.channel, payloads(n.sender, topics))
	b.Queue("COMMIT")
	if err := n.pool.SendBatch(ctx, &b).Close(); err != nil {
		n.notify(topics...)
		return fmt.Errorf("postgres: notify: %w", err)
	}
	return nil
}

// payloads packs topics into as few payloads as the server's limit allows.
func payloads(sender string, topics []string) []string {
	var out []string
	var b strings.Builder
	b.WriteString(sender)
	for _, t := range topics {
		if len(sender)+len(separator)+len(t) > maxPayload {
			t = everybody
		}
		if b.Len()+len(separator)+len(t) > maxPayload {
			out = append(out, b.String())
			b.Reset()
			b.WriteString(sender)
		}
		b.WriteString(separator)
		b.WriteString(t)
	}
	return append(out, b.String())
}

// backoff is how long to wait after so many failures: 50 ms, doubling to 5 s.
func backoff(failures int) time.Duration {
	return min(50*time.Millisecond<<min(max(failures-1, 0), 10), 5*time.Second)
}
