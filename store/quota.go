// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"net/url"
	"slices"
	"time"
)

// SortQuotas puts quotas in the order in which they are drawn from.
func SortQuotas(quotas []Quota) {
	slices.SortFunc(quotas, func(a, b Quota) int {
		return cmp.Or(
			cmp.Compare(a.Priority, b.Priority), compareExpiry(a.EndAt(), b.EndAt()),
			cmp.Compare(a.CreatedAt.UnixMicro(), b.CreatedAt.UnixMicro()), cmp.Compare(a.PackageID, b.PackageID),
		)
	})
}

func compareExpiry(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

// EndAt is when what is left of a quota is lost: at the end of its cycle or, if that is earlier, at its expiry; zero for
// never. It is what counts as a package's expiry when several are drawn from (third reading T38).
func (q Quota) EndAt() time.Time {
	if compareExpiry(q.TurnAt, q.ExpireAt) < 0 {
		return q.TurnAt
	}
	return q.ExpireAt
}

// DrawQuotas says what an amount takes from which of an instance's quotas; quotas whose time is over at now are passed
// over. Errors: ErrExhausted.
func DrawQuotas(quotas []Quota, amount Units, now time.Time) ([]ReservationPart, error) {
	quotas = slices.Clone(quotas)
	SortQuotas(quotas)
	var parts []ReservationPart
	for _, q := range quotas {
		if amount == 0 {
			break
		}
		take := min(amount, q.Left())
		if take <= 0 || !q.ExpireAt.IsZero() && !q.ExpireAt.After(now) {
			continue
		}
		parts = append(parts, ReservationPart{PackageID: q.PackageID, Amount: take, Cycle: q.Cycle})
		amount -= take
	}
	if amount > 0 {
		return nil, ErrExhausted
	}
	return parts, nil
}

// PutItem puts the quota of one fee item beside those that its package has, and returns the row as it is to be and whether it
// was there. Errors: ErrConflict when the package's items would differ in Stop, Reset or BeginAt, which are the package's.
func PutItem(items []Quota, p Quota) (q Quota, found bool, err error) {
	for _, o := range items {
		if o.InstanceID == p.InstanceID {
			err := o.Put(p)
			return o, true, err
		}
		if o.Stop != p.Stop || o.Reset != p.Reset || !o.BeginAt.Equal(p.BeginAt) {
			return Quota{}, false, ErrConflict
		}
	}
	p.Used, p.Reserved, p.UsedBefore, p.Cycle, p.SettledCycle, p.SettledAt = 0, 0, 0, 0, 0, time.Time{}
	p.Turn(p.BeginAt)
	return p, false, nil
}

// Put changes what may change of a quota: Quota and Told upwards, ExpireAt, Priority. A quota that grew takes the Told
// that is given, since what was announced of the smaller one no longer holds. Reset and begin stay as they are. Errors:
// ErrConflict.
func (q *Quota) Put(p Quota) error {
	if q.InstanceID != p.InstanceID || q.Reset != p.Reset || !q.BeginAt.Equal(p.BeginAt) {
		return ErrConflict
	}
	if p.Quota > q.Quota {
		q.Quota, q.Told = p.Quota, p.Told
	}
	q.Told = max(q.Told, p.Told)
	q.ExpireAt, q.Priority, q.UpdatedAt = p.ExpireAt, p.Priority, p.UpdatedAt
	return nil
}

// Again reports whether another request under the reservation's ID asks for the same. Errors: ErrConflict.
func (r *Reservation) Again(o Reservation) error {
	if r.InstanceID != o.InstanceID || r.Amount != o.Amount {
		return ErrConflict
	}
	return nil
}

// Commit ends the reservation and returns the raw usage to be booked, one record for each package that something was used
// of. done is true when there is nothing to do because an equal commit came before. A reservation that is still held is
// good also after its time, since its amount is still set aside. Errors: ErrConflict.
func (r *Reservation) Commit(c QuotaCommit) (raws []UsageRaw, done bool, err error) {
	switch {
	case r.State == ReservationCommitted && r.Used == c.Used:
		return nil, true, nil
	case r.State != ReservationHeld || c.Used < 0 || c.Used > r.Amount:
		return nil, false, ErrConflict
	}
	r.State, r.Used, r.UpdatedAt = ReservationCommitted, c.Used, c.Raw.ReportedAt
	for _, u := range r.Uses() {
		if u.Amount == 0 {
			continue
		}
		raw := c.Raw
		raw.Seller, raw.InstanceID, raw.PackageID, raw.Value = r.Seller, r.InstanceID, u.PackageID, u.Amount
		if len(r.Parts) > 1 {
			raw.Key += "/" + url.PathEscape(u.PackageID) // without a slash, so that no other commit can have the key
		}
		raws = append(raws, raw)
	}
	return raws, false, nil
}

// Uses spreads what was used over the parts, in their order.
func (r *Reservation) Uses() []ReservationPart {
	uses := slices.Clone(r.Parts)
	left := r.Used
	for i := range uses {
		uses[i].Amount = min(uses[i].Amount, left)
		left -= uses[i].Amount
	}
	return uses
}

// Cancel ends a reservation that is held; done is true when it is free already. Errors: ErrConflict.
func (r *Reservation) Cancel(now time.Time) (done bool, err error) {
	switch r.State {
	case ReservationCommitted:
		return false, ErrConflict
	case ReservationHeld:
		r.State, r.UpdatedAt = ReservationCancelled, now
		return false, nil
	}
	return true, nil
}

// Mark is the state of a day that was reported: the one it says, or for want of it REFUSED when there is a reason.
func (d *LicenceDay) Mark() string {
	switch {
	case d.State != "":
		return d.State
	case d.Reason != "":
		return "REFUSED"
	}
	return "REPORTED"
}
