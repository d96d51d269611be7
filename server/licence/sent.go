// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
)

// noted are Codes whose calls the journal hears of. Licence codes are secrets: no record names one.
type noted struct {
	Codes

	calls call.Journal
	clock clock.Clock
}

// ActivateCode implements Codes.
func (n noted) ActivateCode(ctx context.Context, seller, code string, effect time.Time) (f Facts, err error) {
	ctx, done := n.begin(ctx, seller, call.LicenceActivate, 0)
	defer func() { done(f.OrderID, err) }()
	return n.Codes.ActivateCode(ctx, seller, code, effect)
}

// QueryCode implements Codes.
func (n noted) QueryCode(ctx context.Context, seller, code string) (f Facts, err error) {
	ctx, done := n.begin(ctx, seller, call.LicenceQuery, 0)
	defer func() { done(f.OrderID, err) }()
	return n.Codes.QueryCode(ctx, seller, code)
}

// ReportUse implements Codes.
func (n noted) ReportUse(ctx context.Context, seller string, uses []CodeUse) (refused []RefusedUse, unread int, err error) {
	ctx, done := n.begin(ctx, seller, call.LicenceUsage, len(uses))
	defer func() { done("", err) }()
	return n.Codes.ReportUse(ctx, seller, uses)
}

// begin listens to a call, and done tells the journal of it.
func (n noted) begin(ctx context.Context, seller string, op call.Operation, records int) (_ context.Context, done func(orderID string, err error)) {
	began := n.clock.Now()
	ctx, heard := call.Listen(ctx)
	return ctx, func(orderID string, err error) {
		s := call.Sent{
			Seller: seller, Operation: op, OrderID: orderID, TraceID: telemetry.TraceOf(ctx), Records: records, At: began, Took: n.clock.Now().Sub(began),
			Heard: *heard,
		}
		if err != nil {
			s.Reason = callError(err).Code
		}
		n.calls.Sent(s)
	}
}
