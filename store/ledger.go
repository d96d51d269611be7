// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Ledger keeps the usage that is billed.
//
// The ledger has three layers. A raw record is what the vendor reported, once per key. A window sums up the raw records of
// one instance, one stretch of time and one package; its pending part is Total minus Settled. A usage record is what the
// marketplace is told: closing a window turns its pending part into a record, whose serial number and value never change
// again. So at any moment, for every window: aggregate of raw = Total = sent + pushed + refused + pending.
type Ledger interface {
	// AddUsage inserts raw records and adds them to their windows, all in one transaction. The outcome of each tells whether it was
	// added, was there already, whether its key belongs to another record, or whether its instance has changed since the record was
	// judged (UsageRaw.Judged; the transaction reads the instance again). In the last three cases nothing changes. PutQuota and
	// AddUsage of one seller never run at once, so usage that is added after PutQuota has returned was held to its quota.
	AddUsage(ctx context.Context, raws []UsageRaw) ([]UsageOutcome, error)
	// ReportedUsage reads the raw record of a key, as it was added. Errors: ErrNotFound.
	ReportedUsage(ctx context.Context, seller, key string) (UsageRaw, error)
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
	// ListUsageRecords and ListUsageWindows return one page; see ListQuery.
	ListUsageRecords(ctx context.Context, q ListQuery) ([]UsageRecord, error)
	ListUsageWindows(ctx context.Context, q ListQuery) ([]UsageWindow, error)
	// ProveUsage recomputes windows from their raw records, in the order of their keys after a key, at most limit.
	ProveUsage(ctx context.Context, seller string, after UsageWindowKey, limit int) ([]UsageProof, error)
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

// WindowKey names the window that the record counts to.
func (r *UsageRaw) WindowKey() UsageWindowKey {
	return UsageWindowKey{InstanceID: r.InstanceID, StartAt: r.Window.StartAt, PackageID: r.PackageID}
}

// Same reports whether two raw records of one key tell the same: instance, meter, times, value, package, and the record
// that they correct. When each was reported does not matter.
func (r *UsageRaw) Same(o *UsageRaw) bool {
	return r.InstanceID == o.InstanceID && r.Meter == o.Meter && r.BeginAt.UnixMicro() == o.BeginAt.UnixMicro() &&
		r.EndAt.UnixMicro() == o.EndAt.UnixMicro() && r.Value == o.Value && r.PackageID == o.PackageID && r.Corrects == o.Corrects
}

// Place is the record's place in a LAST window.
func (r *UsageRaw) Place() UsagePlace { return UsagePlace{r.EndAt, r.ReportedAt, r.Key} }

// UsageJudged is what the judgement of an instance's usage rests on. It may have changed since.
type UsageJudged struct {
	Stops bool // it has packages that stop when they are used up, so its usage must be reserved and committed
	Ended bool // it is released, or its creation has failed
}

// BookUsage adds the raw records whose instances are still as they were when the records were judged. The others get the outcome
// UsageStale: the caller judges them again. altered tells what was added, for the audit row, and is nil when nothing was.
func BookUsage(raws []UsageRaw, now func(seller, instanceID string) UsageJudged, add func(fresh []UsageRaw) ([]UsageOutcome, error),
) (outcomes []UsageOutcome, altered func() Altered, err error) {
	outcomes = make([]UsageOutcome, len(raws))
	var fresh []UsageRaw
	var places []int // of the fresh ones among raws
	for i := range raws {
		if raws[i].Judged != now(raws[i].Seller, raws[i].InstanceID) {
			outcomes[i] = UsageStale
			continue
		}
		fresh, places = append(fresh, raws[i]), append(places, i)
	}
	added, err := add(fresh)
	if err != nil {
		return nil, nil, err
	}
	for k, i := range places {
		outcomes[i] = added[k]
	}
	if !slices.Contains(added, UsageAdded) {
		return outcomes, nil, nil
	}
	return outcomes, func() Altered { return alteredUsage(fresh, added) }, nil
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
	UsageStale     UsageOutcome = "STALE"     // the instance has changed since the record was judged: judge it again
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

// ID is the window's place among rows of the same creation time in a list; see [ListQuery].
func (w UsageWindow) ID() string {
	return keyID(w.Seller, w.InstanceID, strconv.FormatInt(w.StartAt.UnixMicro(), 10), w.PackageID)
}

// UsageProof is a window recomputed. It holds when Raw, Total and the sum of the rest agree.
type UsageProof struct {
	UsageWindow
	Raw     Units // aggregate over the raw records
	Sending Units
	Pushed  Units
	Refused map[string]Units // by code
}

// Difference is by how much the numbers of a window disagree. Anything but zero is a fault of the ledger.
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

// Book adds the sum of a window's records of one state and code to the proof.
func (p *UsageProof) Book(state UsageState, code string, sum Units) {
	switch state {
	case UsageSending:
		p.Sending += sum
	case UsagePushed:
		p.Pushed += sum
	case UsageRefused:
		if p.Refused == nil {
			p.Refused = make(map[string]Units)
		}
		p.Refused[code] += sum
	}
}

// alteredUsage tells which raw records were added. The digest covers their keys and values, in their order.
func alteredUsage(raws []UsageRaw, outcomes []UsageOutcome) (a Altered) {
	h := sha256.New()
	var instances []string
	var line []byte
	for i := range raws {
		if outcomes[i] != UsageAdded {
			continue
		}
		a.Seller = raws[i].Seller
		if n := len(instances); n == 0 || instances[n-1] != raws[i].InstanceID {
			instances = append(instances, raws[i].InstanceID)
		}
		line = append(append(line[:0], raws[i].Key...), 0)
		h.Write(binary.BigEndian.AppendUint64(line, uint64(raws[i].Value)))
	}
	a.Resources, a.After = map[string][]string{"instance": instances}, hex.EncodeToString(h.Sum(nil))
	return a
}

// Altered describes a correction for the audit.
func (c UsageCorrection) Altered() Altered {
	return Altered{Seller: c.Raw.Seller, Resources: map[string][]string{"usage": {c.Raw.Key, c.Raw.Corrects}}, After: Digest(c.Raw)}
}
