// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// PutQuota implements store.Quotas.
func (s *Store) PutQuota(ctx context.Context, p store.Quota) (store.Quota, error) {
	return audited(ctx, s, func(t *tx) (none store.Quota, altered told, err error) {
		ctx := context.Background()
		rows, err := t.query.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: p.Seller, PackageID: p.PackageID})
		if err != nil {
			return none, nil, fmt.Errorf("sqlite: read quotas: %w", err)
		}
		items := dbrow.Each(rows, dbrow.ToQuota)
		q, found, err := store.PutItem(items, p)
		if err != nil {
			return none, nil, err
		}
		row := dbrow.FromQuota(&q)
		switch {
		case found:
			err = t.updateQuota(ctx, row)
		case len(rows) == 0:
			err = t.fast.QuotaInsert(ctx, dbsqlc.QuotaInsertParams(row))
		default:
			err = t.fast.QuotaItemInsert(ctx, dbsqlc.QuotaItemInsertParams(row))
		}
		if err != nil {
			return none, nil, fmt.Errorf("sqlite: put quota: %w", err)
		}
		if len(rows) > 1 || !found && len(rows) > 0 {
			err = t.expireQuotas(ctx, row)
		}
		q = dbrow.ToQuota(row)
		return q, func() store.Altered { return q.Altered(items) }, err
	})
}

func (t *tx) updateQuota(ctx context.Context, row dbsqlc.QuotaRow) error {
	p := dbrow.QuotaUpdate(row)
	if n, err := t.fast.QuotaUpdate(ctx, p); err != nil || n > 0 {
		return err
	}
	_, err := t.fast.QuotaItemUpdate(ctx, dbsqlc.QuotaItemUpdateParams(p))
	return err
}

// expireQuotas writes the end of a package to all its fee items.
func (t *tx) expireQuotas(ctx context.Context, row dbsqlc.QuotaRow) error {
	p := dbsqlc.QuotaExpireParams{ExpireAt: row.ExpireAt, Seller: row.Seller, PackageID: row.PackageID}
	if err := t.fast.QuotaExpire(ctx, p); err != nil {
		return fmt.Errorf("sqlite: end quotas: %w", err)
	}
	if err := t.fast.QuotaItemExpire(ctx, dbsqlc.QuotaItemExpireParams(p)); err != nil {
		return fmt.Errorf("sqlite: end quotas: %w", err)
	}
	return nil
}

// Quotas implements store.Quotas.
func (s *Store) Quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QuotasOfInstance(ctx, dbsqlc.QuotasOfInstanceParams{Seller: seller, InstanceID: instanceID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read quotas: %w", err)
	}
	quotas := dbrow.Each(rows, dbrow.ToQuota)
	store.SortQuotas(quotas)
	return quotas, nil
}

// Reservation implements store.Quotas.
func (s *Store) Reservation(ctx context.Context, seller, id string) (store.Reservation, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return store.Reservation{}, err
	}
	defer s.leave()
	row, err := s.read.ReservationGet(ctx, dbsqlc.ReservationGetParams{Seller: seller, ID: id})
	if err != nil {
		return store.Reservation{}, notFound(err, "read reservation")
	}
	return dbrow.ToReservation(row)
}

// ReserveQuota implements store.Quotas. It runs in the writer, so nobody else draws on the quotas that it read.
func (s *Store) ReserveQuota(ctx context.Context, r store.Reservation, now time.Time) (store.Reservation, error) {
	if r.Amount < 0 {
		return store.Reservation{}, fmt.Errorf("sqlite: the amount of a reservation is negative: %d", r.Amount)
	}
	return audited(ctx, s, func(t *tx) (store.Reservation, told, error) { return t.reserve(r, now) })
}

func (t *tx) reserve(r store.Reservation, now time.Time) (none store.Reservation, altered told, err error) {
	ctx := context.Background()
	switch have, err := t.reservation(ctx, r.Seller, r.ID); {
	case err == nil:
		return have, nil, have.Again(r)
	case !errors.Is(err, store.ErrNotFound):
		return none, nil, err
	}
	rows, err := t.query.QuotasOfInstance(ctx, dbsqlc.QuotasOfInstanceParams{Seller: r.Seller, InstanceID: r.InstanceID})
	if err != nil {
		return none, nil, fmt.Errorf("sqlite: read quotas: %w", err)
	}
	quotas := dbrow.Each(rows, dbrow.ToQuota)
	for i := range quotas {
		if quotas[i].Turn(now) {
			if err := t.turn(ctx, &quotas[i]); err != nil {
				return none, nil, err
			}
		}
	}
	parts, err := store.DrawQuotas(quotas, r.Amount, now)
	if err != nil {
		return none, nil, err
	}
	row, err := dbrow.FromReservation(&store.Reservation{
		Seller: r.Seller, ID: r.ID, InstanceID: r.InstanceID, Amount: r.Amount, Parts: parts, State: store.ReservationHeld,
		ExpireAt: r.ExpireAt, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return none, nil, err
	}
	if err := t.fast.ReservationInsert(ctx, dbsqlc.ReservationInsertParams(row)); err != nil {
		return none, nil, fmt.Errorf("sqlite: insert reservation: %w", err)
	}
	for _, p := range parts {
		if err := t.book(ctx, r.InstanceID, r.Seller, p, 0, p.Amount, now); err != nil {
			return none, nil, err
		}
	}
	made, err := dbrow.ToReservation(row)
	return made, func() store.Altered { return made.Altered(store.Reservation{}) }, err
}

func (t *tx) reservation(ctx context.Context, seller, id string) (store.Reservation, error) {
	row, err := t.query.ReservationGet(ctx, dbsqlc.ReservationGetParams{Seller: seller, ID: id})
	if err != nil {
		return store.Reservation{}, notFound(err, "read reservation")
	}
	return dbrow.ToReservation(row)
}

// book adds to what is used and reserved of a quota of an instance.
func (t *tx) book(ctx context.Context, instanceID, seller string, p store.ReservationPart, use, reserve store.Units, now time.Time) error {
	b := dbsqlc.QuotaBookParams{
		Use: int64(use), Reserve: int64(reserve), Now: dbrow.Micros(now), Seller: seller, PackageID: p.PackageID, InstanceID: instanceID,
		Cycle: p.Cycle,
	}
	n, err := t.fast.QuotaBook(ctx, b)
	if err == nil && n == 0 {
		n, err = t.fast.QuotaItemBook(ctx, dbsqlc.QuotaItemBookParams(b))
	}
	if err != nil {
		return fmt.Errorf("sqlite: book quota: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("sqlite: quota %s does not hold what was drawn from it", p.PackageID)
	}
	return nil
}

// end writes the end of a reservation and frees what was not used.
func (t *tx) end(ctx context.Context, r *store.Reservation) error {
	err := t.fast.ReservationEnd(ctx, dbsqlc.ReservationEndParams{
		State: string(r.State), Used: int64(r.Used), Now: dbrow.Micros(r.UpdatedAt), Seller: r.Seller, ID: r.ID,
	})
	if err != nil {
		return fmt.Errorf("sqlite: end reservation: %w", err)
	}
	uses := r.Uses()
	for i, p := range r.Parts {
		if err := t.book(ctx, r.InstanceID, r.Seller, p, uses[i].Amount, -p.Amount, r.UpdatedAt); err != nil {
			return err
		}
	}
	return nil
}

// CommitQuota implements store.Quotas.
func (s *Store) CommitQuota(ctx context.Context, c store.QuotaCommit) (store.Reservation, error) {
	return audited(ctx, s, func(t *tx) (none store.Reservation, altered told, err error) {
		ctx := context.Background()
		r, err := t.reservation(ctx, c.Seller, c.ReservationID)
		if err != nil {
			return none, nil, err
		}
		was := r
		raws, done, err := r.Commit(c)
		if err != nil || done {
			return r, nil, err
		}
		outcomes, err := t.addUsage(raws)
		if err != nil {
			return none, nil, err
		}
		for _, o := range outcomes {
			if o != store.UsageAdded {
				return none, nil, store.ErrConflict
			}
		}
		return r, func() store.Altered { return r.Altered(was) }, t.end(ctx, &r)
	})
}

// CancelQuota implements store.Quotas.
func (s *Store) CancelQuota(ctx context.Context, seller, reservationID string, now time.Time) (store.Reservation, error) {
	return audited(ctx, s, func(t *tx) (none store.Reservation, altered told, err error) {
		ctx := context.Background()
		r, err := t.reservation(ctx, seller, reservationID)
		if err != nil {
			return none, nil, err
		}
		was := r
		if done, err := r.Cancel(dbrow.Time(dbrow.Micros(now))); err != nil || done {
			return r, nil, err
		}
		return r, func() store.Altered { return r.Altered(was) }, t.end(ctx, &r)
	})
}

// ExpireQuota implements store.Quotas.
func (s *Store) ExpireQuota(ctx context.Context, seller string, now time.Time, limit int) ([]store.Reservation, error) {
	return change(ctx, s, func(t *tx) ([]store.Reservation, error) {
		ctx := context.Background()
		rows, err := t.query.ReservationsOver(ctx, dbsqlc.ReservationsOverParams{Seller: seller, Now: dbrow.Micros(now), Max: int64(max(limit, 0))})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read reservations: %w", err)
		}
		var out []store.Reservation
		for _, row := range rows {
			r, err := dbrow.ToReservation(row)
			if err != nil {
				return nil, err
			}
			r.State, r.UpdatedAt = store.ReservationExpired, dbrow.Time(dbrow.Micros(now))
			if err := t.end(ctx, &r); err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		return out, nil
	})
}

// PackageQuotas implements store.Quotas.
func (s *Store) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, packageID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: seller, PackageID: packageID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotasDue implements store.Quotas.
func (s *Store) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QuotasDue(ctx, dbsqlc.QuotasDueParams{Seller: seller, Now: dbrow.Micros(now), Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read due quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotaSettled implements store.Quotas.
func (s *Store) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		ctx := context.Background()
		row, err := t.query.QuotaGet(ctx, dbsqlc.QuotaGetParams(k))
		if err != nil {
			return none, notFound(err, "read quota")
		}
		q := dbrow.ToQuota(row)
		q.Settle(now)
		return none, t.turn(ctx, &q)
	})
	return err
}

func (t *tx) turn(ctx context.Context, q *store.Quota) error {
	p := dbrow.QuotaTurn(q)
	n, err := t.fast.QuotaTurn(ctx, p)
	if err == nil && n == 0 {
		_, err = t.fast.QuotaItemTurn(ctx, dbsqlc.QuotaItemTurnParams(p))
	}
	if err != nil {
		return fmt.Errorf("sqlite: turn quota: %w", err)
	}
	return nil
}
