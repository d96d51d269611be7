// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// PutQuota implements store.Quotas. Only one transaction at a time puts quotas of a seller.
func (s *Store) PutQuota(ctx context.Context, p store.Quota) (store.Quota, error) {
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none store.Quota, altered told, err error) {
		// What was reported before this quota is committed first; what comes after sees it.
		if err := q.UsageSellerLock(ctx, p.Seller); err != nil {
			return none, nil, fmt.Errorf("postgres: lock the usage of a seller: %w", err)
		}
		rows, err := q.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: p.Seller, PackageID: p.PackageID})
		if err != nil {
			return none, nil, fmt.Errorf("postgres: read quotas: %w", err)
		}
		items := dbrow.Each(rows, dbrow.ToQuota)
		item, found, err := store.PutItem(items, p)
		if err != nil {
			return none, nil, err
		}
		row := dbrow.FromQuota(&item)
		switch {
		case found:
			err = q.QuotaUpdate(ctx, dbrow.QuotaUpdate(row))
		case len(rows) == 0:
			err = q.QuotaInsert(ctx, dbsqlc.QuotaInsertParams(row))
		default:
			err = q.QuotaItemInsert(ctx, dbsqlc.QuotaItemInsertParams(row))
		}
		if err != nil {
			return none, nil, fmt.Errorf("postgres: put quota: %w", err)
		}
		if len(rows) > 1 || !found && len(rows) > 0 {
			err = q.QuotaExpire(ctx, dbsqlc.QuotaExpireParams{ExpireAt: row.ExpireAt, Seller: row.Seller, PackageID: row.PackageID})
			if err != nil {
				return none, nil, fmt.Errorf("postgres: end quotas: %w", err)
			}
		}
		item = dbrow.ToQuota(row)
		return item, func() store.Altered { return item.Altered(items) }, nil
	})
}

// Quotas implements store.Quotas.
func (s *Store) Quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QuotasOfInstance(ctx, dbsqlc.QuotasOfInstanceParams{Seller: seller, InstanceID: instanceID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read quotas: %w", err)
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
	row, err := s.query.ReservationGet(ctx, dbsqlc.ReservationGetParams{Seller: seller, ID: id})
	if err != nil {
		return store.Reservation{}, notFound(err, "read reservation")
	}
	return dbrow.ToReservation(row)
}

// ReserveQuota implements store.Quotas. The instance's quotas are locked before anything is read of the reservation, so
// that repeats of one call queue there.
func (s *Store) ReserveQuota(ctx context.Context, r store.Reservation, now time.Time) (store.Reservation, error) {
	if r.Amount < 0 {
		return store.Reservation{}, fmt.Errorf("postgres: the amount of a reservation is negative: %d", r.Amount)
	}
	return audited(ctx, s, func(t pgx.Tx, q *dbsqlc.Queries) (store.Reservation, told, error) { return reserve(ctx, t, q, r, now) })
}

func reserve(ctx context.Context, t pgx.Tx, q *dbsqlc.Queries, r store.Reservation, now time.Time) (none store.Reservation, altered told, err error) {
	rows, err := q.QuotasLock(ctx, dbsqlc.QuotasLockParams{Seller: r.Seller, InstanceID: r.InstanceID})
	if err != nil {
		return none, nil, fmt.Errorf("postgres: lock quotas: %w", err)
	}
	if have, err := reservedBefore(ctx, q, r); !errors.Is(err, store.ErrNotFound) {
		return have, nil, err
	}
	quotas := dbrow.Each(rows, func(r dbsqlc.QuotasLockRow) store.Quota { return dbrow.ToQuota(dbsqlc.QuotaRow(r)) })
	for i := range quotas {
		if quotas[i].Turn(now) {
			if err := turn(ctx, q, &quotas[i]); err != nil {
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
	switch n, err := q.ReservationInsert(ctx, dbsqlc.ReservationInsertParams(row)); {
	case err != nil:
		return none, nil, fmt.Errorf("postgres: insert reservation: %w", err)
	case n == 0: // taken meanwhile, for an instance without quotas or for another one
		have, err := reservedBefore(ctx, q, r)
		return have, nil, err
	}
	var b bookings
	for _, p := range parts {
		b = append(b, booking{place{r.InstanceID, p.PackageID, p.Cycle}, 0, p.Amount})
	}
	if err := b.write(ctx, t, &writes{}, r.Seller, now); err != nil {
		return none, nil, err
	}
	made, err := dbrow.ToReservation(row)
	return made, func() store.Altered { return made.Altered(store.Reservation{}) }, err
}

// reservedBefore returns the reservation that is there under the ID.
func reservedBefore(ctx context.Context, q *dbsqlc.Queries, r store.Reservation) (none store.Reservation, err error) {
	row, err := q.ReservationGet(ctx, dbsqlc.ReservationGetParams{Seller: r.Seller, ID: r.ID})
	if err != nil {
		return none, notFound(err, "read reservation")
	}
	have, err := dbrow.ToReservation(row)
	if err != nil {
		return none, err
	}
	return have, have.Again(r)
}

// place is a cycle of a quota.
type place struct {
	instanceID, packageID string
	cycle                 int64
}

// booking adds to what is used and reserved of a quota.
type booking struct {
	place
	use, reserve store.Units
}

type bookings []booking

// errOversold cannot happen while quotas are locked; it would be a fault of this package.
var errOversold = errors.New("postgres: a quota does not hold what was drawn from it")

// write adds the bookings, one for each quota and in the order of their keys, to what is to be written and writes all.
func (b bookings) write(ctx context.Context, t pgx.Tx, w *writes, seller string, now time.Time) error {
	sums := make(map[place]booking)
	for _, x := range b {
		sum := sums[x.place]
		sums[x.place] = booking{x.place, sum.use + x.use, sum.reserve + x.reserve}
	}
	ids := slices.SortedFunc(maps.Keys(sums), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.instanceID, b.instanceID), cmp.Compare(a.packageID, b.packageID), cmp.Compare(a.cycle, b.cycle))
	})
	for _, id := range ids {
		p := dbsqlc.QuotaBookParams{
			Use: int64(sums[id].use), Reserve: int64(sums[id].reserve), Now: dbrow.Micros(now), Seller: seller, PackageID: id.packageID,
			InstanceID: id.instanceID, Cycle: id.cycle,
		}
		if err := w.add("book quota", errOversold, func(q *dbsqlc.Queries) error { return q.QuotaBook(ctx, p) }); err != nil {
			return err
		}
	}
	if len(w.steps) == 0 {
		return nil
	}
	return w.run(ctx, t)
}

// end writes the ends of reservations and frees what was not used. It locks the quotas last.
func end(ctx context.Context, t pgx.Tx, seller string, now time.Time, reservations ...store.Reservation) error {
	w := &writes{}
	var b bookings
	for _, r := range reservations {
		p := dbsqlc.ReservationEndParams{State: string(r.State), Used: int64(r.Used), Now: dbrow.Micros(now), Seller: r.Seller, ID: r.ID}
		if err := w.add("end reservation", nil, func(q *dbsqlc.Queries) error { return q.ReservationEnd(ctx, p) }); err != nil {
			return err
		}
		uses := r.Uses()
		for i, part := range r.Parts {
			b = append(b, booking{place{r.InstanceID, part.PackageID, part.Cycle}, uses[i].Amount, -part.Amount})
		}
	}
	return b.write(ctx, t, w, seller, now)
}

func lockReservation(ctx context.Context, q *dbsqlc.Queries, seller, id string) (store.Reservation, error) {
	row, err := q.ReservationLock(ctx, dbsqlc.ReservationLockParams{Seller: seller, ID: id})
	if err != nil {
		return store.Reservation{}, notFound(err, "lock reservation")
	}
	return dbrow.ToReservation(row)
}

// CommitQuota implements store.Quotas.
func (s *Store) CommitQuota(ctx context.Context, c store.QuotaCommit) (store.Reservation, error) {
	return audited(ctx, s, func(t pgx.Tx, q *dbsqlc.Queries) (none store.Reservation, altered told, err error) {
		r, err := lockReservation(ctx, q, c.Seller, c.ReservationID)
		if err != nil {
			return none, nil, err
		}
		was := r
		raws, done, err := r.Commit(c)
		if err != nil || done {
			return r, nil, err
		}
		outcomes, err := addUsage(ctx, q, raws)
		if err != nil {
			return none, nil, err
		}
		for _, o := range outcomes {
			if o != store.UsageAdded {
				return none, nil, store.ErrConflict
			}
		}
		return r, func() store.Altered { return r.Altered(was) }, end(ctx, t, c.Seller, r.UpdatedAt, r)
	})
}

// CancelQuota implements store.Quotas.
func (s *Store) CancelQuota(ctx context.Context, seller, reservationID string, now time.Time) (store.Reservation, error) {
	return audited(ctx, s, func(t pgx.Tx, q *dbsqlc.Queries) (none store.Reservation, altered told, err error) {
		r, err := lockReservation(ctx, q, seller, reservationID)
		if err != nil {
			return none, nil, err
		}
		was := r
		if done, err := r.Cancel(dbrow.Time(dbrow.Micros(now))); err != nil || done {
			return r, nil, err
		}
		return r, func() store.Altered { return r.Altered(was) }, end(ctx, t, seller, now, r)
	})
}

// ExpireQuota implements store.Quotas.
func (s *Store) ExpireQuota(ctx context.Context, seller string, now time.Time, limit int) ([]store.Reservation, error) {
	return change(ctx, s, func(t pgx.Tx, q *dbsqlc.Queries) ([]store.Reservation, error) {
		rows, err := q.ReservationsOver(ctx, dbsqlc.ReservationsOverParams{Seller: seller, Now: dbrow.Micros(now), Max: count(limit)})
		if err != nil {
			return nil, fmt.Errorf("postgres: read reservations: %w", err)
		}
		var out []store.Reservation
		for _, row := range rows {
			r, err := dbrow.ToReservation(row)
			if err != nil {
				return nil, err
			}
			r.State, r.UpdatedAt = store.ReservationExpired, dbrow.Time(dbrow.Micros(now))
			out = append(out, r)
		}
		return out, end(ctx, t, seller, now, out...)
	})
}

// PackageQuotas implements store.Quotas.
func (s *Store) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, packageID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: seller, PackageID: packageID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotasDue implements store.Quotas.
func (s *Store) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QuotasDue(ctx, dbsqlc.QuotasDueParams{Seller: seller, Now: dbrow.Micros(now), Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read due quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotaSettled implements store.Quotas.
func (s *Store) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		row, err := q.QuotaLock(ctx, dbsqlc.QuotaLockParams(k))
		if err != nil {
			return none, notFound(err, "lock quota")
		}
		quota := dbrow.ToQuota(dbsqlc.QuotaRow(row))
		quota.Settle(now)
		return none, turn(ctx, q, &quota)
	})
	return err
}

// turn writes the new cycle of a quota, which this transaction has locked.
func turn(ctx context.Context, q *dbsqlc.Queries, quota *store.Quota) error {
	if err := q.QuotaTurn(ctx, dbrow.QuotaTurn(quota)); err != nil {
		return fmt.Errorf("postgres: turn quota: %w", err)
	}
	return nil
}
