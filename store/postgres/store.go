// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// Options say which database to use and how.
type Options struct {
	// URL or keyword string of the database, as libpq understands it.
	URL string
	// MaxConns bounds the pool; 0 for a default by the number of CPUs. One more connection listens.
	MaxConns int32
	// Lists bound the lists of API clients: by default a quarter of the connections, and two at least, are theirs at a time.
	Lists sqllist.Limits
	// Migrate lets Open bring the schema up to date; without it Open refuses a database whose schema is behind.
	Migrate bool
	// Clock stands in for the database's own clock; nil in production. Tests and drills put their virtual time here.
	Clock func() time.Time
	// Logger hears of lost and regained connections for wake-ups; nil for silence.
	Logger *slog.Logger
}

// errClosed is what calls get after Close.
var errClosed = errors.New("postgres: the store is closed")

// Store implements store.Store on PostgreSQL 13 or later.
type Store struct {
	hub store.Hub

	gate     sync.RWMutex // held shared by running calls, exclusively by Close
	closed   bool
	clock    func() time.Time // nil for the database's
	pool     *pgxpool.Pool
	query    *dbsqlc.Queries
	turns    *sqllist.Turns // of what API clients browse
	notifier *notifier
	listener *listener
}

var _ store.Store = (*Store)(nil)

// Open connects, checks or migrates the schema, and starts to listen. It fails when the database cannot be reached, and
// when the schema is behind and Options.Migrate is not set.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w := &sessions{}
	config, err := poolConfig(o, w)
	if err != nil {
		return nil, err
	}
	if o.Migrate {
		if _, err := Migrate(ctx, o.URL); err != nil {
			return nil, err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	w.pool.Store(pool)
	turns := sqllist.NewTurns(o.Lists.WithDefaults(max(2, int(config.MaxConns)/4)))
	s := &Store{clock: o.Clock, pool: pool, query: dbsqlc.New(pool), turns: turns}
	channel, err := checkDatabase(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	sender := newSender()
	if s.listener, err = listen(ctx, listenConfig(config), channel, sender, &s.hub, o.Logger); err != nil {
		pool.Close()
		return nil, err
	}
	s.notifier = startNotifier(pool, channel, sender, o.Logger)
	s.hub.Elsewhere = s.notifier.notify
	return s, nil
}

// enter admits a call; every success is paired with leave.
func (s *Store) enter(ctx context.Context, texts ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckText(texts...); err != nil {
		return err
	}
	s.gate.RLock()
	if s.closed {
		s.gate.RUnlock()
		return errClosed
	}
	return nil
}

func (s *Store) leave() { s.gate.RUnlock() }

// Watch implements store.Watcher.
func (s *Store) Watch(topics ...string) (wake <-chan struct{}, stop func()) {
	return s.hub.Watch(topics...)
}

// Turn implements store.Watcher.
func (s *Store) Turn(topics ...string) *store.Turn { return s.hub.Turn(topics...) }

// Ping implements store.Store. It takes the lock of a row that every database of Koogate has: that is written to the disk like
// a change, is refused where changes are, and leaves nothing to be cleaned up.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	err := retry(ctx, func() error {
		_, err := s.pool.Exec(ctx, "SELECT id FROM goose_db_version WHERE id = (SELECT min(id) FROM goose_db_version) FOR UPDATE")
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: ping: %w", err)
	}
	return nil
}

// Close implements store.Store; wake-ups that are still to be sent are sent. A second call does nothing.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.notifier.stop()
	s.listener.stop()
	s.pool.Close()
	return nil
}
