// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/fulfil"
)

// licenseCode implements LicenseCodeService. The calls name a code of the marketplace, behind which stands an instance; a
// debugging call makes none. They are not held: the marketplace gives up after 5 s (kit §0.1).
type licenseCode struct {
	productionv1.UnimplementedLicenseCodeServiceServer
	shared
}

// NewLicenseCode returns the service of License 2.0's callbacks.
func NewLicenseCode(d Deps) productionv1.LicenseCodeServiceServer {
	return &licenseCode{shared: shared{Deps: d, success: doneWithDot}}
}

// RefreshLicenseCode implements LicenseCodeService.
func (s *licenseCode) RefreshLicenseCode(ctx context.Context, r *productionv1.RefreshLicenseCodeRequest) (*productionv1.RefreshLicenseCodeResponse, error) {
	code, msg := s.do(ctx, r, activityCodeRefresh, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		expire, err := parseExpiry(r.GetExpireTime(), s.settings(ep).CodeLocation)
		if err != nil {
			return fulfil.Answer{}, err
		}
		if twin != nil {
			return twin.Done(), nil
		}
		arrived := s.arrived(ctx)
		id, err := s.Core.LicenceCode(ctx, ep, r.GetLicense(), r.GetProductId(), arrived)
		if err != nil {
			return fulfil.Answer{}, err
		}
		return s.Core.RefreshInstance(ctx, fulfil.Refresh{
			Endpoint: ep, Scene: r.GetScene(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), InstanceID: id,
			ProductID: r.GetProductId(), ExpireAt: expire, Extra: r.GetExtraJson(), Told: true, Arrived: arrived,
			Activity: activityCodeRefresh,
		})
	})
	return &productionv1.RefreshLicenseCodeResponse{ResultCode: code, ResultMsg: msg}, nil
}

// UpdateLicenseCodeStatus implements LicenseCodeService.
func (s *licenseCode) UpdateLicenseCodeStatus(ctx context.Context, r *productionv1.UpdateLicenseCodeStatusRequest) (*productionv1.UpdateLicenseCodeStatusResponse, error) {
	code, msg := s.do(ctx, r, activityCodeStatus, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		arrived := s.arrived(ctx)
		id, err := s.Core.LicenceCode(ctx, ep, r.GetLicense(), "", arrived)
		if err != nil {
			return fulfil.Answer{}, err
		}
		return s.Core.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{
			Endpoint: ep, InstanceID: id, Freeze: r.GetStatus() == statusFreeze, Extra: r.GetExtraJson(), Arrived: arrived,
			Activity: activityCodeStatus,
		})
	})
	return &productionv1.UpdateLicenseCodeStatusResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ReleaseLicenseCode implements LicenseCodeService.
func (s *licenseCode) ReleaseLicenseCode(ctx context.Context, r *productionv1.ReleaseLicenseCodeRequest) (*productionv1.ReleaseLicenseCodeResponse, error) {
	code, msg := s.do(ctx, r, activityCodeRelease, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		arrived := s.arrived(ctx)
		id, err := s.Core.LicenceCode(ctx, ep, r.GetLicense(), "", arrived)
		if err != nil {
			return fulfil.Answer{}, err
		}
		return s.Core.ReleaseInstance(ctx, fulfil.Release{
			Endpoint: ep, InstanceID: id, OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), Extra: r.GetExtraJson(),
			Arrived: arrived, Activity: activityCodeRelease,
		})
	})
	return &productionv1.ReleaseLicenseCodeResponse{ResultCode: code, ResultMsg: msg}, nil
}
