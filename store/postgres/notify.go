// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

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
