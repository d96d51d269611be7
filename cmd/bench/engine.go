// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// engine is a kind of database, with what goes with it.
type engine struct {
	name  string // as -backend names it
	title string
	redis string // host:port; empty for locks in memory
	make  func(ctx context.Context, name string) (database string, drop func() error, err error)
}

// onEach measures on one engine after the other; the first error ends it.
func (b *bench) onEach(ctx context.Context, measure func(ctx context.Context, e engine) error) error {
	engines, err := b.engines()
	if err != nil {
		return err
	}
	for _, e := range engines {
		if err := measure(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// engines are those that were asked for and are there, at least one.
func (b *bench) engines() ([]engine, error) {
	var list []engine
	if b.backend != "postgres" {
		list = append(list, engine{name: "sqlite", title: "SQLite, locks in memory", make: func(_ context.Context, name string) (string, func() error, error) {
			path := filepath.Join(b.dir, name+"-"+uuid.NewString()[:8]+".db")
			return "sqlite:" + path, func() error { return remove(path) }, nil
		}})
	}
	if e, ok := b.postgres(); ok && b.backend != "sqlite" {
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, errors.New("nothing to measure: for postgres run it under .ci/services (make bench)")
	}
	return list, nil
}

func (b *bench) postgres() (e engine, ok bool) {
	pg, rd := os.Getenv("KOOGATE_TEST_POSTGRES"), os.Getenv("KOOGATE_TEST_REDIS")
	return engine{name: "postgres", title: "PostgreSQL, locks in Redis", redis: rd, make: func(ctx context.Context, _ string) (string, func() error, error) {
		return newDatabase(ctx, pg)
	}}, pg != ""
}

// newDatabase creates an empty database.
func newDatabase(ctx context.Context, base string) (string, func() error, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, err
	}
	db, err := sql.Open("pgx", base)
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, db.Close())
	}
	u.Path = "/" + name
	return u.String(), func() error {
		_, err := db.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, db.Close())
	}, nil
}

// openSQL opens a database past the program.
func openSQL(database string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return sql.Open("sqlite", "file:"+url.PathEscape(path)+"?_pragma=busy_timeout(10000)")
	}
	return sql.Open("pgx", database)
}
