package server

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// hourly puts the usage of every instance into windows of an hour under one meter. It stands in for the usage domain, which
// knows the meters and billing cycles of products.
type hourly struct{}

// The times of hourly billing (open-apis §3.7): bills are collected at minute 15, and records older than 21 days refused.
const (
	collected = 15 * time.Minute
	refused   = 21 * 24 * time.Hour
)

// WindowOf implements quota.Windows.
func (hourly) WindowOf(_ context.Context, _, _ string, end time.Time) (store.UsageRaw, error) {
	start := end.UTC().Truncate(time.Hour)
	end = start.Add(time.Hour)
	return store.UsageRaw{Meter: "usage", Mode: store.UsageSum, Window: store.UsageWindowTimes{
		StartAt: start, EndAt: end, DueAt: end, DeadlineAt: end.Add(collected), RefuseAt: start.Add(refused),
	}}, nil
}
