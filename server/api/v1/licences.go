// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/licence"
)

// Licences is what LicenceService calls; *licence.Service is one.
type Licences interface {
	Activate(ctx context.Context, seller, code string, effect time.Time) (licence.Info, error)
	Query(ctx context.Context, seller, code string, fresh bool) (licence.Info, error)
	Use(ctx context.Context, seller, code, client string) (counted bool, err error)
}

// licences serves LicenceService.
type licences struct {
	koogatev1.UnimplementedLicenceServiceServer

	licences Licences
}

// ActivateLicence implements LicenceService.
func (s *licences) ActivateLicence(ctx context.Context, r *koogatev1.ActivateLicenceRequest) (*koogatev1.ActivateLicenceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.licences.Activate(ctx, seller, r.GetLicenceCode(), timeOf(r.GetEffectTime()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.ActivateLicenceResponse{Licence: licenceInfo(i)}, nil
}

// QueryLicence implements LicenceService.
func (s *licences) QueryLicence(ctx context.Context, r *koogatev1.QueryLicenceRequest) (*koogatev1.QueryLicenceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.licences.Query(ctx, seller, r.GetLicenceCode(), r.GetFresh())
	if err != nil {
		return nil, err
	}
	return &koogatev1.QueryLicenceResponse{Licence: licenceInfo(i)}, nil
}

// ReportLicenceUse implements LicenceService.
func (s *licences) ReportLicenceUse(ctx context.Context, r *koogatev1.ReportLicenceUseRequest) (*koogatev1.ReportLicenceUseResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	counted, err := s.licences.Use(ctx, seller, r.GetLicenceCode(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ReportLicenceUseResponse{Counted: counted}, nil
}

func licenceInfo(i licence.Info) *koogatev1.LicenceInfo {
	return &koogatev1.LicenceInfo{
		Status: licenceStatus(i.Status), ActivateTime: timestamp(i.ActivateAt), ExpireTime: timestamp(i.ExpireAt),
		ProductId: i.ProductID, OrderId: i.OrderID, Amount: i.Amount, CheckTime: timestamp(i.CheckedAt),
	}
}
