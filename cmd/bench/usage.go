// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// usage measures the usage ledger, or parts of it. It has a floor on SQLite only.
func (b *bench) usage(ctx context.Context) error {
	if b.backend == "postgres" {
		return nil
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"ingest", b.ingestion},
		{kindRecords, func(ctx context.Context) error { return b.pushing(ctx, kindRecords) }},
		{kindWindows, func(ctx context.Context) error { return b.pushing(ctx, kindWindows) }},
		{"order", b.inOrder},
		{"quota", b.quotas},
	} {
		if !b.wantsDetail("usage", part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// quotas measures what a use of a package costs: reserve and commit. It has no floor.
func (b *bench) quotas(ctx context.Context) (err error) {
	path := filepath.Join(b.dir, "quota.db")
	if err := newLedger(ctx, path, instances); err != nil {
		return err
	}
	_, st, err := openService(ctx, path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	now := time.Now().UTC()
	for i := range instances {
		_, err := st.PutQuota(ctx, store.Quota{
			Seller: seller, PackageID: fmt.Sprintf("package-%d", i), InstanceID: instanceID(i), Meter: "calls", Quota: 1 << 50, Stop: true, CreatedAt: now, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
	}
	svc := quota.New(quota.Deps{Quotas: st, Instances: st, Stopper: nobody{}, Windows: hourly{}, Clock: clock.System{}})
	t := &table{
		part: "usage/quota", title: fmt.Sprintf("Quotas, SQLite, each reserve and each commit durable; %s each", b.length),
		columns: []string{"clients", "reserve + commit/s", "GROWTH"},
	}
	var one float64
	for _, clients := range []int{1, 32} {
		n, err := reserve(ctx, svc, clients, b.length)
		if err != nil {
			return err
		}
		rate := float64(n) / b.length.Seconds()
		if clients == 1 {
			one = rate
		}
		t.add(count(clients), number(rate, 0), ratio(rate, one))
	}
	return b.out.add(t)
}

// reserve returns how many uses clients have got through in a time.
func reserve(ctx context.Context, svc *quota.Service, clients int, d time.Duration) (total int, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	for c := range clients {
		wg.Go(func() {
			n := 0
			var failed error
			for ; failed == nil && time.Since(start) < d; n++ {
				id := fmt.Sprintf("%s-%d/%02d/%06d", runTag, clients, c, n)
				if _, failed = svc.Reserve(ctx, seller, instanceID(c), id, 10_000, 0); failed == nil {
					_, failed = svc.Commit(ctx, seller, id, nil, time.Time{})
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total, err = total+n, errors.Join(err, failed)
		})
	}
	wg.Wait()
	return total, err
}

// hourly puts usage into windows of an hour.
type hourly struct{}

// WindowOf implements quota.Windows.
func (hourly) WindowOf(_ context.Context, _, _ string, end time.Time) (store.UsageRaw, error) {
	start := end.Truncate(time.Hour)
	return store.UsageRaw{Meter: "calls", Mode: store.UsageSum, Window: store.UsageWindowTimes{
		StartAt: start, EndAt: start.Add(time.Hour), DueAt: start.Add(time.Hour + usage.DefaultSettle), DeadlineAt: start.Add(75 * time.Minute),
		RefuseAt: start.Add(21 * usage.Day),
	}}, nil
}

// nobody is not asked in this measurement: no package is used up.
type nobody struct{}

// FreezeInstance implements quota.Stopper.
func (nobody) FreezeInstance(context.Context, string, string, string) error { return nil }

// ThawInstance implements quota.Stopper.
func (nobody) ThawInstance(context.Context, string, string, string) error { return nil }

// WarnQuota implements quota.Stopper.
func (nobody) WarnQuota(context.Context, fulfil.QuotaWarning, []int32) error { return nil }

// PackageAssigned implements quota.Stopper.
func (nobody) PackageAssigned(context.Context, string, string, fulfil.PackageItem) error { return nil }

// PackageWaits implements quota.Stopper.
func (nobody) PackageWaits(context.Context, string, string, string, string) error { return nil }
