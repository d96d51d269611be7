// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/server/usage"
)

// Usage is the floor of usage: a plain loop that inserts the same raw rows and adds to the same windows, one transaction a batch,
// with the same durability. It judges no record, takes every record's window for an hour, and neither traces nor counts.
// One connection writes: SQLite has one writer.
type Usage struct {
	db          *sql.DB
	raw, window *sql.Stmt
}

// OpenUsage opens it over a file with the product's schema.
func OpenUsage(ctx context.Context, path string) (*Usage, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"+
		"&_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-65536)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &Usage{db: db}
	if f.raw, err = db.PrepareContext(ctx, `INSERT INTO usage_raw (seller, key, instance_id, start_at, package_id, meter, mode,
		begin_at, end_at, value, reported_at, corrects, counted, replaced_by)
		VALUES ('bench', $1, $2, $3, '', 'calls', 'SUM', $4, $4, $5, $6, '', 1, '') ON CONFLICT DO NOTHING`); err != nil {
		return nil, err
	}
	f.window, err = db.PrepareContext(ctx, `INSERT INTO usage_windows (seller, instance_id, start_at, package_id, id, meter, mode,
		end_at, total, settled, open, records, last_end_at, last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at)
		VALUES ('bench', $1, $2, '', $3, 'calls', 'SUM', $4, $5, 0, 1, $6, 0, 0, '', $7, $8, $9, $10, $10)
		ON CONFLICT DO UPDATE SET total = total + excluded.total, records = records + excluded.records, updated_at = excluded.updated_at`)
	return f, err
}

// Close closes the file.
func (f *Usage) Close() error { return f.db.Close() }

// place is a window, sum what a batch adds to it.
type place struct {
	instance string
	start    time.Time
}

type sum struct{ value, records int64 }

// Report books a batch and returns how many of its records are new.
func (f *Usage) Report(ctx context.Context, records []usage.Record) (added int32, err error) {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	now := time.Now().UnixMicro()
	raw, window := tx.StmtContext(ctx, f.raw), tx.StmtContext(ctx, f.window) //nolint:sqlclosecheck // they end with the transaction
	sums := make(map[place]*sum)
	for _, r := range records {
		value, err := tenThousandths(r.Value)
		if err != nil {
			return 0, err
		}
		p := place{r.InstanceID, r.EndAt.Add(-time.Microsecond).Truncate(time.Hour)}
		res, err := raw.ExecContext(ctx, r.Key, r.InstanceID, p.start.UnixMicro(), r.EndAt.UnixMicro(), value, now)
		if err != nil {
			return 0, err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			continue // there already
		}
		added++
		if sums[p] == nil {
			sums[p] = &sum{}
		}
		sums[p].value += value
		sums[p].records++
	}
	for p, s := range sums {
		end, id := p.start.Add(time.Hour), sha256.Sum256([]byte(p.instance+p.start.String()))
		_, err := window.ExecContext(ctx, p.instance, p.start.UnixMicro(), hex.EncodeToString(id[:]), end.UnixMicro(), s.value, s.records,
			end.Add(time.Minute).UnixMicro(), end.Add(15*time.Minute).UnixMicro(), p.start.Add(21*24*time.Hour).UnixMicro(), now)
		if err != nil {
			return 0, err
		}
	}
	return added, tx.Commit()
}

func tenThousandths(text string) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > 4 {
		return 0, fmt.Errorf("value %s", text)
	}
	return strconv.ParseInt(whole+fraction+"0000"[len(fraction):], 10, 64)
}
