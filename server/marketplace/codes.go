// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/licence"
)

var _ licence.Codes = (*Marketplace)(nil)

// ActivateCode implements licence.Codes.
func (m *Marketplace) ActivateCode(ctx context.Context, seller, code string, effect time.Time) (licence.Facts, error) {
	q, err := m.codes(seller)
	if err != nil {
		return licence.Facts{}, err
	}
	ctx, heard := listen(ctx)
	defer heard()
	info, cerr := q.ActivateLicense(ctx, code, effect)
	if cerr != nil {
		return licence.Facts{}, codeFault(cerr)
	}
	return licence.Facts{
		Status: string(info.Status), ExpireAt: info.ExpireTime, ProductID: info.ProductID, OrderID: info.OrderID, Amount: info.Amount,
	}, nil
}

// QueryCode implements licence.Codes.
func (m *Marketplace) QueryCode(ctx context.Context, seller, code string) (licence.Facts, error) {
	q, err := m.codes(seller)
	if err != nil {
		return licence.Facts{}, err
	}
	ctx, heard := listen(ctx)
	defer heard()
	info, cerr := q.QueryLicense(ctx, code, nil)
	if cerr != nil {
		return licence.Facts{}, codeFault(cerr)
	}
	return licence.Facts{
		Status: string(info.Status), ActivateAt: info.ActivateTime, ExpireAt: info.ExpireTime, ProductID: info.ProductID,
	}, nil
}

// ReportUse implements licence.Codes.
func (m *Marketplace) ReportUse(ctx context.Context, seller string, uses []licence.CodeUse) (refused []licence.RefusedUse, unread int, err error) {
	q, err := m.codes(seller)
	if err != nil {
		return nil, 0, err
	}
	usage := make([]openapi.LicenseUsage, len(uses))
	for i, u := range uses {
		n := u.Clients
		usage[i] = openapi.LicenseUsage{License: u.Code, Elements: []openapi.LicenseUsageElement{{ActiveNum: &n}}}
	}
	ctx, heard := listen(ctx)
	defer heard()
	result, cerr := q.ReportLicenseUsage(ctx, usage)
	if cerr != nil {
		return nil, 0, codeFault(cerr)
	}
	unread = result.Unread
	for _, r := range result.Rejected {
		if r.License == "" {
			unread++
			continue
		}
		refused = append(refused, licence.RefusedUse{Code: r.License, Reason: r.Code})
	}
	return refused, unread, nil
}

// codes returns the seller's client. A seller that is no longer in the configuration counts as "the marketplace is away",
// not as a refusal.
func (m *Marketplace) codes(seller string) (Querier, error) {
	q, ok := m.sellers()[seller]
	if !ok {
		return nil, &licence.CallError{Code: CodeSeller}
	}
	return q, nil
}

// codeFault turns a client's error into the licence domain's. An error about our own keys, or one that is not documented for
// codes, says nothing about the code: the marketplace counts as away.
func codeFault(err error) *licence.CallError {
	f := &licence.CallError{Sent: openapi.Sent(err), Cause: err}
	f.Code = fault(err).Code
	switch {
	case errors.Is(err, openapi.ErrArgument):
		f.Refusal = licence.Other
	case openapi.IsUnknownLicense(err):
		f.Refusal = licence.Unknown
	case openapi.IsNotReceived(err):
		f.Refusal = licence.NotReceived
	case openapi.IsNotActivated(err):
		f.Refusal = licence.NotActivated
	case openapi.IsAlreadyActivated(err):
		f.Refusal = licence.WrongState
	case openapi.IsInvalidInBatch(err), openapi.HasCode(err, openapi.CodeLicenseParameter), openapi.HasCode(err, openapi.CodeRequestParameter):
		f.Refusal = licence.Other
	}
	return f
}
