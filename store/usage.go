// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// UsageRevived is what became of the refused records of an instance.
type UsageRevived struct {
	Records int // those that go out again
	Past    int // those that were left alone
}

// UsageStore keeps the usage ledger, the quotas of packages and the licence codes. The backends implement it beside Store,
// over the same database and with the same rules for time, durability and concurrency.
//
// The ledger has three layers. A raw record is what the vendor reported, once per key. A window sums up the raw records of
// one instance, one stretch of time and one package; its pending part is Total minus Settled. A usage record is what the
// marketplace is told: closing a window turns its pending part into a record, whose serial number and value never change
// again. So at any moment, for every window: aggregate of raw = Total = sent + pushed + refused + pending.
type UsageStore interface {
	// AddUsage inserts raw records and adds them to their windows, all in one transaction. The outcome of each tells
	// whether it was added, was there already, whether its key belongs to another record, or whether its instance is not as
	// the record was judged by (UsageRaw.Judged), which the transaction reads; the latter three change nothing. PutQuota and
	// AddUsage of one seller come one after the other: what is added after PutQuota has returned was held to its quota.
	AddUsage(ctx context.Context, raws []UsageRaw) ([]UsageOutcome, error)
	// CorrectUsage replaces the value of a raw record as long as nothing of its window was settled; with zero the record counts
	// no more, in any mode, until it is corrected again. The correction is a raw
	// record of its own under its own key. Errors: ErrNotFound (no record of that key), ErrSettled, ErrConflict (the
	// correction's key belongs to another record).
	CorrectUsage(ctx context.Context, c UsageCorrection) (UsageOutcome, error)
	// CloseUsage turns the pending parts of at most limit windows that are due at now, the earliest deadline first, into
	// records in state SENDING, and returns them. spans says what the marketplace is told of records that share a window.
	CloseUsage(ctx context.Context, seller string, now time.Time, spans UsageSpans, limit int) ([]UsageRecord, error)
	// SendingUsage returns at most limit records in state SENDING whose DueAt has come, the earliest deadline first.
	SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]UsageRecord, error)
	// SettleUsage records what the marketplace said. A record that is not SENDING any more is left alone.
	SettleUsage(ctx context.Context, verdicts []UsageVerdict, now time.Time) error
	// ReviveUsage puts refused records of an instance back to SENDING, for an operator who has removed the cause. Those whose
	// RefuseAt has come are left alone; or, when until is not zero, they are put back as well and until becomes their RefuseAt.
	ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (UsageRevived, error)
	// NextUsage returns when the seller's next window is due or record is to be sent again; ok is false when nothing waits.
	NextUsage(ctx context.Context, seller string) (at time.Time, ok bool, err error)
	// UsageAges returns, for an alarm, how many windows and records wait and the earliest deadline among them.
	UsageAges(ctx context.Context, seller string) (UsageBacklog, error)
	// ListUsageRecords and ListUsageWindows return one page; filter fields instance_id, state (records only), package_id.
	ListUsageRecords(ctx context.Context, q ListQuery) ([]UsageRecord, error)
	ListUsageWindows(ctx context.Context, q ListQuery) ([]UsageWindow, error)
	// ProveUsage recomputes windows from their raw records, in the order of their keys after a key, at most limit.
	ProveUsage(ctx context.Context, seller string, after UsageWindowKey, limit int) ([]UsageProof, error)

	// PutQuota creates the quota of one fee item of a package, or changes what may change of it (Quota upwards, ExpireAt,
	// Priority). All items of a package share ExpireAt, Stop, Reset and BeginAt: the first is written to all of them, and
	// ErrConflict is the answer to others of the rest.
	PutQuota(ctx context.Context, p Quota) (Quota, error)
	// Quotas returns the quotas of an on-demand instance in the order in which they are drawn from.
	Quotas(ctx context.Context, seller, instanceID string) ([]Quota, error)
	// PackageQuotas returns the quotas of a package, one for each of its fee items, the first that was put first.
	PackageQuotas(ctx context.Context, seller, packageID string) ([]Quota, error)
	// QuotasDue returns at most limit quotas that have expired or come to a new cycle and for which QuotaSettled was not called
	// since: what follows from it is still to be brought about.
	QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]Quota, error)
	// QuotaSettled notes that what follows from a quota's expiry or cycle at now was brought about. Errors: ErrNotFound.
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

	// LicenceCode returns what is known of a licence code by its hash. Errors: ErrNotFound.
	LicenceCode(ctx context.Context, seller, hash string) (LicenceCode, error)
	// PutLicenceCode inserts or replaces what is known of a code; it is refused with ErrStale when the row's UpdatedAt is not
	// the one in was (zero for a code that is not there yet).
	PutLicenceCode(ctx context.Context, c LicenceCode, was time.Time) error
	// AddLicenceUse counts a client of a code on a day, once per client.
	AddLicenceUse(ctx context.Context, u LicenceUse) (added bool, err error)
	// LicenceDays returns days before a day whose uses were not reported yet, oldest first, at most limit.
	LicenceDays(ctx context.Context, seller, before string, limit int) ([]LicenceDay, error)
	// ReportedLicenceDay marks a day as reported or, with a reason, as refused.
	ReportedLicenceDay(ctx context.Context, d LicenceDay, now time.Time) error
}

// UsageMode is how the raw records of a window become one number.
type UsageMode string

// The modes.
const (
	UsageSum   UsageMode = "SUM"
	UsageMax   UsageMode = "MAX"
	UsageLast  UsageMode = "LAST"  // that with the latest end
	UsageCount UsageMode = "COUNT" // of records, each counting one
)

// Units are ten-thousandths: the marketplace takes four decimals, and no float ever holds an amount.
type Units int64

// UsageRaw is one reported usage. Key: Seller, Key.
type UsageRaw struct {
	Seller     string
	Key        string // the caller's idempotency key
	InstanceID string // the on-demand instance
	Meter      string
	Mode       UsageMode
	BeginAt    time.Time
	EndAt      time.Time
	Value      Units
	PackageID  string // the package that it is drawn from; empty for none
	ReportedAt time.Time
	Corrects   string // key of the record whose value this one replaces; empty for none
	Window     UsageWindowTimes
	Judged     UsageJudged // what the record was judged by; not kept
}

// Stale says which raw records are to be judged anew, given what is known of each instance now, and returns their outcomes;
// the rest is empty. fresh is the rest of the records, and places where they stand among raws.
func Stale(raws []UsageRaw, now func(seller, instanceID string) UsageJudged) (outcomes []UsageOutcome, fresh []UsageRaw, places []int) {
	outcomes = make([]UsageOutcome, len(raws))
	for i := range raws {
		if raws[i].Judged != now(raws[i].Seller, raws[i].InstanceID) {
			outcomes[i] = UsageStale
			continue
		}
		fresh, places = append(fresh, raws[i]), append(places, i)
	}
	return outcomes, fresh, places
}

// UsageJudged is what is known of an instance where its usage is judged, and may have changed since.
type UsageJudged struct {
	Stops    bool // it has packages that stop when they are used up, so nothing may be reported past a reservation
	Released bool
}

// UsageWindowTimes are the window that a raw record counts to.
type UsageWindowTimes struct {
	StartAt    time.Time // of the stretch of time
	EndAt      time.Time
	DueAt      time.Time // when it may be closed
	DeadlineAt time.Time // when it misses its bill
	RefuseAt   time.Time // when the marketplace refuses it for its age
}

// UsageCorrection replaces a value.
type UsageCorrection struct {
	Raw UsageRaw // with Corrects; Value is the right value, its times are those of the corrected record
}

// UsageOutcome is what became of one raw record.
type UsageOutcome string

// The outcomes.
const (
	UsageAdded     UsageOutcome = "ADDED"
	UsageDuplicate UsageOutcome = "DUPLICATE" // the same record was there already
	UsageConflict  UsageOutcome = "CONFLICT"  // the key belongs to a record of other content
	UsageStale     UsageOutcome = "STALE"     // the instance is not as the record was judged by: judge it anew
)

// UsageWindowKey identifies a window.
type UsageWindowKey struct {
	InstanceID string
	StartAt    time.Time
	PackageID  string
}

// UsageWindow sums up raw records. Key: Seller, UsageWindowKey.
type UsageWindow struct {
	Seller string
	UsageWindowKey
	Meter      string
	Mode       UsageMode
	EndAt      time.Time
	Total      Units // aggregate of the raw records
	Settled    Units // what records were made of
	Records    int64 // raw records in it
	DueAt      time.Time
	DeadlineAt time.Time
	RefuseAt   time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// UsageState is where a usage record stands. PUSHED is terminal, REFUSED until an operator revives it.
type UsageState string

// The states.
const (
	UsageSending UsageState = "SENDING" // to be sent, or sent without a known outcome
	UsagePushed  UsageState = "PUSHED"  // the marketplace has it
	UsageRefused UsageState = "REFUSED" // the marketplace will not have it; Code says why
)

// UsageRecord is one record for the marketplace. Key: Seller, ID.
type UsageRecord struct {
	Seller string
	ID     string // also the metering_sn: derived once from the window and the part
	UsageWindowKey
	Part       int32 // of the instance and stretch of time, over all packages; makes begin and end unique
	Meter      string
	BeginAt    time.Time
	EndAt      time.Time
	ToldAt     time.Time // the begin that the marketplace is told when it is not BeginAt; zero otherwise
	Value      Units
	State      UsageState
	Code       string // the marketplace's record code or a word of ours; empty unless refused or tried in vain
	Attempt    int32
	DueAt      time.Time // when it is sent next
	DeadlineAt time.Time
	RefuseAt   time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Told is the begin that the marketplace is told.
func (r *UsageRecord) Told() time.Time {
	if r.ToldAt.IsZero() {
		return r.BeginAt
	}
	return r.ToldAt
}

// UsageSpans says what the marketplace is told of records of one instance that share a window, because they are drawn from
// several packages. It takes a record of the same instance, begin and end for a duplicate (open-apis §3.7), and how several
// are told apart is not published (Q3); its own sample has two that differ in neither (second reading C17).
type UsageSpans int

// The choices.
const (
	SpansApart  UsageSpans = iota // each begins a second after the one before
	SpansShared                   // those of several packages begin together; what a package has several of is still told apart
)

// UsageVerdict is what became of sending one record.
type UsageVerdict struct {
	Seller string
	ID     string
	State  UsageState // SENDING to try again at DueAt
	Code   string
	DueAt  time.Time
}

// UsageBacklog is what waits.
type UsageBacklog struct {
	Windows, Records, Refused int64
	Deadline                  time.Time // the earliest; zero when nothing waits
}

// UsageProof is a window recomputed. It holds when Raw, Total and the sum of the rest agree.
type UsageProof struct {
	UsageWindow
	Raw     Units // aggregate over the raw records
	Sending Units
	Pushed  Units
	Refused map[string]Units // by code
}

// Difference is what is wrong with a window: zero everywhere, always.
func (p UsageProof) Difference() Units {
	rest := p.Sending + p.Pushed + (p.Total - p.Settled)
	for _, v := range p.Refused {
		rest += v
	}
	if p.Raw != p.Total {
		return p.Raw - p.Total
	}
	return p.Total - rest
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
	// SettledAt and SettledCycle are up to where QuotaSettled was called.
	SettledAt    time.Time
	SettledCycle int64
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Key is the quota's.
func (q Quota) Key() QuotaKey { return QuotaKey{q.Seller, q.PackageID, q.InstanceID} }

// Left is what can still be reserved.
func (q Quota) Left() Units { return q.Quota - q.Used - q.Reserved }

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

// LicenceCode is what is known of a licence code. Key: Seller, Hash.
type LicenceCode struct {
	Seller     string
	Hash       string // of the code; the code cannot be read from it
	Code       []byte // sealed
	Status     string // ACTIVATING, ALIVE, EXPIRED, RELEASED
	ActivateAt time.Time
	ExpireAt   time.Time
	ProductID  string
	OrderID    string
	Amount     int64
	CheckedAt  time.Time // when the marketplace was last asked
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// LicenceUse is one client of a code on a day.
type LicenceUse struct {
	Seller string
	Hash   string
	Day    string // yyyyMMdd, Beijing time
	Client string // hash of the client's ID
	At     time.Time
}

// LicenceDay is the use of a code on a day.
type LicenceDay struct {
	Seller  string
	Hash    string
	Day     string
	Clients int64
	State   string // "", REPORTED, REFUSED
	Reason  string
}
