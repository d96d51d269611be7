// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/usage"
)

// The floor of usage: a plain loop that inserts the same raw rows and adds to the same windows, one transaction a batch,
// with the same durability. It judges no record, takes every record's window for an hour, and neither traces nor counts.

// usageFloor keeps the rows. One connection writes: SQLite has one writer.
type usageFloor struct {
	db          *sql.DB
	raw, window *sql.Stmt
}

func openUsageFloor(ctx context.Context, path string) (*usageFloor, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"+
		"&_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-65536)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &usageFloor{db: db}
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

func (f *usageFloor) close() error { return f.db.Close() }

// place is a window, sum what a batch adds to it.
type place struct {
	instance string
	start    time.Time
}

type sum struct{ value, records int64 }

// report books a batch and returns how many of its records are new.
func (f *usageFloor) report(ctx context.Context, records []usage.Record) (added int32, err error) {
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

// usageCalls serves the floor by gRPC.
type usageCalls struct {
	koogatev1.UnimplementedUsageServiceServer

	floor *usageFloor
}

// ReportUsage implements UsageService.
func (c usageCalls) ReportUsage(ctx context.Context, r *koogatev1.ReportUsageRequest) (*koogatev1.ReportUsageResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := md.Get("authorization"); len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte("Bearer "+apiToken)) == 0 {
		return nil, status.Error(codes.Unauthenticated, "token")
	}
	records := make([]usage.Record, len(r.GetRecords()))
	for i, u := range r.GetRecords() {
		records[i] = usage.Record{Key: u.GetKey(), InstanceID: u.GetInstanceId(), Value: u.GetValue(), EndAt: u.GetEndTime().AsTime()}
	}
	added, err := c.floor.report(ctx, records)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &koogatev1.ReportUsageResponse{Added: added}, nil
}

// serveUsageFloor serves the floor by gRPC until ctx ends.
func serveUsageFloor(ctx context.Context, addr, path string) error {
	f, err := openUsageFloor(ctx, path)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(err, f.close())
	}
	srv := grpc.NewServer()
	koogatev1.RegisterUsageServiceServer(srv, usageCalls{floor: f})
	stop := context.AfterFunc(ctx, srv.Stop)
	defer stop()
	return errors.Join(srv.Serve(l), f.close())
}
