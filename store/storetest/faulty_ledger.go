// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// FaultyUsageStore does for the usage ledger what [FaultyStore] does for the rest: what writes fails before it happens or
// after it was committed, what reads fails before.
type FaultyUsageStore struct {
	store.Store
	*injector
}

// FaultyUsage wraps the ledger of a store; see [Faulty].
func FaultyUsage(s store.Store, seed uint64) *FaultyUsageStore {
	return &FaultyUsageStore{s, newInjector(seed)}
}

// AddUsage implements store.Store.
func (f *FaultyUsageStore) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	return write(f.injector, func() ([]store.UsageOutcome, error) { return f.Store.AddUsage(ctx, raws) })
}

// CorrectUsage implements store.Store.
func (f *FaultyUsageStore) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	return write(f.injector, func() (store.UsageOutcome, error) { return f.Store.CorrectUsage(ctx, c) })
}

// CloseUsage implements store.Store.
func (f *FaultyUsageStore) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	return write(f.injector, func() ([]store.UsageRecord, error) { return f.Store.CloseUsage(ctx, seller, now, spans, limit) })
}

// SendingUsage implements store.Store.
func (f *FaultyUsageStore) SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]store.UsageRecord, error) {
	return read(f.injector, func() ([]store.UsageRecord, error) { return f.Store.SendingUsage(ctx, seller, now, limit) })
}

// SettleUsage implements store.Store.
func (f *FaultyUsageStore) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.SettleUsage(ctx, verdicts, now) })
	return err
}

// ReviveUsage implements store.Store.
func (f *FaultyUsageStore) ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (store.UsageRevived, error) {
	return write(f.injector, func() (store.UsageRevived, error) {
		return f.Store.ReviveUsage(ctx, seller, instanceID, now, until)
	})
}

// NextUsage implements store.Store.
func (f *FaultyUsageStore) NextUsage(ctx context.Context, seller string) (at time.Time, ok bool, err error) {
	at, err = read(f.injector, func() (at time.Time, err error) {
		at, ok, err = f.Store.NextUsage(ctx, seller)
		return at, err
	})
	return at, ok, err
}

// UsageAges implements store.Store.
func (f *FaultyUsageStore) UsageAges(ctx context.Context, seller string) (store.UsageBacklog, error) {
	return read(f.injector, func() (store.UsageBacklog, error) { return f.Store.UsageAges(ctx, seller) })
}

// ListUsageRecords implements store.Store.
func (f *FaultyUsageStore) ListUsageRecords(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error) {
	return read(f.injector, func() ([]store.UsageRecord, error) { return f.Store.ListUsageRecords(ctx, q) })
}

// ListUsageWindows implements store.Store.
func (f *FaultyUsageStore) ListUsageWindows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error) {
	return read(f.injector, func() ([]store.UsageWindow, error) { return f.Store.ListUsageWindows(ctx, q) })
}

// ProveUsage implements store.Store.
func (f *FaultyUsageStore) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	return read(f.injector, func() ([]store.UsageProof, error) { return f.Store.ProveUsage(ctx, seller, after, limit) })
}

// PutQuota implements store.Store.
func (f *FaultyUsageStore) PutQuota(ctx context.Context, p store.Quota) (store.Quota, error) {
	return write(f.injector, func() (store.Quota, error) { return f.Store.PutQuota(ctx, p) })
}

// Quotas implements store.Store.
func (f *FaultyUsageStore) Quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.Store.Quotas(ctx, seller, instanceID) })
}

// PackageQuotas implements store.Store.
func (f *FaultyUsageStore) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.Store.PackageQuotas(ctx, seller, packageID) })
}

// QuotasDue implements store.Store.
func (f *FaultyUsageStore) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.Store.QuotasDue(ctx, seller, now, limit) })
}

// QuotaSettled implements store.Store.
func (f *FaultyUsageStore) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.QuotaSettled(ctx, k, now) })
	return err
}

// ReserveQuota implements store.Store.
func (f *FaultyUsageStore) ReserveQuota(ctx context.Context, r store.Reservation, now time.Time) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.Store.ReserveQuota(ctx, r, now) })
}

// CommitQuota implements store.Store.
func (f *FaultyUsageStore) CommitQuota(ctx context.Context, c store.QuotaCommit) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.Store.CommitQuota(ctx, c) })
}

// CancelQuota implements store.Store.
func (f *FaultyUsageStore) CancelQuota(ctx context.Context, seller, reservationID string, now time.Time) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.Store.CancelQuota(ctx, seller, reservationID, now) })
}

// ExpireQuota implements store.Store.
func (f *FaultyUsageStore) ExpireQuota(ctx context.Context, seller string, now time.Time, limit int) ([]store.Reservation, error) {
	return write(f.injector, func() ([]store.Reservation, error) { return f.Store.ExpireQuota(ctx, seller, now, limit) })
}

// LicenceCode implements store.Store.
func (f *FaultyUsageStore) LicenceCode(ctx context.Context, seller, hash string) (store.LicenceCode, error) {
	return read(f.injector, func() (store.LicenceCode, error) { return f.Store.LicenceCode(ctx, seller, hash) })
}

// PutLicenceCode implements store.Store.
func (f *FaultyUsageStore) PutLicenceCode(ctx context.Context, c store.LicenceCode, was time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.PutLicenceCode(ctx, c, was) })
	return err
}

// AddLicenceUse implements store.Store.
func (f *FaultyUsageStore) AddLicenceUse(ctx context.Context, u store.LicenceUse) (bool, error) {
	return write(f.injector, func() (bool, error) { return f.Store.AddLicenceUse(ctx, u) })
}

// LicenceDays implements store.Store.
func (f *FaultyUsageStore) LicenceDays(ctx context.Context, seller, before string, limit int) ([]store.LicenceDay, error) {
	return read(f.injector, func() ([]store.LicenceDay, error) { return f.Store.LicenceDays(ctx, seller, before, limit) })
}

// ReportedLicenceDay implements store.Store.
func (f *FaultyUsageStore) ReportedLicenceDay(ctx context.Context, d store.LicenceDay, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.ReportedLicenceDay(ctx, d, now) })
	return err
}
