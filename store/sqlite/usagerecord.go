// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// CloseUsage implements store.Ledger. It runs in the writer, so nobody else closes the windows that it found.
func (s *Store) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	return change(ctx, s, func(t *tx) ([]store.UsageRecord, error) { return t.closeUsage(seller, now, spans, limit) })
}

func (t *tx) closeUsage(seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	ctx := context.Background()
	rows, err := t.query.UsageWindowsDue(ctx, dbsqlc.UsageWindowsDueParams{Seller: seller, Now: dbrow.Micros(now), Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read due windows: %w", err)
	}
	var out []store.UsageRecord
	for _, row := range rows {
		w := &tally{UsageTally: dbrow.ToUsageTally(row), was: row}
		next, err := t.query.UsagePartNext(ctx, dbsqlc.UsagePartNextParams{Seller: seller, InstanceID: row.InstanceID, StartAt: row.StartAt})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read parts: %w", err)
		}
		latest, err := t.query.UsageBeginLatest(ctx, dbsqlc.UsageBeginLatestParams{Seller: seller, InstanceID: row.InstanceID, EndAt: row.EndAt})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read parts: %w", err)
		}
		told, err := t.query.UsageToldLatest(ctx, dbsqlc.UsageToldLatestParams{
			Seller: seller, InstanceID: row.InstanceID, EndAt: row.EndAt, PackageID: row.PackageID,
		})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read parts: %w", err)
		}
		parts := store.UsageParts{Next: int32(next), Begin: dbrow.Time(latest), Told: dbrow.Time(told)}
		records := w.Close(parts, spans, dbrow.Time(dbrow.Micros(now)))
		for i := range records {
			if err := t.fast.UsageRecordInsert(ctx, dbsqlc.UsageRecordInsertParams(dbrow.FromUsageRecord(&records[i]))); err != nil {
				return nil, fmt.Errorf("sqlite: insert usage record: %w", err)
			}
		}
		if err := t.putTally(ctx, w); err != nil {
			return nil, err
		}
		out = append(out, records...)
	}
	return out, nil
}

// SendingUsage implements store.Ledger.
func (s *Store) SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]store.UsageRecord, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.UsageRecordsSending(ctx, dbsqlc.UsageRecordsSendingParams{Seller: seller, Now: dbrow.Micros(now), Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read usage records: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToUsageRecord), nil
}

// SettleUsage implements store.Ledger.
func (s *Store) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	for _, v := range verdicts {
		if err := v.Check(); err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	_, err := change(ctx, s, func(t *tx) (struct{}, error) {
		for _, v := range verdicts {
			err := t.fast.UsageRecordSettle(context.Background(), dbsqlc.UsageRecordSettleParams{
				State: string(v.State), Code: v.KeptCode(), DueAt: dbrow.Micros(v.KeptDueAt()), Now: dbrow.Micros(now), Seller: v.Seller, ID: v.ID,
			})
			if err != nil {
				return struct{}{}, fmt.Errorf("sqlite: settle usage: %w", err)
			}
		}
		return struct{}{}, nil
	})
	return err
}

// ReviveUsage implements store.Ledger.
func (s *Store) ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (store.UsageRevived, error) {
	return audited(ctx, s, func(t *tx) (store.UsageRevived, told, error) {
		n, err := t.fast.UsageRecordsRevive(context.Background(), dbsqlc.UsageRecordsReviveParams{
			Now: dbrow.Micros(now), Until: dbrow.Micros(until), Seller: seller, InstanceID: instanceID,
		})
		if err != nil {
			return store.UsageRevived{}, nil, fmt.Errorf("sqlite: revive usage: %w", err)
		}
		past, err := t.query.UsageRecordsPast(context.Background(), dbsqlc.UsageRecordsPastParams{Seller: seller, InstanceID: instanceID})
		if err != nil {
			return store.UsageRevived{}, nil, fmt.Errorf("sqlite: count refused usage: %w", err)
		}
		revived := store.UsageRevived{Records: int(n), Past: int(past)}
		return revived, revived.Altered(seller, instanceID), nil
	})
}

// NextUsage implements store.Ledger.
func (s *Store) NextUsage(ctx context.Context, seller string) (at time.Time, ok bool, err error) {
	if err := s.enter(ctx, seller); err != nil {
		return time.Time{}, false, err
	}
	defer s.leave()
	var first int64
	for _, next := range []func(context.Context, string) (int64, error){s.read.UsageWindowNextDue, s.read.UsageRecordNextDue} {
		due, err := next(ctx, seller)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return time.Time{}, false, fmt.Errorf("sqlite: next usage: %w", err)
		case !ok || due < first:
			first, ok = due, true
		}
	}
	return dbrow.Time(first), ok, nil
}

// UsageAges implements store.Ledger: one read transaction, so one snapshot.
func (s *Store) UsageAges(ctx context.Context, seller string) (store.UsageBacklog, error) {
	var b store.UsageBacklog
	err := s.snapshot(ctx, func(q *dbsqlc.Queries) error {
		windows, err := q.UsageWindowsOpen(ctx, seller)
		if err != nil {
			return err
		}
		records, err := q.UsageRecordsOpen(ctx, seller)
		if err != nil {
			return err
		}
		if b.Refused, err = q.UsageRecordsRefused(ctx, seller); err != nil {
			return err
		}
		b.Windows, b.Records, b.Deadline = windows.Windows, records.Records, dbrow.Time(windows.Deadline)
		if b.Windows == 0 || b.Records > 0 && records.Deadline < windows.Deadline {
			b.Deadline = dbrow.Time(records.Deadline)
		}
		return nil
	})
	if err != nil {
		return store.UsageBacklog{}, fmt.Errorf("sqlite: usage ages: %w", err)
	}
	return b, nil
}

// proofPage is a page of the windows after a key.
func proofPage(after store.UsageWindowKey, limit int) sqllist.Page {
	return sqllist.Page{
		Suffix: " AND (w.instance_id, w.start_at, w.package_id) > (?, ?, ?) ORDER BY w.instance_id, w.start_at, w.package_id LIMIT ?",
		Args:   []any{after.InstanceID, dbrow.Micros(after.StartAt), after.PackageID, max(limit, 0)},
	}
}

// ProveUsage implements store.Ledger: one read transaction, so one snapshot. It reads whole tables page by page, and so takes
// turns with the lists.
func (s *Store) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	if err := s.enter(ctx, seller, after); err != nil {
		return nil, err
	}
	defer s.leave()
	var proofs []store.UsageProof
	err := s.turns.Take(ctx, seller, func(ctx context.Context) error {
		t, err := s.lists.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = t.Rollback() }() // nothing was written
		q := dbsqlc.New(t)
		rows, err := dbsqlc.New(suffixed{t, proofPage(after, limit)}).UsageProofWindows(ctx, seller)
		if err != nil {
			return err
		}
		for _, r := range rows {
			p := store.UsageProof{UsageWindow: dbrow.ToUsageWindow(r.UsageWindow), Raw: store.Units(r.Raw)}
			sums, err := q.UsageProofRecords(ctx, dbsqlc.UsageProofRecordsParams{
				Seller: seller, InstanceID: r.UsageWindow.InstanceID, StartAt: r.UsageWindow.StartAt, PackageID: r.UsageWindow.PackageID,
			})
			if err != nil {
				return err
			}
			for _, sum := range sums {
				p.Book(store.UsageState(sum.State), sum.Code, store.Units(sum.Value))
			}
			proofs = append(proofs, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: prove usage: %w", err)
	}
	return proofs, nil
}

// snapshot runs reads in one read transaction.
func (s *Store) snapshot(ctx context.Context, read func(q *dbsqlc.Queries) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	t, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	return read(s.read.WithTx(t))
}
