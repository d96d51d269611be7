// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/koogate/koogate/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date and returns how many migrations it applied. Several processes may call it at once:
// an advisory lock lets one work while the others wait.
func Migrate(ctx context.Context, url string) (applied int, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, fmt.Errorf("postgres: %w", err)
	}
	if config.ValidateConnect == nil && severalHosts(config) {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return 0, fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := provider(db, goose.WithSessionLocker(locker))
	if err != nil {
		return 0, err
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("postgres: migrate: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return len(done), fmt.Errorf("postgres: migrate: %w", err)
	}
	return len(done), errors.Join(rebaseFeed(ctx, conn), conn.Close(ctx))
}

// Inspect looks at a database by one connection. It writes and takes that back; nothing changes. Errors: the server is not reached, or is none of Koogate's.
func Inspect(ctx context.Context, url string) (i store.Inspection, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return i, fmt.Errorf("postgres: %w", err)
	}
	if config.ValidateConnect == nil && severalHosts(config) {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return i, fmt.Errorf("postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var migrated bool
	err = conn.QueryRow(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'), clock_timestamp(), to_regclass('goose_db_version') IS NOT NULL`).
		Scan(&i.Server, &i.Now, &migrated)
	if err != nil {
		return i, fmt.Errorf("postgres: cannot read the schema: %w", err)
	}
	if migrated {
		err := conn.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&i.Schema)
		if err != nil {
			return i, fmt.Errorf("postgres: cannot read the schema version: %w", err)
		}
	}
	db := stdlib.OpenDB(*config)
	p, err := provider(db)
	if err := errors.Join(err, db.Close()); err != nil {
		return i, err
	}
	sources := p.ListSources()
	i.Needs = sources[len(sources)-1].Version
	if migrated {
		i.Write = tryWrite(ctx, conn)
	}
	return i, nil
}

// tryWrite writes and takes it back.
func tryWrite(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, `UPDATE goose_db_version SET is_applied = is_applied WHERE id = (SELECT min(id) FROM goose_db_version)`)
	return err
}

func provider(db *sql.DB, opts ...goose.ProviderOption) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir, opts...)
	if err != nil {
		return nil, fmt.Errorf("postgres: migrate: %w", err)
	}
	return p, nil
}

// checkDatabase makes sure that the database can serve this binary, and returns the name of its channel for wake-ups: one
// for each schema, since channels belong to the database. A schema that is ahead is fine: migrations are written so that
// the binary before still works.
func checkDatabase(ctx context.Context, pool *pgxpool.Pool) (channel string, err error) {
	var encoding string
	var schema *string
	var migrated bool
	err = pool.QueryRow(ctx, `SELECT current_setting('server_encoding'), current_schema(), to_regclass('goose_db_version') IS NOT NULL`).
		Scan(&encoding, &schema, &migrated)
	if err != nil {
		return "", fmt.Errorf("postgres: cannot read the schema: %w", err)
	}
	if encoding != "UTF8" {
		return "", fmt.Errorf("postgres: the database's encoding is %s, it must be UTF8", encoding)
	}
	if schema == nil {
		return "", errors.New("postgres: no schema of the search path exists")
	}
	var have int64
	if migrated {
		err := pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
		if err != nil {
			return "", fmt.Errorf("postgres: cannot read the schema version: %w", err)
		}
	}
	db := stdlib.OpenDBFromPool(pool)
	p, err := provider(db)
	if err := errors.Join(err, db.Close()); err != nil {
		return "", err
	}
	sources := p.ListSources()
	if want := sources[len(sources)-1].Version; have < want {
		return "", fmt.Errorf("postgres: the schema is at version %d and this binary needs %d: run `koogate migrate`", have, want)
	}
	if err := checkFeed(ctx, pool); err != nil {
		return "", err
	}
	return channelOf(*schema), nil
}
