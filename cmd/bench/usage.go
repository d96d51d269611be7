// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// runUsage measures the usage ledger, or a part of it.
func runUsage(ctx context.Context, only, dir, koogate string, rounds int, length time.Duration, backlog, pending int) error {
	ran := false
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"ingest", func() error { return ingestion(ctx, dir, koogate, rounds, length) }},
		{kindRecords, func() error { return pushing(ctx, dir, kindRecords, backlog) }},
		{kindWindows, func() error { return pushing(ctx, dir, kindWindows, backlog) }},
		{"order", func() error { return inOrder(ctx, dir, pending) }},
		{"quota", func() error { return quotas(ctx, dir, length) }},
	} {
		if only != "" && only != "usage" && only != "usage/"+part.name {
			continue
		}
		ran = true
		if err := part.run(); err != nil {
			return err
		}
	}
	if !ran {
		return fmt.Errorf("-only %s: there is no such part", only)
	}
	return nil
}

// quotas measures what a use of a package costs: reserve and commit. It has no floor.
func quotas(ctx context.Context, dir string, length time.Duration) (err error) {
	path := filepath.Join(dir, "quota.db")
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
	svc := quota.New(quota.Deps{Ledger: st, Instances: st, Stopper: nobody{}, Windows: hourly{}, Clock: clock.System{}})
	fmt.Printf("\nQuotas, SQLite, each reserve and each commit durable; %s each\n", length)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "clients\treserve + commit/s\t")
	for _, clients := range []int{1, 32} {
		n, err := reserve(ctx, svc, clients, length)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d\t%.0f\t\n", clients, float64(n)/length.Seconds())
	}
	return w.Flush()
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
