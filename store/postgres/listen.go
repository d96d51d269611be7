// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
