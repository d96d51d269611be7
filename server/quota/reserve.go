// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// KeyPrefix begins the ledger keys of what commits book; the reservation's ID follows, and the package when it took from
// several.
const KeyPrefix = "reservation/"

// Reserve takes an amount, all of it or nothing, for the time of hold; zero means DefaultHold. Repeating it answers with
// the reservation as it stands. Errors: INVALID_FIELD, INSTANCE_NOT_FOUND, QUOTA_EXHAUSTED, CONFLICTING_REPEAT,
// STORE_UNAVAILABLE.
func (s *Service) Reserve(ctx context.Context, seller, instanceID, id string, amount store.Units, hold time.Duration) (store.Reservation, error) {
	if hold == 0 {
		hold = DefaultHold
	}
	switch {
	case amount <= 0:
		return store.Reservation{}, errs.BadField("amount", "must be more than zero")
	case hold < MinHold || hold > MaxHold:
		return store.Reservation{}, errs.BadField("hold", "must be 1s to 24h")
	}
	i, err := s.instance(ctx, seller, instanceID)
	if err != nil {
		return store.Reservation{}, err
	}
	now := s.now()
	want := store.Reservation{Seller: seller, ID: id, InstanceID: instanceID, Amount: amount, ExpireAt: now.Add(hold)}
	r, err := s.Quotas.ReserveQuota(ctx, want, now)
	if errors.Is(err, store.ErrExhausted) {
		again, ferr := s.free(ctx, &i)
		if ferr != nil {
			return store.Reservation{}, ferr
		}
		if again {
			r, err = s.Quotas.ReserveQuota(ctx, want, now)
		}
	}
	switch {
	case errors.Is(err, store.ErrExhausted):
		if err := s.settle(ctx, seller, instanceID); err != nil {
			return store.Reservation{}, err
		}
		return store.Reservation{}, errs.New(errs.Precondition, errs.QuotaExhausted, "the packages of instance %s do not hold the amount", instanceID)
	case errors.Is(err, store.ErrConflict):
		return store.Reservation{}, errs.New(errs.Conflict, errs.ConflictingRepeat, "the reservation was made before for another instance or amount; the first stands")
	case err != nil:
		return store.Reservation{}, storefault.Told(err)
	}
	if _, other := fulfil.FrozenBy(&i); other == fulfil.CauseQuota { // an earlier thaw did not finish: the instance is frozen although something is left
		s.catchUp(ctx, seller, instanceID)
	}
	return r, nil
}

// free looks for what the instance may have by now: packages that were just bought, and what was held too long, since the
// jobs that see to both only come by from time to time. When nothing is reserved there is nothing to free, which spares a
// refusal the transaction.
func (s *Service) free(ctx context.Context, i *store.Instance) (more bool, err error) {
	quotas, err := s.quotas(ctx, i.Seller, i.InstanceID)
	if err != nil {
		return false, err
	}
	looked, err := s.fillOf(ctx, i)
	if err != nil {
		return false, err
	}
	if looked {
		before := len(quotas)
		if quotas, err = s.quotas(ctx, i.Seller, i.InstanceID); err != nil {
			return false, err
		}
		more = len(quotas) > before
	}
	if slices.ContainsFunc(quotas, func(q store.Quota) bool { return q.Reserved > 0 }) {
		n, err := s.expire(ctx, i.Seller)
		if err != nil {
			return false, err
		}
		more = more || n > 0
	}
	return more, nil
}

// Commit books what was used of a reservation and frees the rest. used nil means all of it; end is when the use ended, zero
// means now. A reservation whose time is over can be committed until it is freed. Repeating it with the same amount answers
// the same. Errors: INVALID_FIELD, RESERVATION_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) Commit(ctx context.Context, seller, id string, used *store.Units, end time.Time) (store.Reservation, error) {
	r, err := s.Quotas.Reservation(ctx, seller, id)
	if err != nil {
		return store.Reservation{}, reservationError(err)
	}
	amount := r.Amount
	if used != nil {
		amount = *used
	}
	if r.State == store.ReservationCommitted && r.Used == amount {
		return r, nil
	}
	now := s.now()
	if end.IsZero() {
		end = now
	}
	switch end = end.UTC().Truncate(time.Microsecond); {
	case amount > r.Amount:
		return store.Reservation{}, errs.BadField("used", "is more than was reserved")
	case end.After(now.Add(Tolerance)):
		return store.Reservation{}, errs.BadField("end_time", "lies ahead")
	case end.Before(r.CreatedAt.Add(-Tolerance)):
		return store.Reservation{}, errs.BadField("end_time", "lies before the reservation")
	}
	raw, err := s.Windows.WindowOf(ctx, seller, r.InstanceID, end)
	if err != nil {
		return store.Reservation{}, storefault.Told(err)
	}
	raw.Seller, raw.Key, raw.InstanceID, raw.EndAt, raw.ReportedAt = seller, KeyPrefix+id, r.InstanceID, end, now
	if raw.BeginAt.IsZero() { // used since it was reserved, but not before its window
		raw.BeginAt = earlier(end, later(r.CreatedAt, raw.Window.StartAt))
	}
	r, err = s.Quotas.CommitQuota(ctx, store.QuotaCommit{Seller: seller, ReservationID: id, Used: amount, Raw: raw})
	if err != nil {
		return store.Reservation{}, reservationError(err)
	}
	s.catchUp(ctx, seller, r.InstanceID)
	return r, nil
}

// Cancel frees a reservation. Repeating it is no error, nor is one that has freed itself. Errors: RESERVATION_NOT_FOUND,
// STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) Cancel(ctx context.Context, seller, id string) (store.Reservation, error) {
	r, err := s.Quotas.CancelQuota(ctx, seller, id, s.now())
	if err != nil {
		return store.Reservation{}, reservationError(err)
	}
	return r, nil
}

func reservationError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, errs.ReservationNotFound, "no such reservation")
	case errors.Is(err, store.ErrConflict):
		return stateConflict("the reservation has ended in another way")
	}
	return storefault.Told(err)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
