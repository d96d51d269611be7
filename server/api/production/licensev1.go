// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
)

// debugLicence begins every licence that a debugging call gets.
const debugLicence = "DEBUG-LICENCE-"

// licenseV1 implements LicenseV1Service. A licence is an instance whose access information is the licence.
type licenseV1 struct {
	productionv1.UnimplementedLicenseV1ServiceServer
	shared
}

// NewLicenseV1 returns the License V1 service.
func NewLicenseV1(d Deps) productionv1.LicenseV1ServiceServer {
	return &licenseV1{shared: shared{Deps: d, success: doneWithDot, ascii: true}}
}

// GetLicense implements LicenseV1Service.
func (s *licenseV1) GetLicense(ctx context.Context, r *productionv1.GetLicenseRequest) (*productionv1.GetLicenseResponse, error) {
	a, err := s.getLicense(ctx, r)
	if err == nil && a.Code.Success() && a.Access.Licence == "" {
		err = errs.New(errs.Internal, errs.ResultInvalid, "instance %s has no licence", a.InstanceID)
	}
	resp := &productionv1.GetLicenseResponse{}
	if err == nil && a.Code.Success() {
		resp.License, resp.InstanceId = a.Access.Licence, a.InstanceID
	}
	resp.ResultCode, resp.ResultMsg = s.outcome(ctx, r.GetEndpoint(), a, err)
	return resp, nil
}

// getLicense is keyed by the order alone, whatever the charging mode (saas-v1 §4.1).
func (s *licenseV1) getLicense(ctx context.Context, r *productionv1.GetLicenseRequest) (fulfil.Answer, error) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return fulfil.Answer{}, err
	}
	c, err := s.bought(ctx, ep, fulfil.FamilyLicenseV1, r, extras{orderType: orderNew})
	if err != nil {
		return fulfil.Answer{}, err
	}
	if r.GetTestFlag() == testFlag {
		a := s.twin(ep, activityLicense).NewInstance(c.OrderID, c.OrderLineID, c.ProductID)
		a.Access.Licence = debugLicence + a.InstanceID
		return a, nil
	}
	c.Arrived, c.Lock = s.arrival(ctx, c)
	return s.Core.NewInstance(ctx, c)
}

// RefreshLicense implements LicenseV1Service.
func (s *licenseV1) RefreshLicense(ctx context.Context, r *productionv1.RefreshLicenseRequest) (*productionv1.RefreshLicenseResponse, error) {
	code, msg := s.do(ctx, r, activityLicenseRefresh, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		return s.renew(ctx, ep, twin, r, activityLicenseRefresh, renewalScene(r.GetOrderAmount()))
	})
	return &productionv1.RefreshLicenseResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ExpireLicense implements LicenseV1Service.
func (s *licenseV1) ExpireLicense(ctx context.Context, r *productionv1.ExpireLicenseRequest) (*productionv1.ExpireLicenseResponse, error) {
	code, msg := s.do(ctx, r, activityLicenseExpire, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		return s.expire(ctx, ep, twin, r, activityLicenseExpire)
	})
	return &productionv1.ExpireLicenseResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ReleaseLicense implements LicenseV1Service.
func (s *licenseV1) ReleaseLicense(ctx context.Context, r *productionv1.ReleaseLicenseRequest) (*productionv1.ReleaseLicenseResponse, error) {
	code, msg := s.do(ctx, r, activityLicenseRelease, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		return s.release(ctx, ep, twin, r, activityLicenseRelease)
	})
	return &productionv1.ReleaseLicenseResponse{ResultCode: code, ResultMsg: msg}, nil
}
