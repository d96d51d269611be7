// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Quotas keep what packages hold. The database alone decides whether a quota still holds an amount.
type Quotas interface {
	// PutQuota creates the quota of one fee item of a package, or changes what may change of it (Quota upwards, ExpireAt,
	// Priority). All items of a package share ExpireAt, Stop, Reset and BeginAt: ExpireAt is written to all of them, and a call
	// that names another Stop, Reset or BeginAt gets ErrConflict, and so does one that names another UsedElsewhere than the one that has created it.
	PutQuota(ctx context.Context, p Quota) (Quota, error)
	// Quotas returns the quotas of an on-demand instance in the order in which they are drawn from.
	Quotas(ctx context.Context, seller, instanceID string) ([]Quota, error)
	// PackageQuotas returns the quotas of a package, one for each of its fee items, the first that was put first.
	PackageQuotas(ctx context.Context, seller, packageID string) ([]Quota, error)
	// QuotasDue returns at most limit quotas that have expired or come to a new cycle and for which QuotaSettled has not been
	// called since: their consequences are still to be carried out.
	QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]Quota, error)
	// QuotaSettled records that the consequences of a quota's expiry or new cycle at now were carried out. Errors: ErrNotFound.
	QuotaSettled(ctx context.Context, k QuotaKey, now time.Time) error
	// ReserveQuota takes an amount from the instance's quotas in their order, all of it or nothing, under the caller's
	// reservation ID; the same ID and amount again returns the first reservation. Errors: ErrExhausted, ErrConflict.
	ReserveQuota(ctx context.Context, r Reservation, now time.Time) (Reservation, error)
	// Reservation returns a reservation. Errors: ErrNotFound.
	Reservation(ctx context.Context, seller, id string) (Reservation, error)
	// CommitQuota ends a reservation: at most what was reserved becomes used, as raw usage of the packages it was taken
	// from, in one transaction; the rest is free again. Repeats return the first outcome. Errors: ErrNotFound, ErrConflict
	// (cancelled, expired, or another amount).
	CommitQuota(ctx context.Context, c QuotaCommit) (Reservation, error)
	// CancelQuota frees a reservation. Repeats are no error. Errors: ErrNotFound, ErrConflict (committed).
	CancelQuota(ctx context.Context, seller, reservationID string, now time.Time) (Reservation, error)
	// ExpireQuota frees at most limit reservations whose time is over and returns them.
	ExpireQuota(ctx context.Context, seller string, now time.Time, limit int) ([]Reservation, error)
}

// QuotaKey names the quota of one fee item of a package. Every fee item is a pay-per-use instance of its own.
type QuotaKey struct{ Seller, PackageID, InstanceID string }

// Quota is what a package holds of one fee item. Key: Seller, PackageID, InstanceID.
type Quota struct {
	Seller     string
	PackageID  string // the package's instance
	InstanceID string // the on-demand instance of the fee item
	Meter      string
	Quota      Units
	Used       Units
	Reserved   Units
	Priority   int32     // lower is drawn first; among equals the earliest expiry, then the oldest
	ExpireAt   time.Time // zero for none
	Stop       bool      // stop when used up
	Told       int32     // the highest of 80, 95 and 100 that was announced
	// Reset is when the content is granted anew, counted from BeginAt by the Beijing calendar. Used and Reserved are those of
	// Cycle, the first being 0, which ends at TurnAt (zero without cycles); UsedBefore is what earlier cycles used.
	Reset      Reset
	BeginAt    time.Time
	Cycle      int64
	UsedBefore Units
	TurnAt     time.Time
	// SettledAt and SettledCycle say up to which time and cycle QuotaSettled was called.
	SettledAt    time.Time
	SettledCycle int64
	// UsedElsewhere is what was used of the cycle in hand before this was created, by the integration that has sold the package. It is part of
	// what Used then was, and of UsedBefore since the next cycle.
	UsedElsewhere Units
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Key is the quota's.
func (q Quota) Key() QuotaKey { return QuotaKey{q.Seller, q.PackageID, q.InstanceID} }

// Left is what can still be reserved.
func (q Quota) Left() Units { return q.Quota - q.Used - q.Reserved }

// EndAt is when what is left of a quota is lost: at the end of its cycle or, if that is earlier, at its expiry; zero for
// never. It is what counts as a package's expiry when several are drawn from (third reading T38).
func (q Quota) EndAt() time.Time {
	if compareExpiry(q.TurnAt, q.ExpireAt) < 0 {
		return q.TurnAt
	}
	return q.ExpireAt
}

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

// PutItem puts the quota of one fee item beside those that its package has, and returns the row as it is to be and whether it
// was there. Errors: ErrConflict when the package's items would differ in Stop, Reset or BeginAt, which are the package's, and for an
// UsedElsewhere that is not within the quota, or another than that which is there.
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
	if p.UsedElsewhere < 0 || p.UsedElsewhere > p.Quota {
		return Quota{}, false, ErrConflict
	}
	p.Used, p.Reserved, p.UsedBefore, p.Cycle, p.SettledCycle, p.SettledAt = 0, 0, 0, 0, 0, time.Time{}
	p.Turn(p.BeginAt)
	if p.UsedElsewhere > 0 { // of the cycle in hand
		p.Turn(p.CreatedAt)
		p.Used = p.UsedElsewhere
	}
	return p, false, nil
}

// Put changes what may change of a quota: Quota and Told upwards, ExpireAt, Priority. A quota that grew takes the Told
// that is given, since what was announced of the smaller one no longer holds. Reset and begin stay as they are, and so does what
// was used elsewhere, which need not be told again. Errors: ErrConflict.
func (q *Quota) Put(p Quota) error {
	if q.InstanceID != p.InstanceID || q.Reset != p.Reset || !q.BeginAt.Equal(p.BeginAt) || p.UsedElsewhere != 0 && p.UsedElsewhere != q.UsedElsewhere {
		return ErrConflict
	}
	if p.Quota > q.Quota {
		q.Quota, q.Told = p.Quota, p.Told
	}
	q.Told = max(q.Told, p.Told)
	q.ExpireAt, q.Priority, q.UpdatedAt = p.ExpireAt, p.Priority, p.UpdatedAt
	return nil
}

// Altered describes the quota of a fee item for the audit. items are those of its package before the change; a new quota is not
// among them.
func (q Quota) Altered(items []Quota) Altered {
	a := Altered{Seller: q.Seller, Resources: map[string][]string{"package": {q.PackageID}, "instance": {q.InstanceID}}, After: Digest(q)}
	for i := range items {
		if items[i].InstanceID == q.InstanceID {
			a.Before = Digest(items[i])
		}
	}
	return a
}

// Reset is when the content of a package is granted anew (套餐包重置规则).
type Reset string

// The resets.
const (
	ResetNone  Reset = "" // the content is the total for the package's whole life
	ResetMonth Reset = "MONTH"
	ResetYear  Reset = "YEAR"
)

// beijing is the marketplace's calendar. It has no daylight saving time.
var beijing = wiretime.Beijing()

func (r Reset) months() int {
	switch r {
	case ResetMonth:
		return 1
	case ResetYear:
		return 12
	}
	return 0
}

// CycleStart is when the n-th cycle starts, the first being 0: so many months or years after begin by the Beijing calendar,
// at the same time of day, and on the last day of a month that is too short. A package of 31 January turns on 28 February
// and then on 31 March.
func CycleStart(r Reset, begin time.Time, n int64) time.Time {
	b := begin.In(beijing)
	first := time.Date(b.Year(), b.Month()+time.Month(int(n)*r.months()), 1, b.Hour(), b.Minute(), b.Second(), b.Nanosecond(), beijing)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(b.Day(), last)-1).UTC()
}

// cycleAt is the cycle of a time, 0 for what lies before begin.
func cycleAt(r Reset, begin, at time.Time) int64 {
	b, a := begin.In(beijing), at.In(beijing)
	n := int64(((a.Year()-b.Year())*12 + int(a.Month()) - int(b.Month())) / r.months())
	if CycleStart(r, begin, n).After(at) {
		n--
	}
	return max(n, 0)
}

// Turn brings a quota to its cycle at now and reports whether that is a new one. It never goes back, whatever the clock of the
// caller says, and the cycle in which the package expires is its last. An amount that is still reserved in the old cycle takes
// nothing from the new one: when it is committed it counts in the old cycle.
func (q *Quota) Turn(now time.Time) (turned bool) {
	if q.Reset.months() == 0 {
		return false
	}
	if !q.ExpireAt.IsZero() && !now.Before(q.ExpireAt) {
		now = q.ExpireAt.Add(-time.Microsecond)
	}
	n := max(q.Cycle, cycleAt(q.Reset, q.BeginAt, now))
	if turned = n > q.Cycle; turned {
		q.UsedBefore += q.Used
		q.Cycle, q.Used, q.Reserved = n, 0, 0
	}
	q.TurnAt = CycleStart(q.Reset, q.BeginAt, n+1)
	return turned
}

// Settle records that everything which the calendar demands up to now has been done.
func (q *Quota) Settle(now time.Time) {
	q.Turn(now)
	q.SettledCycle = q.Cycle
	if q.SettledAt.Before(now) {
		q.SettledAt = now
	}
}
