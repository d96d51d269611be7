// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/server/vault"
)

// A database of growth holds orders that are copies of three that the product itself has lived: one is done, one has a
// worker's task that is ready, one waits for its order query. Bulk SQL multiplies their rows, whatever columns they have; only
// identifiers, times and what is sealed to an order differ. Whoever reads them finds what the product would have written, but
// for the chains of events, whose hashes are those of the copied order.

const (
	// minSize is the least number of orders in a database of growth.
	minSize = 100
	// inHand is how many orders are not done, at any size: of five the worker's tasks of four are ready, and one waits.
	inHand = 200
	// chunk is how many orders one statement writes for each table.
	chunk = 20_000
)

// kind is how far an order has come.
type kind string

const (
	kindDone    kind = "done"
	kindReady   kind = "ready"
	kindWaiting kind = "waiting"
)

// kindOf is the kind of the n-th order of a database; those in hand are spread over all.
func kindOf(n, size int) kind {
	every := max(size/inHand, 4)
	switch {
	case n%every != 1:
		return kindDone
	case n/every%5 == 4:
		return kindWaiting
	default:
		return kindReady
	}
}

func seededOrder(n int) string { return fmt.Sprintf("CSG%09d", n) }

// seededID is a UUID without order, like those of instances.
func seededID(what string, n int) uuid.UUID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", what, n))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

func seededInstance(n int) string { return seededID("instance", n).String() }

// seededTask is a UUID in the order of time, like those of tasks.
func seededTask(what string, n int, at time.Time) string {
	id := seededID(what, n)
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	return id.String()
}

// copies are the tables with rows of an order, and what differs in each copy. k is the row of the copy, t that of the original.
var copies = []struct {
	table   string
	changed map[string]string
}{
	{"orders", map[string]string{
		"order_id": "k.order_id", "buyer": "CASE WHEN t.buyer IS NULL THEN NULL ELSE k.buyer END", "anchored_seq": "t.head_seq",
	}},
	{"order_lines", map[string]string{
		"order_id": "k.order_id", "order_line_id": "k.order_id || '-000001'", "root_order_id": "k.order_id", "instance_id": "k.instance_id",
		"input": "CASE WHEN t.input IS NULL THEN NULL ELSE k.input END",
	}},
	{"instances", map[string]string{
		"order_id": "k.order_id", "order_line_id": "k.order_id || '-000001'", "instance_id": "k.instance_id",
		"access": "CASE WHEN t.access IS NULL THEN NULL ELSE k.access END", "buyer_key": "CASE WHEN t.buyer_key = '' THEN '' ELSE k.instance_id END",
	}},
	{"tasks", map[string]string{
		"id": "CASE WHEN t.kind = 'ORDER_QUERY' THEN k.query_id ELSE k.create_id END", "order_id": "k.order_id", "instance_id": "k.instance_id",
		"line_order_id": "k.order_id", "line_id": "k.order_id || '-000001'",
	}},
	{"events", map[string]string{"order_id": "k.order_id", "instance_id": "CASE WHEN t.instance_id = '' THEN '' ELSE k.instance_id END"}},
}

// seed multiplies the originals, whose order IDs are given by kind, until there are size orders.
func (s *site) seed(ctx context.Context, size int, originals map[kind]string, newest time.Time) (err error) {
	keyset, err := os.ReadFile(s.keyset)
	if err != nil {
		return err
	}
	v, err := vault.Open(keyset)
	if err != nil {
		return err
	}
	db, err := openBulk(s.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	blob := "BYTEA"
	if strings.HasPrefix(s.database, "sqlite:") {
		blob = "BLOB"
	}
	steps := []string{
		`CREATE TEMP TABLE copy (kind TEXT, order_id TEXT, instance_id TEXT, query_id TEXT, create_id TEXT, age BIGINT, access ` + blob + `, buyer ` + blob + `, input ` + blob + `)`,
		`CREATE TEMP TABLE original (kind TEXT, order_id TEXT)`,
	}
	for k, order := range originals {
		steps = append(steps, fmt.Sprintf(`INSERT INTO original VALUES ('%s', '%s')`, k, order))
	}
	var inserts []string
	for _, c := range copies {
		steps = append(steps, fmt.Sprintf(`CREATE TEMP TABLE of_%[1]s AS SELECT o.kind AS copied_as, t.* FROM %[1]s AS t JOIN original AS o ON o.order_id = t.order_id
			WHERE t.seller = 'bench'`, c.table))
	}
	if err := execAll(ctx, db, steps); err != nil {
		return err
	}
	for _, c := range copies {
		text, err := copyStatement(ctx, db, c.table, c.changed)
		if err != nil {
			return err
		}
		inserts = append(inserts, text)
	}
	drop, restore, err := indexesOf(ctx, db, strings.HasPrefix(s.database, "sqlite:"))
	if err != nil {
		return err
	}
	if err := execAll(ctx, db, drop); err != nil {
		return err
	}
	sealed := map[kind]secrets{}
	for k, order := range originals {
		if sealed[k], err = openSecrets(ctx, db, v, order); err != nil {
			return fmt.Errorf("order %s: %w", order, err)
		}
	}
	for from := 0; from < size; from += chunk {
		progress("seeding %d of %d orders", from, size)
		if err := s.fillCopies(ctx, db, v, sealed, from, min(from+chunk, size), size, newest); err != nil {
			return err
		}
		if err := execAll(ctx, db, append(inserts, "DELETE FROM copy")); err != nil {
			return err
		}
	}
	progress("indexing %d orders", size)
	return execAll(ctx, db, restore)
}

// flush waits until the disk has what was seeded, which the first commit would otherwise wait for. PostgreSQL sees to that itself.
func (s *site) flush() error {
	path, ok := strings.CutPrefix(s.database, "sqlite:")
	if !ok {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// indexesOf are the statements that drop the indexes of the copied tables, and those that make them anew: that is faster than to
// keep them.
func indexesOf(ctx context.Context, db *sql.DB, isSQLite bool) (drop, restore []string, err error) {
	query := `SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey'`
	if isSQLite { // dropping an index drops what the migrations told the planner of it
		query = `SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`
		drop = append(drop, "CREATE TEMP TABLE told AS SELECT * FROM sqlite_stat1")
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
		var name, table, text string
		if err := rows.Scan(&name, &table, &text); err != nil {
			return nil, nil, err
		}
		for _, c := range copies {
			if c.table == table {
				drop, restore = append(drop, "DROP INDEX "+name), append(restore, text)
			}
		}
	}
	if isSQLite {
		return drop, append(restore, "DELETE FROM sqlite_stat1", "INSERT INTO sqlite_stat1 SELECT * FROM told", "ANALYZE sqlite_schema"), nil
	}
	return drop, append(restore, "VACUUM ANALYZE"), nil // as autovacuum does it within a minute
}

// copyStatement inserts a copy of the rows of an original for every row of copy. Times go back by its age.
func copyStatement(ctx context.Context, db *sql.DB, table string, changed map[string]string) (string, error) {
	columns, err := columnsOf(ctx, db, table)
	if err != nil {
		return "", err
	}
	values := make([]string, len(columns))
	for i, c := range columns {
		switch c {
		case "created_at", "updated_at", "at":
			values[i] = "t." + c + " - k.age"
		default:
			values[i] = "t." + c
		}
		if v, ok := changed[c]; ok {
			values[i] = v
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM copy AS k JOIN of_%s AS t ON t.copied_as = k.kind",
		table, strings.Join(columns, ", "), strings.Join(values, ", "), table), nil
}

func columnsOf(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") //nolint:gosec // one of ours
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
}

// secrets are what an order keeps sealed, each to its own place; nil where there is nothing.
type secrets struct{ access, buyer, input []byte }

// places are the contexts to which the secrets of an order are sealed.
func places(order, instance string) (access, buyer, input string) {
	return "access/bench/" + instance, "buyer/bench/" + order, "input/bench/" + order + "/" + order + "-000001//newInstance"
}

// openSecrets reads what the product has sealed of an order.
func openSecrets(ctx context.Context, db *sql.DB, v *vault.Vault, order string) (plain secrets, err error) {
	var sealed secrets
	var instance string
	err = db.QueryRowContext(ctx, `SELECT i.instance_id, i.access, o.buyer, l.input FROM of_orders AS o
		JOIN of_instances AS i ON i.order_id = o.order_id JOIN of_order_lines AS l ON l.order_id = o.order_id WHERE o.order_id = $1`, order).
		Scan(&instance, &sealed.access, &sealed.buyer, &sealed.input)
	if err != nil {
		return plain, err
	}
	access, buyer, input := places(order, instance)
	return eachSecret(sealed, v.Open, access, buyer, input)
}

// seal seals the same for another order.
func (s secrets) seal(v *vault.Vault, order, instance string) (secrets, error) {
	access, buyer, input := places(order, instance)
	return eachSecret(s, v.Seal, access, buyer, input)
}

func eachSecret(from secrets, do func([]byte, string) ([]byte, error), access, buyer, input string) (to secrets, err error) {
	for _, s := range []struct {
		from  []byte
		to    *[]byte
		place string
	}{{from.access, &to.access, access}, {from.buyer, &to.buyer, buyer}, {from.input, &to.input, input}} {
		if s.from == nil {
			continue
		}
		if *s.to, err = do(s.from, s.place); err != nil {
			return to, fmt.Errorf("%s: %w", s.place, err)
		}
	}
	return to, nil
}

// fillCopies writes what differs in the orders from one number up to another. One was placed every second.
func (s *site) fillCopies(ctx context.Context, db *sql.DB, v *vault.Vault, originals map[kind]secrets, from, to, size int, newest time.Time) error {
	var kinds, orders, ids, queries, creates []string
	var ages []int64
	var accesses, buyers, inputs [][]byte
	for n := from; n < to; n++ {
		order, instance := seededOrder(n), seededInstance(n)
		age := time.Duration(size-n) * time.Second
		at := newest.Add(-age)
		k := kindOf(n, size)
		sealed, err := originals[k].seal(v, order, instance)
		if err != nil {
			return err
		}
		kinds, orders, ids = append(kinds, string(k)), append(orders, order), append(ids, instance)
		queries, creates = append(queries, seededTask("query", n, at)), append(creates, seededTask("create", n, at))
		ages, accesses = append(ages, age.Microseconds()), append(accesses, sealed.access)
		buyers, inputs = append(buyers, sealed.buyer), append(inputs, sealed.input)
	}
	if !strings.HasPrefix(s.database, "sqlite:") {
		_, err := db.ExecContext(ctx, `INSERT INTO copy
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[])`,
			kinds, orders, ids, queries, creates, ages, accesses, buyers, inputs)
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	insert, err := tx.PrepareContext(ctx, "INSERT INTO copy VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	for i := range orders {
		if _, err := insert.ExecContext(ctx, kinds[i], orders[i], ids[i], queries[i], creates[i], ages[i], accesses[i], buyers[i], inputs[i]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// openBulk opens a database that nobody else uses, over one connection, so that temporary tables stay; a crash may lose it.
func openBulk(database string) (*sql.DB, error) {
	path, ok := strings.CutPrefix(database, "sqlite:")
	driver, dsn := "pgx", database
	if ok {
		driver, dsn = "sqlite", "file:"+url.PathEscape(path)+"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)&_pragma=cache_size(-262144)&_pragma=temp_store(MEMORY)"
	}
	db, err := sql.Open(driver, dsn)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func execAll(ctx context.Context, db *sql.DB, statements []string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}
