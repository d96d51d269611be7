// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
)

// Querier are the calls that are made; *openapi.Client is one.
type Querier interface {
	QueryOrder(ctx context.Context, orderID, orderLineID string) (*openapi.OrderInfo, error)
	UploadLicence(ctx context.Context, eventID string, u openapi.Upload) error
	ActivateLicense(ctx context.Context, license string, effective time.Time) (openapi.LicenseCodeInfo, error)
	QueryLicense(ctx context.Context, license string, heartbeat *openapi.Heartbeat) (openapi.LicenseInfo, error)
	ReportLicenseUsage(ctx context.Context, usage []openapi.LicenseUsage) (openapi.LicenseUsageResult, error)
}

// Marketplace implements fulfil.Marketplace and licence.Codes. Safe for concurrent use.
type Marketplace struct{ sellers func() map[string]Querier }

var _ fulfil.Marketplace = (*Marketplace)(nil)

// New returns the marketplace as the sellers see it. sellers tells them by name, as they are now; nobody may change what it returns.
func New(sellers func() map[string]Querier) *Marketplace {
	return &Marketplace{sellers: sellers}
}

// listen returns a context for one call, and what tells afterwards what was heard to whoever listens above.
func listen(ctx context.Context) (context.Context, func()) {
	h := call.Listening(ctx)
	if h == nil {
		return ctx, func() {}
	}
	ctx, x := openapi.WithExchange(ctx)
	return ctx, func() {
		*h = call.Heard{Tries: x.Tries, Status: x.HTTPStatus, Code: x.Code, Request: x.Request, Answer: x.Answer, Asked: x.Asked, Said: x.Said}
	}
}

// QueryOrder implements fulfil.Marketplace. Every error is a *fulfil.QueryError.
func (m *Marketplace) QueryOrder(ctx context.Context, seller, orderID, orderLineID string) (fulfil.OrderFacts, error) {
	q, ok := m.sellers()[seller]
	if !ok {
		// The seller has ended while its orders were still open; it may come back.
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeSeller}
	}
	ctx, heard := listen(ctx)
	defer heard()
	order, err := q.QueryOrder(ctx, orderID, orderLineID)
	if err != nil {
		return fulfil.OrderFacts{}, fault(err)
	}
	return factsOf(order, orderID, orderLineID)
}

// UploadLicence implements fulfil.Marketplace. Every error is a *fulfil.QueryError.
func (m *Marketplace) UploadLicence(ctx context.Context, seller, eventID string, l fulfil.Licence) error {
	q, ok := m.sellers()[seller]
	if !ok {
		return &fulfil.QueryError{Retryable: true, Code: CodeSeller}
	}
	ctx, heard := listen(ctx)
	defer heard()
	err := q.UploadLicence(ctx, eventID, openapi.Upload{Characters: l.Text, FileName: l.FileName, File: l.File})
	if err != nil {
		return uploadFault(err)
	}
	return nil
}
