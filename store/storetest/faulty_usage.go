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
	store.UsageStore
	*injector
}

// FaultyUsage wraps the ledger of a store; see [Faulty].
func FaultyUsage(s store.UsageStore, seed uint64) *FaultyUsageStore {
	return &FaultyUsageStore{s, newInjector(seed)}
}

// AddUsage implements store.UsageStore.
func (f *FaultyUsageStore) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	return write(f.injector, func() ([]store.UsageOutcome, error) { return f.UsageStore.AddUsage(ctx, raws) })
}

// CorrectUsage implements store.UsageStore.
func (f *FaultyUsageStore) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	return write(f.injector, func() (store.UsageOutcome, error) { return f.UsageStore.CorrectUsage(ctx, c) })
}

// CloseUsage implements store.UsageStore.
func (f *FaultyUsageStore) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	return write(f.injector, func() ([]store.UsageRecord, error) { return f.UsageStore.CloseUsage(ctx, seller, now, spans, limit) })
}

// SendingUsage implements store.UsageStore.
func (f *FaultyUsageStore) SendingUsage(ctx context.Context, seller string, now time.Time, limit int) ([]store.UsageRecord, error) {
	return read(f.injector, func() ([]store.UsageRecord, error) { return f.UsageStore.SendingUsage(ctx, seller, now, limit) })
}

// SettleUsage implements store.UsageStore.
func (f *FaultyUsageStore) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.UsageStore.SettleUsage(ctx, verdicts, now) })
	return err
}

// ReviveUsage implements store.UsageStore.
func (f *FaultyUsageStore) ReviveUsage(ctx context.Context, seller, instanceID string, now, until time.Time) (store.UsageRevived, error) {
	return write(f.injector, func() (store.UsageRevived, error) {
		return f.UsageStore.ReviveUsage(ctx, seller, instanceID, now, until)
	})
}

// NextUsage implements store.UsageStore.
func (f *FaultyUsageStore) NextUsage(ctx context.Context, seller string) (at time.Time, ok bool, err error) {
	at, err = read(f.injector, func() (at time.Time, err error) {
		at, ok, err = f.UsageStore.NextUsage(ctx, seller)
		return at, err
	})
	return at, ok, err
}

// UsageAges implements store.UsageStore.
func (f *FaultyUsageStore) UsageAges(ctx context.Context, seller string) (store.UsageBacklog, error) {
	return read(f.injector, func() (store.UsageBacklog, error) { return f.UsageStore.UsageAges(ctx, seller) })
}

// ListUsageRecords implements store.UsageStore.
func (f *FaultyUsageStore) ListUsageRecords(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error) {
	return read(f.injector, func() ([]store.UsageRecord, error) { return f.UsageStore.ListUsageRecords(ctx, q) })
}

// ListUsageWindows implements store.UsageStore.
func (f *FaultyUsageStore) ListUsageWindows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error) {
	return read(f.injector, func() ([]store.UsageWindow, error) { return f.UsageStore.ListUsageWindows(ctx, q) })
}

// ProveUsage implements store.UsageStore.
func (f *FaultyUsageStore) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	return read(f.injector, func() ([]store.UsageProof, error) { return f.UsageStore.ProveUsage(ctx, seller, after, limit) })
}

// PutQuota implements store.UsageStore.
func (f *FaultyUsageStore) PutQuota(ctx context.Context, p store.Quota) (store.Quota, error) {
	return write(f.injector, func() (store.Quota, error) { return f.UsageStore.PutQuota(ctx, p) })
}

// Quotas implements store.UsageStore.
func (f *FaultyUsageStore) Quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.UsageStore.Quotas(ctx, seller, instanceID) })
}

// PackageQuotas implements store.UsageStore.
func (f *FaultyUsageStore) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.UsageStore.PackageQuotas(ctx, seller, packageID) })
}

// QuotasDue implements store.UsageStore.
func (f *FaultyUsageStore) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	return read(f.injector, func() ([]store.Quota, error) { return f.UsageStore.QuotasDue(ctx, seller, now, limit) })
}

// QuotaSettled implements store.UsageStore.
func (f *FaultyUsageStore) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.UsageStore.QuotaSettled(ctx, k, now) })
	return err
}

// ReserveQuota implements store.UsageStore.
func (f *FaultyUsageStore) ReserveQuota(ctx context.Context, r store.Reservation, now time.Time) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.UsageStore.ReserveQuota(ctx, r, now) })
}

// CommitQuota implements store.UsageStore.
func (f *FaultyUsageStore) CommitQuota(ctx context.Context, c store.QuotaCommit) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.UsageStore.CommitQuota(ctx, c) })
}

// CancelQuota implements store.UsageStore.
func (f *FaultyUsageStore) CancelQuota(ctx context.Context, seller, reservationID string, now time.Time) (store.Reservation, error) {
	return write(f.injector, func() (store.Reservation, error) { return f.UsageStore.CancelQuota(ctx, seller, reservationID, now) })
}

// ExpireQuota implements store.UsageStore.
func (f *FaultyUsageStore) ExpireQuota(ctx context.Context, seller string, now time.Time, limit int) ([]store.Reservation, error) {
	return write(f.injector, func() ([]store.Reservation, error) { return f.UsageStore.ExpireQuota(ctx, seller, now, limit) })
}

// LicenceCode implements store.UsageStore.
func (f *FaultyUsageStore) LicenceCode(ctx context.Context, seller, hash string) (store.LicenceCode, error) {
	return read(f.injector, func() (store.LicenceCode, error) { return f.UsageStore.LicenceCode(ctx, seller, hash) })
}

// PutLicenceCode implements store.UsageStore.
func (f *FaultyUsageStore) PutLicenceCode(ctx context.Context, c store.LicenceCode, was time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.UsageStore.PutLicenceCode(ctx, c, was) })
	return err
}

// AddLicenceUse implements store.UsageStore.
func (f *FaultyUsageStore) AddLicenceUse(ctx context.Context, u store.LicenceUse) (bool, error) {
	return write(f.injector, func() (bool, error) { return f.UsageStore.AddLicenceUse(ctx, u) })
}

// LicenceDays implements store.UsageStore.
func (f *FaultyUsageStore) LicenceDays(ctx context.Context, seller, before string, limit int) ([]store.LicenceDay, error) {
	return read(f.injector, func() ([]store.LicenceDay, error) { return f.UsageStore.LicenceDays(ctx, seller, before, limit) })
}

// ReportedLicenceDay implements store.UsageStore.
func (f *FaultyUsageStore) ReportedLicenceDay(ctx context.Context, d store.LicenceDay, now time.Time) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.UsageStore.ReportedLicenceDay(ctx, d, now) })
	return err
}
