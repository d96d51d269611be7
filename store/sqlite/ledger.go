// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// change runs f in the writer and returns what its last run returned.
func change[T any](ctx context.Context, s *Store, f func(*tx) (T, error)) (out T, err error) {
	if err := s.enter(ctx); err != nil {
		return out, err
	}
	defer s.leave()
	var made T
	err = s.writer.do(ctx, func(t *tx) (err error) {
		made, err = f(t)
		return err
	})
	if err != nil {
		return out, err
	}
	return made, nil
}

// AddUsage implements store.Ledger.
func (s *Store) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	return audited(ctx, s, func(t *tx) ([]store.UsageOutcome, told, error) {
		judged, err := t.judged(raws)
		if err != nil {
			return nil, nil, err
		}
		return store.BookUsage(raws, func(seller, id string) store.UsageJudged { return judged[instanceID{seller, id}] }, t.addUsage)
	})
}

// instanceID is an instance's key as maps can hold it.
type instanceID struct{ seller, instanceID string }

// judged reads what usage is judged by now, which no other writer can change before the commit.
func (t *tx) judged(raws []store.UsageRaw) (map[instanceID]store.UsageJudged, error) {
	judged := make(map[instanceID]store.UsageJudged)
	for i := range raws {
		id := instanceID{raws[i].Seller, raws[i].InstanceID}
		if _, ok := judged[id]; ok {
			continue
		}
		row, err := t.query.UsageJudged(context.Background(), dbsqlc.UsageJudgedParams{Seller: id.seller, InstanceID: id.instanceID})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read what usage is judged by: %w", err)
		}
		judged[id] = store.UsageJudged{Stops: row.Stops != 0, Ended: row.Ended != 0}
	}
	return judged, nil
}

// windowID is a window's key as maps can hold it.
type windowID struct {
	seller, instanceID string
	startAt            int64
	packageID          string
}

// tally is a window under way in a transaction.
type tally struct {
	*store.UsageTally
	was dbsqlc.UsageWindow // as it is in the file; empty for a new one
}

// addUsage inserts raw records and writes each window once. Whether a raw record counts is known after it was inserted, and
// nearly all do.
func (t *tx) addUsage(raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	ctx := context.Background()
	outcomes := make([]store.UsageOutcome, len(raws))
	tallies := make(map[windowID]*tally)
	var order []*tally
	for i := range raws {
		r := &raws[i]
		row := dbrow.FromUsageRaw(r)
		n, err := t.fast.UsageRawInsert(ctx, dbsqlc.UsageRawInsertParams(row))
		if err != nil {
			return nil, fmt.Errorf("sqlite: insert raw usage: %w", err)
		}
		if n == 0 {
			if outcomes[i], err = t.compareUsage(ctx, r); err != nil {
				return nil, err
			}
			continue
		}
		outcomes[i] = store.UsageAdded
		id := windowID{r.Seller, r.InstanceID, row.StartAt, r.PackageID}
		w, ok := tallies[id]
		if !ok {
			if w, err = t.tally(ctx, r); err != nil {
				return nil, err
			}
			tallies[id] = w
			order = append(order, w)
		}
		if !w.Add(r) {
			err := t.fast.UsageRawReplace(ctx, dbsqlc.UsageRawReplaceParams{Seller: r.Seller, Key: r.Key})
			if err != nil {
				return nil, fmt.Errorf("sqlite: leave out raw usage: %w", err)
			}
		}
	}
	for _, w := range order {
		if err := t.putTally(ctx, w); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// compareUsage says what a raw record is whose key is taken.
func (t *tx) compareUsage(ctx context.Context, r *store.UsageRaw) (store.UsageOutcome, error) {
	row, err := t.query.UsageRawGet(ctx, dbsqlc.UsageRawGetParams{Seller: r.Seller, Key: r.Key})
	if err != nil {
		return "", fmt.Errorf("sqlite: read raw usage: %w", err)
	}
	if have := dbrow.ToUsageRaw(row); !have.Same(r) {
		return store.UsageConflict, nil
	}
	return store.UsageDuplicate, nil
}

// tally reads a raw record's window, or starts it.
func (t *tx) tally(ctx context.Context, r *store.UsageRaw) (*tally, error) {
	row, err := t.query.UsageWindowGet(ctx, dbsqlc.UsageWindowGetParams{
		Seller: r.Seller, InstanceID: r.InstanceID, StartAt: dbrow.Micros(r.Window.StartAt), PackageID: r.PackageID,
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &tally{UsageTally: store.NewUsageTally(r)}, nil
	case err != nil:
		return nil, fmt.Errorf("sqlite: read usage window: %w", err)
	}
	return &tally{UsageTally: dbrow.ToUsageTally(row), was: row}, nil
}

func (t *tx) putTally(ctx context.Context, w *tally) error {
	var err error
	switch row := dbrow.FromUsageTally(w.UsageTally); {
	case w.was.ID == "":
		err = t.fast.UsageWindowInsert(ctx, dbsqlc.UsageWindowInsertParams(row))
	case row == w.was:
	case row.Open == w.was.Open:
		err = t.fast.UsageWindowGrow(ctx, windowGrow(row))
	default:
		err = t.fast.UsageWindowTurn(ctx, windowTurn(row))
	}
	if err != nil {
		return fmt.Errorf("sqlite: write usage window: %w", err)
	}
	return nil
}

func windowGrow(w dbsqlc.UsageWindow) dbsqlc.UsageWindowGrowParams {
	return dbsqlc.UsageWindowGrowParams{
		Total: w.Total, Settled: w.Settled, Records: w.Records, LastEndAt: w.LastEndAt, LastReportedAt: w.LastReportedAt, LastKey: w.LastKey,
		UpdatedAt: w.UpdatedAt, Seller: w.Seller, InstanceID: w.InstanceID, StartAt: w.StartAt, PackageID: w.PackageID,
	}
}

func windowTurn(w dbsqlc.UsageWindow) dbsqlc.UsageWindowTurnParams {
	return dbsqlc.UsageWindowTurnParams{
		Total: w.Total, Settled: w.Settled, Open: w.Open, Records: w.Records, LastEndAt: w.LastEndAt, LastReportedAt: w.LastReportedAt,
		LastKey: w.LastKey, UpdatedAt: w.UpdatedAt, Seller: w.Seller, InstanceID: w.InstanceID, StartAt: w.StartAt, PackageID: w.PackageID,
	}
}

// ReportedUsage implements store.Ledger.
func (s *Store) ReportedUsage(ctx context.Context, seller, key string) (store.UsageRaw, error) {
	if err := s.enter(ctx, seller, key); err != nil {
		return store.UsageRaw{}, err
	}
	defer s.leave()
	row, err := s.read.UsageRawGet(ctx, dbrow.UsageRawGetParams{Seller: seller, Key: key})
	if err != nil {
		return store.UsageRaw{}, notFound(err, "read raw usage")
	}
	return dbrow.ToUsageRaw(row), nil
}

// CorrectUsage implements store.Ledger.
func (s *Store) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	return audited(ctx, s, func(t *tx) (store.UsageOutcome, told, error) {
		outcome, err := t.correctUsage(c)
		if outcome != store.UsageAdded {
			return outcome, nil, err
		}
		return outcome, c.Altered, err
	})
}

// correctUsage takes the place of the record that stands for the key now, which is the newest of its corrections.
func (t *tx) correctUsage(c store.UsageCorrection) (store.UsageOutcome, error) {
	ctx := context.Background()
	key := dbsqlc.UsageRawGetParams{Seller: c.Raw.Seller, Key: c.Raw.Key}
	switch have, err := t.query.UsageRawGet(ctx, key); {
	case err == nil:
		if have.Corrects != c.Raw.Corrects || have.Value != int64(c.Raw.Value) {
			return store.UsageConflict, store.ErrConflict
		}
		return store.UsageDuplicate, nil
	case !errors.Is(err, sql.ErrNoRows):
		return "", fmt.Errorf("sqlite: read raw usage: %w", err)
	}
	stands := dbsqlc.UsageRaw{ReplacedBy: c.Raw.Corrects}
	for next := true; next; next = stands.ReplacedBy != "" {
		row, err := t.query.UsageRawGet(ctx, dbsqlc.UsageRawGetParams{Seller: c.Raw.Seller, Key: stands.ReplacedBy})
		if err != nil {
			return "", notFound(err, "read raw usage")
		}
		stands = row
	}
	raw := dbrow.ToUsageRaw(stands)
	w, err := t.tally(ctx, &raw)
	if err != nil {
		return "", err
	}
	if w.Settled > 0 {
		return "", store.ErrSettled
	}
	row := stands
	row.Key, row.Corrects, row.Value, row.ReportedAt, row.Counted = c.Raw.Key, c.Raw.Corrects, int64(c.Raw.Value), dbrow.Micros(c.Raw.ReportedAt), 1
	if c.Raw.Value == 0 { // taken back: nothing counts in its place
		row.Counted = 0
	}
	_, err = t.fast.UsageRawInsert(ctx, dbsqlc.UsageRawInsertParams(row))
	if err == nil {
		err = t.fast.UsageRawReplace(ctx, dbsqlc.UsageRawReplaceParams{ReplacedBy: row.Key, Seller: stands.Seller, Key: stands.Key})
	}
	if err != nil {
		return "", fmt.Errorf("sqlite: correct raw usage: %w", err)
	}
	if err := t.recount(ctx, w); err != nil {
		return "", err
	}
	if at := dbrow.Time(row.ReportedAt); at.After(w.UpdatedAt) {
		w.UpdatedAt = at
	}
	return store.UsageAdded, t.putTally(ctx, w)
}

// recount aggregates a window's raw records anew.
func (t *tx) recount(ctx context.Context, w *tally) error {
	window := dbsqlc.UsageRawTotalParams{Seller: w.Seller, InstanceID: w.InstanceID, StartAt: dbrow.Micros(w.StartAt), PackageID: w.PackageID}
	sums, err := t.query.UsageRawTotal(ctx, window)
	if err != nil {
		return fmt.Errorf("sqlite: recount usage: %w", err)
	}
	switch w.Mode {
	case store.UsageCount:
		w.Total = store.Units(sums.Records) * store.CountUnit
	case store.UsageMax:
		w.Total = store.Units(sums.Greatest)
	case store.UsageLast:
		row, err := t.query.UsageRawLast(ctx, dbsqlc.UsageRawLastParams(window))
		switch {
		case errors.Is(err, sql.ErrNoRows): // all were taken back
			w.Total, w.Last = 0, store.UsagePlace{}
		case err != nil:
			return fmt.Errorf("sqlite: recount usage: %w", err)
		default:
			last := dbrow.ToUsageRaw(row)
			w.Total, w.Last = last.Value, last.Place()
		}
	default:
		w.Total = store.Units(sums.Total)
	}
	w.Records = sums.Records
	return nil
}
