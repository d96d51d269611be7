// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// CloseUsage implements store.Ledger. Closers of one seller queue, whatever windows they find.
func (s *Store) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) ([]store.UsageRecord, error) {
		return closeUsage(ctx, q, seller, now, spans, limit)
	})
}

// stretch names the windows of an instance that start, or end, at a time: those of one package, or with an empty one all of them.
type stretch struct {
	instanceID string
	at         int64
	packageID  string
}

func closeUsage(ctx context.Context, q *dbsqlc.Queries, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	if err := q.UsageCloseLock(ctx, seller); err != nil {
		return nil, fmt.Errorf("postgres: lock closing: %w", err)
	}
	rows, err := q.UsageWindowsDue(ctx, dbsqlc.UsageWindowsDueParams{Seller: seller, Now: dbrow.Micros(now), Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read due windows: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	asked := dbsqlc.UsagePartsTakenParams{Seller: seller}
	for _, r := range rows {
		asked.InstanceIds = append(asked.InstanceIds, r.InstanceID)
		asked.StartAts, asked.EndAts = append(asked.StartAts, r.StartAt), append(asked.EndAts, r.EndAt)
		asked.PackageIds = append(asked.PackageIds, r.PackageID)
	}
	taken, err := q.UsagePartsTaken(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("postgres: read parts: %w", err)
	}
	next, latest, told := make(map[stretch]int32), make(map[stretch]time.Time), make(map[stretch]time.Time)
	for _, t := range taken {
		next[stretch{t.InstanceID, t.StartAt, ""}] = int32(t.Next)
		latest[stretch{t.InstanceID, t.EndAt, ""}] = dbrow.Time(t.Latest)
		told[stretch{t.InstanceID, t.EndAt, t.PackageID}] = dbrow.Time(t.Told)
	}
	var out []store.UsageRecord
	windows := dbrow.Each(rows, dbrow.ToUsageTally)
	for i, w := range windows {
		from, to := stretch{w.InstanceID, rows[i].StartAt, ""}, stretch{w.InstanceID, rows[i].EndAt, ""}
		of := stretch{w.InstanceID, rows[i].EndAt, w.PackageID}
		records := w.Close(store.UsageParts{Next: next[from], Begin: latest[to], Told: told[of]}, spans, dbrow.Time(dbrow.Micros(now)))
		last := records[len(records)-1]
		next[from] = last.Part + 1
		if last.BeginAt.After(latest[to]) {
			latest[to] = last.BeginAt
		}
		told[of] = last.Told()
		out = append(out, records...)
	}
	if err := q.UsageRecordsInsert(ctx, recordColumns(out)); err != nil {
		return nil, fmt.Errorf("postgres: insert usage records: %w", err)
	}
	return out, putTallies(ctx, q, windows)
}

// SendingUsage implements store.Ledger.
func (s *Store) SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]store.UsageRecord, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.UsageRecordsSending(ctx, dbsqlc.UsageRecordsSendingParams{Seller: seller, Now: dbrow.Micros(now), Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read usage records: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToUsageRecord), nil
}

// SettleUsage implements store.Ledger: one round trip.
func (s *Store) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	if err := s.enter(ctx, verdicts); err != nil {
		return err
	}
	defer s.leave()
	if len(verdicts) == 0 {
		return nil
	}
	verdicts = sorted(verdicts, func(a, b store.UsageVerdict) int { return strings.Compare(a.ID, b.ID) })
	return retry(ctx, func() error {
		w := &writes{}
		for _, v := range verdicts {
			if err := v.Check(); err != nil {
				return fmt.Errorf("postgres: %w", err)
			}
			p := dbsqlc.UsageRecordSettleParams{
				State: string(v.State), Code: v.KeptCode(), DueAt: dbrow.Micros(v.KeptDueAt()), Now: dbrow.Micros(now), Seller: v.Seller, ID: v.ID,
			}
			if err := w.add("settle usage", nil, func(q *dbsqlc.Queries) error { return q.UsageRecordSettle(ctx, p) }); err != nil {
				return err
			}
		}
		return w.run(ctx, s.pool)
	})
}

// ReviveUsage implements store.Ledger.
func (s *Store) ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (store.UsageRevived, error) {
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.UsageRevived, told, error) {
		n, err := q.UsageRecordsRevive(ctx, dbsqlc.UsageRecordsReviveParams{
			Now: dbrow.Micros(now), Until: dbrow.Micros(until), Seller: seller, InstanceID: instanceID,
		})
		if err != nil {
			return store.UsageRevived{}, nil, fmt.Errorf("postgres: revive usage: %w", err)
		}
		past, err := q.UsageRecordsPast(ctx, dbsqlc.UsageRecordsPastParams{Seller: seller, InstanceID: instanceID})
		if err != nil {
			return store.UsageRevived{}, nil, fmt.Errorf("postgres: count refused usage: %w", err)
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
	row, err := s.query.UsageNextDue(ctx, seller)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("postgres: next usage: %w", err)
	}
	return dbrow.Time(row.DueAt), row.Found > 0, nil
}

// UsageAges implements store.Ledger: one round trip and one snapshot.
func (s *Store) UsageAges(ctx context.Context, seller string) (store.UsageBacklog, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.UsageBacklog{}, err
	}
	defer s.leave()
	var windows dbsqlc.UsageWindowsOpenRow
	var records dbsqlc.UsageRecordsOpenRow
	var refused int64
	err := retry(ctx, func() error {
		return snapshot(ctx, s.pool,
			func(q *dbsqlc.Queries) (err error) { windows, err = q.UsageWindowsOpen(ctx, seller); return err },
			func(q *dbsqlc.Queries) (err error) { records, err = q.UsageRecordsOpen(ctx, seller); return err },
			func(q *dbsqlc.Queries) (err error) { refused, err = q.UsageRecordsRefused(ctx, seller); return err },
		)
	})
	if err != nil {
		return store.UsageBacklog{}, fmt.Errorf("postgres: usage ages: %w", err)
	}
	b := store.UsageBacklog{Windows: windows.Windows, Records: records.Records, Refused: refused, Deadline: dbrow.Time(windows.Deadline)}
	if b.Windows == 0 || b.Records > 0 && records.Deadline < windows.Deadline {
		b.Deadline = dbrow.Time(records.Deadline)
	}
	return b, nil
}

// ProveUsage implements store.Ledger: one snapshot. It reads whole tables page by page, and so takes turns with the lists.
func (s *Store) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	if err := s.enter(ctx, seller, after); err != nil {
		return nil, err
	}
	defer s.leave()
	var proofs []store.UsageProof
	err := s.turns.Take(ctx, seller, func(ctx context.Context) error {
		return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(t pgx.Tx) (err error) {
			proofs, err = prove(ctx, s.query.WithTx(t), seller, after, limit)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: prove usage: %w", err)
	}
	return proofs, nil
}

func prove(ctx context.Context, q *dbsqlc.Queries, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	rows, err := q.UsageProofWindows(ctx, dbsqlc.UsageProofWindowsParams{
		Seller: seller, AfterInstanceID: after.InstanceID, AfterStartAt: dbrow.Micros(after.StartAt), AfterPackageID: after.PackageID, Max: count(limit),
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	asked := dbsqlc.UsageProofRecordsParams{Seller: seller}
	proofs := make([]store.UsageProof, len(rows))
	places := make(map[windowID]*store.UsageProof, len(rows))
	for i, r := range rows {
		w := r.UsageWindow
		asked.InstanceIds, asked.StartAts = append(asked.InstanceIds, w.InstanceID), append(asked.StartAts, w.StartAt)
		asked.PackageIds = append(asked.PackageIds, w.PackageID)
		proofs[i] = store.UsageProof{UsageWindow: dbrow.ToUsageWindow(w), Raw: store.Units(r.Raw)}
		places[windowIDOf(&proofs[i].UsageWindow)] = &proofs[i]
	}
	sums, err := q.UsageProofRecords(ctx, asked)
	if err != nil {
		return nil, err
	}
	for _, sum := range sums {
		p := places[windowID{seller, sum.InstanceID, sum.StartAt, sum.PackageID}]
		p.Book(store.UsageState(sum.State), sum.Code, store.Units(sum.Value))
	}
	return proofs, nil
}
