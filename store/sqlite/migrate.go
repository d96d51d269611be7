// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbfile"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate creates the file when it is missing and brings its schema up to date. It returns how many migrations it applied.
// Like Open it needs the file for itself.
func Migrate(ctx context.Context, path string) (applied int, err error) {
	lock, err := dbfile.Take(path + ".lock")
	if err != nil {
		return 0, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if err := create(path); err != nil {
		return 0, err
	}
	dbfile.Protect(ctx, path, nil)
	db, err := openDB(path, "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if applied, err = migrate(ctx, db); err != nil {
		return applied, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	return applied, nil
}

func migrate(ctx context.Context, db *sql.DB) (applied int, err error) {
	p, err := provider(db)
	if err != nil {
		return 0, err
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	return len(done), nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return p, nil
}

// prepareSchema migrates, or checks that there is nothing to migrate. A schema that is ahead is fine: migrations are
// written so that the binary before still works.
func prepareSchema(ctx context.Context, db *sql.DB, up bool) error {
	if up {
		_, err := migrate(ctx, db)
		return err
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	sources := p.ListSources()
	want := sources[len(sources)-1].Version
	have, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("the schema is at version %d and this binary needs %d: run `koogate migrate`", have, want)
	}
	return nil
}

// Inspect looks at a file without taking it, so that it may be in use. It writes and takes that back; nothing changes. Errors: there is no such file, or it is no
// database.
func Inspect(ctx context.Context, path string) (i store.Inspection, err error) {
	if _, err := os.Stat(path); err != nil {
		return i, err
	}
	db, err := openDB(path)
	if err != nil {
		return i, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&i.Server); err != nil {
		return i, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	if i.Schema, err = schemaVersion(ctx, db); err != nil {
		return i, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	p, err := provider(db)
	if err != nil {
		return i, err
	}
	sources := p.ListSources()
	i.Needs = sources[len(sources)-1].Version
	for _, statement := range []string{beginTx, "CREATE TABLE koogate_inspection (x INTEGER)"} {
		if _, i.Write = db.ExecContext(ctx, statement); i.Write != nil {
			break
		}
	}
	_, _ = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // an error says that nothing was begun
	return i, nil
}

// schemaVersion returns the newest migration that was applied, 0 for an empty file.
func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	var tables int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&tables)
	if err != nil {
		return 0, fmt.Errorf("cannot read the schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("cannot read the schema version: %w", err)
	}
	return version, nil
}

// schema is what makes an empty database in memory what the migrations make of it: they run once in a process.
var schema = sync.OnceValues(func() (script string, err error) {
	ctx := context.Background()
	db, err := inMemory().open(fleeting...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := migrate(ctx, db); err != nil {
		return "", err
	}
	return dump(ctx, db)
})

// furnish brings an empty database in memory up to date.
func furnish(ctx context.Context, db *sql.DB) error {
	script, err := schema()
	if err == nil {
		_, err = db.ExecContext(ctx, script)
	}
	if err != nil {
		return fmt.Errorf("sqlite: memory: %w", err)
	}
	return nil
}

// dump is a script of all statements that make a database: its tables, their rows, what watches the rows, and by what statements are planned.
func dump(ctx context.Context, db *sql.DB) (string, error) {
	texts := func(query string, args ...any) (list []string, err error) {
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		return list, rows.Err()
	}
	const made = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND `
	script := []string{"BEGIN"}
	tables, err := texts(made + `type = 'table' ORDER BY rowid`)
	if err != nil {
		return "", err
	}
	script = append(script, tables...)
	names, err := texts(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY rowid`)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		columns, err := texts(`SELECT 'quote("' || name || '")' FROM pragma_table_info(?)`, name)
		if err != nil {
			return "", err
		}
		rows, err := texts(`SELECT 'INSERT INTO "` + name + `" VALUES (' || ` + strings.Join(columns, ` || ',' || `) + ` || ')' FROM "` + name + `"`)
		if err != nil {
			return "", err
		}
		script = append(script, rows...)
	}
	rest, err := texts(made + `type <> 'table' ORDER BY rowid`)
	if err != nil {
		return "", err
	}
	script = append(append(script, rest...), "ANALYZE", "DELETE FROM sqlite_stat1")
	stats, err := texts(`SELECT 'INSERT INTO sqlite_stat1 VALUES (' || quote(tbl) || ',' || quote(idx) || ',' || quote(stat) || ')' FROM sqlite_stat1 ORDER BY rowid`)
	if err != nil {
		return "", err
	}
	return strings.Join(append(append(script, stats...), "COMMIT", "ANALYZE sqlite_schema"), ";\n") + ";", nil
}
