// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// change runs f in a transaction, again when the server aborts it, and returns what the last run returned.
func change[T any](ctx context.Context, s *Store, f func(t pgx.Tx, q *dbsqlc.Queries) (T, error)) (out T, err error) {
	if err := s.enter(ctx); err != nil {
		return out, err
	}
	defer s.leave()
	var made T
	err = retry(ctx, func() error {
		return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) (err error) {
			made, err = f(t, s.query.WithTx(t))
			return err
		})
	})
	if err != nil {
		return out, err
	}
	return made, nil
}

// AddUsage implements store.Ledger.
func (s *Store) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) ([]store.UsageOutcome, told, error) {
		judged, err := judged(ctx, q, raws)
		if err != nil {
			return nil, nil, err
		}
		return store.BookUsage(raws, func(seller, id string) store.UsageJudged { return judged[instanceID{seller, id}] },
			func(fresh []store.UsageRaw) ([]store.UsageOutcome, error) { return addUsage(ctx, q, fresh) })
	})
}

// instanceID is an instance's key as maps can hold it.
type instanceID struct{ seller, instanceID string }

// judged reads what the judgement of usage rests on now. Its lock keeps quotas of these sellers from being put until the commit:
// see PutQuota.
func judged(ctx context.Context, q *dbsqlc.Queries, raws []store.UsageRaw) (map[instanceID]store.UsageJudged, error) {
	judged := make(map[instanceID]store.UsageJudged)
	ids := make(map[string][]string)
	for i := range raws {
		id := instanceID{raws[i].Seller, raws[i].InstanceID}
		if _, ok := judged[id]; !ok {
			judged[id] = store.UsageJudged{}
			ids[id.seller] = append(ids[id.seller], id.instanceID)
		}
	}
	for _, seller := range slices.Sorted(maps.Keys(ids)) {
		if err := q.UsageSellerShare(ctx, seller); err != nil {
			return nil, fmt.Errorf("postgres: share the usage of a seller: %w", err)
		}
		stops, err := q.UsageStops(ctx, dbsqlc.UsageStopsParams{Seller: seller, InstanceIds: ids[seller]})
		if err != nil {
			return nil, fmt.Errorf("postgres: read what stops: %w", err)
		}
		ended, err := q.UsageEnded(ctx, dbsqlc.UsageEndedParams{Seller: seller, InstanceIds: ids[seller]})
		if err != nil {
			return nil, fmt.Errorf("postgres: read what has ended: %w", err)
		}
		for _, id := range stops {
			j := judged[instanceID{seller, id}]
			j.Stops = true
			judged[instanceID{seller, id}] = j
		}
		for _, id := range ended {
			j := judged[instanceID{seller, id}]
			j.Ended = true
			judged[instanceID{seller, id}] = j
		}
	}
	return judged, nil
}

// rawID and windowID are keys as maps can hold them.
type (
	rawID    struct{ seller, key string }
	windowID struct {
		seller, instanceID string
		startAt            int64
		packageID          string
	}
)

func windowIDOf(w *store.UsageWindow) windowID {
	return windowID{w.Seller, w.InstanceID, dbrow.Micros(w.StartAt), w.PackageID}
}

// addUsage inserts raw records, then locks the windows that they count to and writes each once. Rows go in the order of their keys,
// and raw records come before windows, so that no two calls wait for each other in a circle. Windows are locked last, and so for
// the shortest time, because many calls add to the same ones.
func addUsage(ctx context.Context, q *dbsqlc.Queries, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	if len(raws) == 0 {
		return nil, nil
	}
	outcomes := make([]store.UsageOutcome, len(raws))
	first := make(map[rawID]int, len(raws))
	var wanted []store.UsageRaw
	for i := range raws {
		id := rawID{raws[i].Seller, raws[i].Key}
		if _, ok := first[id]; !ok {
			first[id] = i
			wanted = append(wanted, raws[i])
		}
	}
	slices.SortFunc(wanted, func(a, b store.UsageRaw) int {
		return cmp.Or(cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Key, b.Key))
	})
	inserted, err := q.UsageRawsInsert(ctx, rawColumns(wanted))
	if err != nil {
		return nil, fmt.Errorf("postgres: insert raw usage: %w", err)
	}
	for _, r := range inserted {
		outcomes[first[rawID{r.Seller, r.Key}]] = store.UsageAdded
	}
	if err := compareUsage(ctx, q, raws, first, outcomes); err != nil {
		return nil, err
	}
	if len(inserted) == 0 {
		return outcomes, nil
	}
	tallies, err := lockTallies(ctx, q, raws, outcomes)
	if err != nil {
		return nil, err
	}
	var late dbsqlc.UsageRawsLeaveOutParams
	for i := range raws {
		r := &raws[i]
		w := tallies[windowID{r.Seller, r.InstanceID, dbrow.Micros(r.Window.StartAt), r.PackageID}]
		if outcomes[i] == store.UsageAdded && !w.Add(r) {
			late.Sellers, late.Keys = append(late.Sellers, r.Seller), append(late.Keys, r.Key)
		}
	}
	if len(late.Keys) > 0 {
		if err := q.UsageRawsLeaveOut(ctx, late); err != nil {
			return nil, fmt.Errorf("postgres: leave out raw usage: %w", err)
		}
	}
	windows := make([]*store.UsageTally, 0, len(tallies))
	for _, w := range tallies {
		windows = append(windows, w)
	}
	return outcomes, putTallies(ctx, q, windows)
}

// compareUsage completes the outcomes of raw records whose keys were taken: in the database, or by an earlier one of raws.
func compareUsage(ctx context.Context, q *dbsqlc.Queries, raws []store.UsageRaw, first map[rawID]int, outcomes []store.UsageOutcome) error {
	var taken dbsqlc.UsageRawsGetParams
	have := make(map[rawID]store.UsageRaw)
	for id, i := range first {
		if outcomes[i] == store.UsageAdded {
			have[id] = raws[i]
			continue
		}
		taken.Sellers, taken.Keys = append(taken.Sellers, id.seller), append(taken.Keys, id.key)
	}
	if len(taken.Keys) > 0 {
		rows, err := q.UsageRawsGet(ctx, taken)
		if err != nil {
			return fmt.Errorf("postgres: read raw usage: %w", err)
		}
		for _, r := range rows {
			have[rawID{r.Seller, r.Key}] = dbrow.ToUsageRaw(r)
		}
	}
	for i := range raws {
		if outcomes[i] != "" {
			continue
		}
		outcomes[i] = store.UsageConflict
		if h := have[rawID{raws[i].Seller, raws[i].Key}]; h.Same(&raws[i]) {
			outcomes[i] = store.UsageDuplicate
		}
	}
	return nil
}

// lockTallies locks the windows of the raw records that were added, and starts those that are missing.
func lockTallies(ctx context.Context, q *dbsqlc.Queries, raws []store.UsageRaw, outcomes []store.UsageOutcome) (map[windowID]*store.UsageTally, error) {
	tallies := make(map[windowID]*store.UsageTally)
	var wanted []*store.UsageTally
	for i := range raws {
		r := &raws[i]
		if outcomes[i] != store.UsageAdded {
			continue
		}
		id := windowID{r.Seller, r.InstanceID, dbrow.Micros(r.Window.StartAt), r.PackageID}
		if _, ok := tallies[id]; !ok {
			w := store.NewUsageTally(r)
			tallies[id] = w
			wanted = append(wanted, w)
		}
	}
	slices.SortFunc(wanted, func(a, b *store.UsageTally) int {
		return cmp.Or(
			cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.InstanceID, b.InstanceID),
			cmp.Compare(dbrow.Micros(a.StartAt), dbrow.Micros(b.StartAt)), cmp.Compare(a.PackageID, b.PackageID),
		)
	})
	rows, err := q.UsageWindowsLock(ctx, windowColumns(wanted))
	if err != nil {
		return nil, fmt.Errorf("postgres: lock usage windows: %w", err)
	}
	for _, row := range rows {
		w := dbrow.ToUsageTally(row)
		tallies[windowIDOf(&w.UsageWindow)] = w
	}
	return tallies, nil
}

func putTallies(ctx context.Context, q *dbsqlc.Queries, windows []*store.UsageTally) error {
	if err := q.UsageWindowsPut(ctx, windowChanges(windows)); err != nil {
		return fmt.Errorf("postgres: write usage windows: %w", err)
	}
	return nil
}

// ReportedUsage implements store.Ledger.
func (s *Store) ReportedUsage(ctx context.Context, seller, key string) (store.UsageRaw, error) {
	if err := s.enter(ctx, seller, key); err != nil {
		return store.UsageRaw{}, err
	}
	defer s.leave()
	row, err := s.query.UsageRawGet(ctx, dbrow.UsageRawGetParams{Seller: seller, Key: key})
	if err != nil {
		return store.UsageRaw{}, notFound(err, "read raw usage")
	}
	return dbrow.ToUsageRaw(row), nil
}

// CorrectUsage implements store.Ledger.
func (s *Store) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.UsageOutcome, told, error) {
		outcome, err := correctUsage(ctx, q, c)
		if outcome != store.UsageAdded {
			return outcome, nil, err
		}
		return outcome, c.Altered, err
	})
}

// correctUsage takes the place of the record that stands for the key now, which is the newest of its corrections. All of
// them are of one window, whose lock keeps them from changing.
func correctUsage(ctx context.Context, q *dbsqlc.Queries, c store.UsageCorrection) (store.UsageOutcome, error) {
	if outcome, err := compareCorrection(ctx, q, c); !errors.Is(err, store.ErrNotFound) {
		return outcome, err
	}
	seller := c.Raw.Seller
	stands, err := q.UsageRawGet(ctx, dbsqlc.UsageRawGetParams{Seller: seller, Key: c.Raw.Corrects})
	if err != nil {
		return "", notFound(err, "read raw usage")
	}
	locked, err := q.UsageWindowLock(ctx, dbsqlc.UsageWindowLockParams{
		Seller: seller, InstanceID: stands.InstanceID, StartAt: stands.StartAt, PackageID: stands.PackageID,
	})
	if err != nil {
		return "", fmt.Errorf("postgres: lock usage window: %w", err)
	}
	w := dbrow.ToUsageTally(locked)
	// What a repeat of this call, or another correction, wrote while this one waited for the window shows only now.
	if outcome, err := compareCorrection(ctx, q, c); !errors.Is(err, store.ErrNotFound) {
		return outcome, err
	}
	if w.Settled > 0 {
		return "", store.ErrSettled
	}
	for next := c.Raw.Corrects; next != ""; next = stands.ReplacedBy {
		if stands, err = q.UsageRawGet(ctx, dbsqlc.UsageRawGetParams{Seller: seller, Key: next}); err != nil {
			return "", fmt.Errorf("postgres: read raw usage: %w", err)
		}
	}
	raw := dbrow.ToUsageRaw(stands)
	raw.Key, raw.Corrects, raw.Value, raw.ReportedAt = c.Raw.Key, c.Raw.Corrects, c.Raw.Value, c.Raw.ReportedAt
	switch inserted, err := q.UsageRawsInsert(ctx, rawColumns([]store.UsageRaw{raw})); {
	case err != nil:
		return "", fmt.Errorf("postgres: correct raw usage: %w", err)
	case len(inserted) == 0: // a record of another window took the key meanwhile
		return compareCorrection(ctx, q, c)
	}
	err = q.UsageRawReplace(ctx, dbsqlc.UsageRawReplaceParams{ReplacedBy: raw.Key, Seller: seller, Key: stands.Key})
	if err == nil && raw.Value == 0 { // taken back: nothing counts in its place
		err = q.UsageRawReplace(ctx, dbsqlc.UsageRawReplaceParams{Seller: seller, Key: raw.Key})
	}
	if err != nil {
		return "", fmt.Errorf("postgres: correct raw usage: %w", err)
	}
	if err := recount(ctx, q, w); err != nil {
		return "", err
	}
	if at := dbrow.Time(dbrow.Micros(raw.ReportedAt)); at.After(w.UpdatedAt) {
		w.UpdatedAt = at
	}
	return store.UsageAdded, putTallies(ctx, q, []*store.UsageTally{w})
}

// compareCorrection judges a correction whose key is taken. Errors: store.ErrNotFound when the key is free, store.ErrConflict.
func compareCorrection(ctx context.Context, q *dbsqlc.Queries, c store.UsageCorrection) (store.UsageOutcome, error) {
	have, err := q.UsageRawGet(ctx, dbsqlc.UsageRawGetParams{Seller: c.Raw.Seller, Key: c.Raw.Key})
	switch {
	case err != nil:
		return "", notFound(err, "read raw usage")
	case have.Corrects != c.Raw.Corrects || have.Value != int64(c.Raw.Value):
		return store.UsageConflict, store.ErrConflict
	}
	return store.UsageDuplicate, nil
}

// recount aggregates a window's raw records anew.
func recount(ctx context.Context, q *dbsqlc.Queries, w *store.UsageTally) error {
	window := dbsqlc.UsageRawTotalParams{Seller: w.Seller, InstanceID: w.InstanceID, StartAt: dbrow.Micros(w.StartAt), PackageID: w.PackageID}
	sums, err := q.UsageRawTotal(ctx, window)
	if err != nil {
		return fmt.Errorf("postgres: recount usage: %w", err)
	}
	switch w.Mode {
	case store.UsageCount:
		w.Total = store.Units(sums.Records) * store.CountUnit
	case store.UsageMax:
		w.Total = store.Units(sums.Greatest)
	case store.UsageLast:
		row, err := q.UsageRawLast(ctx, dbsqlc.UsageRawLastParams(window))
		switch {
		case errors.Is(err, pgx.ErrNoRows): // all were taken back
			w.Total, w.Last = 0, store.UsagePlace{}
		case err != nil:
			return fmt.Errorf("postgres: recount usage: %w", err)
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

func rawColumns(raws []store.UsageRaw) dbsqlc.UsageRawsInsertParams {
	var p dbsqlc.UsageRawsInsertParams
	for i := range raws {
		r := dbrow.FromUsageRaw(&raws[i])
		p.Sellers, p.Keys, p.InstanceIds = append(p.Sellers, r.Seller), append(p.Keys, r.Key), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID)
		p.Meters, p.Modes = append(p.Meters, r.Meter), append(p.Modes, r.Mode)
		p.BeginAts, p.EndAts, p.Values = append(p.BeginAts, r.BeginAt), append(p.EndAts, r.EndAt), append(p.Values, r.Value)
		p.ReportedAts, p.Corrects = append(p.ReportedAts, r.ReportedAt), append(p.Corrects, r.Corrects)
	}
	return p
}

func windowColumns(windows []*store.UsageTally) dbsqlc.UsageWindowsLockParams {
	var p dbsqlc.UsageWindowsLockParams
	for _, w := range windows {
		r := dbrow.FromUsageTally(w)
		p.Sellers, p.InstanceIds = append(p.Sellers, r.Seller), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds, p.Ids = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID), append(p.Ids, r.ID)
		p.Meters, p.Modes, p.EndAts = append(p.Meters, r.Meter), append(p.Modes, r.Mode), append(p.EndAts, r.EndAt)
		p.DueAts, p.DeadlineAts, p.RefuseAts = append(p.DueAts, r.DueAt), append(p.DeadlineAts, r.DeadlineAt), append(p.RefuseAts, r.RefuseAt)
		p.CreatedAts, p.UpdatedAts = append(p.CreatedAts, r.CreatedAt), append(p.UpdatedAts, r.UpdatedAt)
	}
	return p
}

func windowChanges(windows []*store.UsageTally) dbsqlc.UsageWindowsPutParams {
	var p dbsqlc.UsageWindowsPutParams
	for _, w := range windows {
		r := dbrow.FromUsageTally(w)
		p.Sellers, p.InstanceIds = append(p.Sellers, r.Seller), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID)
		p.Totals, p.Settles = append(p.Totals, r.Total), append(p.Settles, r.Settled)
		p.Opens, p.Records = append(p.Opens, r.Open), append(p.Records, r.Records)
		p.LastEndAts, p.LastReportedAts = append(p.LastEndAts, r.LastEndAt), append(p.LastReportedAts, r.LastReportedAt)
		p.LastKeys, p.UpdatedAts = append(p.LastKeys, r.LastKey), append(p.UpdatedAts, r.UpdatedAt)
	}
	return p
}

func recordColumns(records []store.UsageRecord) dbsqlc.UsageRecordsInsertParams {
	var p dbsqlc.UsageRecordsInsertParams
	for i := range records {
		r := dbrow.FromUsageRecord(&records[i])
		p.Sellers, p.Ids, p.InstanceIds = append(p.Sellers, r.Seller), append(p.Ids, r.ID), append(p.InstanceIds, r.InstanceID)
		p.StartAts, p.PackageIds, p.Parts = append(p.StartAts, r.StartAt), append(p.PackageIds, r.PackageID), append(p.Parts, r.Part)
		p.Meters, p.BeginAts, p.EndAts = append(p.Meters, r.Meter), append(p.BeginAts, r.BeginAt), append(p.EndAts, r.EndAt)
		p.Values, p.States, p.Codes = append(p.Values, r.Value), append(p.States, r.State), append(p.Codes, r.Code)
		p.Attempts, p.DueAts = append(p.Attempts, r.Attempt), append(p.DueAts, r.DueAt)
		p.DeadlineAts, p.RefuseAts = append(p.DeadlineAts, r.DeadlineAt), append(p.RefuseAts, r.RefuseAt)
		p.CreatedAts, p.UpdatedAts = append(p.CreatedAts, r.CreatedAt), append(p.UpdatedAts, r.UpdatedAt)
		p.ToldBeginAts = append(p.ToldBeginAts, r.ToldBeginAt)
	}
	return p
}
