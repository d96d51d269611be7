// SPDX-License-Identifier: Apache-2.0

package store

import (
	"net/url"
	"slices"
	"time"
)

// ReservationState is where a reservation stands.
type ReservationState string

// The states.
const (
	ReservationHeld      ReservationState = "HELD"
	ReservationCommitted ReservationState = "COMMITTED"
	ReservationCancelled ReservationState = "CANCELLED"
	ReservationExpired   ReservationState = "EXPIRED"
)

// Reservation is an amount taken from quotas. Key: Seller, ID.
type Reservation struct {
	Seller     string
	ID         string // the caller's
	InstanceID string
	Amount     Units
	Used       Units // of it, once committed
	Parts      []ReservationPart
	State      ReservationState
	ExpireAt   time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// ReservationPart is what was taken from one package.
type ReservationPart struct {
	PackageID string `json:"packageId"`
	Amount    Units  `json:"amount"`
	Cycle     int64  `json:"cycle,omitempty"` // of the package, when it was taken; it counts there however late it is committed
}

// QuotaCommit ends a reservation.
type QuotaCommit struct {
	Seller        string
	ReservationID string
	Used          Units // at most the reserved amount
	// Raw is the usage that is booked, without Value and PackageID, which come from the packages; its Key is followed by
	// "/" and the package when the reservation spans several.
	Raw UsageRaw
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

// Again reports whether another request under the reservation's ID asks for the same. Errors: ErrConflict.
func (r *Reservation) Again(o Reservation) error {
	if r.InstanceID != o.InstanceID || r.Amount != o.Amount {
		return ErrConflict
	}
	return nil
}

// Commit ends the reservation and returns the raw usage to be booked, one record for each package that something was used of. done
// is true when there is nothing to do because an equal commit came before. A reservation that is still held can be committed after
// its time too, because its amount is still set aside. Errors: ErrConflict.
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

// Altered describes a changed reservation for the audit. was is the reservation before, the zero Reservation for a new one.
func (r Reservation) Altered(was Reservation) Altered {
	a := Altered{Seller: r.Seller, Resources: map[string][]string{"reservation": {r.ID}, "instance": {r.InstanceID}}, After: Digest(r)}
	if was.ID != "" {
		a.Before = Digest(was)
	}
	return a
}
