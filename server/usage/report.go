// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

const (
	// MaxReport is how many records one report holds.
	MaxReport = 1000
	// skew is how far ahead of ours the vendor's clock may be.
	skew = 2 * time.Minute

	maxKey = 128 // characters
	// ownKeys begin the keys under which reservations are booked (server/quota).
	ownKeys = "reservation/"
	maxID   = 64
)

// Record is one reported use.
type Record struct {
	Key        string // makes the report idempotent, 1 to 128 characters
	InstanceID string // the pay-per-use instance
	Value      string // decimal, above 0; ignored by meters that count records
	BeginAt    time.Time
	EndAt      time.Time // decides the window; BeginAt is the same when zero
	PackageID  string    // the package that it is drawn from; empty for none
	Unreadable string    // the field that could not be read, and why, when the record came broken; it is INVALID then
}

// Result is what became of a record.
type Result string

// The results.
const (
	Added     Result = Result(store.UsageAdded)
	Duplicate Result = Result(store.UsageDuplicate)
	Conflict  Result = Result(store.UsageConflict)
	Invalid   Result = "INVALID"
	NotYet    Result = "NOT_YET" // it cannot be judged before something else is known: the same record is to be reported again, later
)

// Outcome tells it, in the order of the records.
type Outcome struct {
	Key     string
	Result  Result
	Message string // why it is INVALID, NOT_YET or CONFLICT
}

// Report books up to 1000 records, each once per key; what is booked is durable when it returns. A record that cannot be
// booked is told in its outcome and holds up none of the others. Errors: INVALID_FIELD for no or too many records,
// STORE_UNAVAILABLE: nothing is lost by repeating the report.
func (s *Service) Report(ctx context.Context, seller string, records []Record) ([]Outcome, error) {
	if len(records) == 0 || len(records) > MaxReport {
		return nil, errs.BadField("records", "1 to %d in one report", MaxReport)
	}
	outcomes := make([]Outcome, len(records))
	places := make([]int, len(records))
	for i := range records {
		outcomes[i].Key, places[i] = records[i].Key, i
	}
	for try := 0; len(places) > 0; try++ {
		if try == maxJudgements { // its instances change faster than they are read; the caller can repeat the report without loss
			return nil, storeError(errUnsettled)
		}
		var err error
		if places, err = s.report(ctx, seller, records, places, outcomes); err != nil {
			return nil, storeError(err)
		}
	}
	return outcomes, nil
}

// maxJudgements bounds how often a record is judged: an instance changes twice in its life in a way that matters.
const maxJudgements = 10

var errUnsettled = errors.New("the instances change while their usage is judged")

// report judges and books the records at places, and returns the places of those that are to be judged anew, because what was
// remembered of their instances holds no more.
func (s *Service) report(ctx context.Context, seller string, records []Record, places []int, outcomes []Outcome) (again []int, err error) {
	some := make([]Record, len(places))
	for k, i := range places {
		some[k] = records[i]
	}
	j := judge{s: s, seller: seller, now: s.now()}
	if err := j.read(ctx, some); err != nil {
		return nil, err
	}
	var raws []store.UsageRaw
	var booked []int
	for _, i := range places {
		raw, fault := j.raw(records[i])
		if fault != "" {
			if outcomes[i].Result, outcomes[i].Message, err = j.refused(ctx, records[i], fault); err != nil {
				return nil, err
			}
			continue
		}
		raws, booked = append(raws, raw), append(booked, i)
	}
	if len(raws) == 0 {
		return nil, nil
	}
	results, err := s.Store.AddUsage(ctx, raws)
	if err != nil {
		return nil, err
	}
	for k, i := range booked {
		outcomes[i].Result = Result(results[k])
		switch results[k] {
		case store.UsageConflict:
			outcomes[i].Message = otherContent
		case store.UsageStale:
			s.known.Drop(factKey(seller, records[i].InstanceID))
			again = append(again, i)
		}
	}
	return again, nil
}

// judge holds what the records of one report are judged by.
type judge struct {
	s        *Service
	seller   string
	now      time.Time
	facts    map[string]fact
	packages map[string]map[string]bool // by instance; nil when the instance has no quotas
	lost     bool                       // a gap is open, so an instance that is not there may be one that a restore has lost
}

// read reads what is known of the instances and their packages.
func (j *judge) read(ctx context.Context, records []Record) (err error) {
	ends, drawn := make(map[string]time.Time), make(map[string]bool)
	for _, r := range records {
		if !usableID(r.InstanceID) {
			continue
		}
		if end, ok := ends[r.InstanceID]; !ok || r.EndAt.After(end) {
			ends[r.InstanceID] = r.EndAt
		}
		drawn[r.InstanceID] = drawn[r.InstanceID] || r.PackageID != ""
	}
	if j.facts, err = j.s.facts(ctx, j.seller, ends); err != nil {
		return err
	}
	if err := j.missing(ctx, ends); err != nil {
		return err
	}
	j.packages = make(map[string]map[string]bool)
	for id, f := range j.facts {
		if !drawn[id] || !f.found {
			continue
		}
		quotas, err := j.s.Store.Quotas(ctx, j.seller, id)
		if err != nil {
			return err
		}
		for _, q := range quotas {
			if j.packages[id] == nil {
				j.packages[id] = make(map[string]bool)
			}
			j.packages[id][q.PackageID] = true
		}
	}
	return nil
}

// missing finds out what instances mean that are not there.
func (j *judge) missing(ctx context.Context, asked map[string]time.Time) error {
	var ids []string
	for id := range asked {
		if !j.facts[id].found {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	switch err := j.s.Gaps.Unknown(ctx, j.seller, "ReportUsage", ids...); errs.As(err).Reason {
	case errs.InstanceNotFound:
		return nil
	case errs.RestoreGap:
		j.lost = true
		return nil
	default:
		return err
	}
}

// begin is when the use began; a record that does not say is of one moment.
func (r Record) begin() time.Time {
	if r.BeginAt.IsZero() {
		return r.EndAt
	}
	return r.BeginAt
}

// raw turns a record into what the ledger books, or says what is wrong with it.
func (j *judge) raw(r Record) (raw store.UsageRaw, fault string) {
	begin, end := r.begin().UTC().Truncate(time.Microsecond), r.EndAt.UTC().Truncate(time.Microsecond)
	switch {
	case r.Unreadable != "":
		return raw, r.Unreadable
	case !usableKey(r.Key):
		return raw, "key: 1 to 128 characters without control characters"
	case strings.HasPrefix(r.Key, ownKeys):
		return raw, "key: begins with " + ownKeys + ", as those of committed reservations do; choose another"
	case !usableID(r.InstanceID):
		return raw, "instance_id: 1 to 64 characters without control characters"
	case r.PackageID != "" && !usableID(r.PackageID):
		return raw, "package_id: at most 64 characters without control characters"
	case r.EndAt.IsZero():
		return raw, "end_time: required"
	case begin.After(end):
		return raw, "begin_time: after end_time"
	case end.After(j.now.Add(skew)):
		return raw, "end_time: in the future; is the clock right?"
	}
	f := j.facts[r.InstanceID]
	meter, fault := j.meter(r, f, begin, end)
	if fault != "" {
		return raw, fault
	}
	value := store.Units(scale)
	if meter.Mode != store.UsageCount {
		amount, ok := ParseAmount(r.Value)
		switch {
		case !ok:
			return raw, "value: not a decimal with at most 8 digits before and 4 behind the point"
		case amount <= 0 || amount > maxAmount:
			return raw, "value: not above 0"
		}
		value = amount
	}
	window := meter.window(begin, end, f.openedAt)
	if !j.now.Before(window.RefuseAt) {
		return raw, "end_time: the marketplace takes nothing that began more than 21 days ago, and this window did, at " +
			window.StartAt.Format(time.RFC3339)
	}
	return store.UsageRaw{
		Seller: j.seller, Key: r.Key, InstanceID: r.InstanceID, Meter: meter.Name, Mode: meter.Mode, BeginAt: begin, EndAt: end,
		Value: value, PackageID: r.PackageID, ReportedAt: j.now, Window: window, Judged: f.judged(),
	}, ""
}

// refused is the outcome of a record that cannot be booked now. One that was booked before is a repeat all the same: that its creation has
// failed since, that it is too old by now or has another meter does not undo it.
func (j *judge) refused(ctx context.Context, r Record, fault string) (Result, string, error) {
	switch fault {
	case faultLost, faultUnsaid:
		return NotYet, fault, nil
	}
	if f := j.facts[r.InstanceID]; r.Unreadable != "" || !usableKey(r.Key) || f.mode != modeOnDemand {
		return Invalid, fault, nil // nothing was ever booked of it
	}
	have, err := j.s.Store.ReportedUsage(ctx, j.seller, r.Key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Invalid, fault, nil
	case err != nil:
		return "", "", err
	}
	is := have
	is.InstanceID, is.BeginAt, is.EndAt, is.PackageID, is.Corrects = r.InstanceID, r.begin(), r.EndAt, r.PackageID, ""
	if have.Mode != store.UsageCount {
		var ok bool
		if is.Value, ok = ParseAmount(r.Value); !ok {
			return Invalid, fault, nil
		}
	}
	if !have.Same(&is) {
		return Conflict, otherContent, nil
	}
	return Duplicate, "", nil
}

// What is waited for before a record can be judged.
const (
	faultLost   = "instance_id: is not known since a restore; report it again"
	faultUnsaid = "instance_id: the marketplace has not said yet what was bought; report it again"
)

const otherContent = "key: belongs to a record of other content; the first stands"

// meter judges a record by its instance and finds the meter.
func (j *judge) meter(r Record, f fact, begin, end time.Time) (m Meter, fault string) {
	switch {
	case !f.found && j.lost:
		return m, faultLost
	case !f.found:
		return m, "instance_id: there is no such instance"
	case f.mode == "":
		return m, faultUnsaid
	case f.mode == modePackage:
		return m, "instance_id: is a package; report the pay-per-use instance, and the package as package_id"
	case f.mode != modeOnDemand:
		return m, fmt.Sprintf("instance_id: is not pay-per-use but %s", f.mode)
	case f.state == store.InstanceFailed:
		return m, "instance_id: was never opened"
	case begin.Before(f.openedAt.Truncate(time.Second)):
		return m, "begin_time: before the instance was opened, at " + f.openedAt.Format(time.RFC3339)
	case !f.releasedAt.IsZero() && end.After(f.releasedAt):
		return m, "end_time: after the instance was released, at " + f.releasedAt.Format(time.RFC3339)
	}
	if f.stops { // only a reservation keeps the account of what is left
		return m, "instance_id: its packages stop when they are used up; reserve and commit instead"
	}
	if known := j.packages[r.InstanceID]; r.PackageID != "" && known != nil && !known[r.PackageID] {
		return m, "package_id: is no package of the instance"
	}
	m, ok := j.s.meter(f.endpoint, f.productID)
	if !ok {
		return m, fmt.Sprintf("instance_id: product %q has no meter; configure endpoints[].products[].meter", f.productID)
	}
	return m, ""
}

func usableKey(s string) bool { return usable(s, maxKey) }
func usableID(s string) bool  { return usable(s, maxID) }

func usable(s string, limit int) bool {
	if s == "" || len(s) > 4*limit || !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
