// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/fulfil"
)

// licenseOnline implements LicenseOnlineService. Its page shows no body of an answer, so a success reads as in V2.
type licenseOnline struct {
	productionv1.UnimplementedLicenseOnlineServiceServer
	shared
}

// NewLicenseOnline returns the service of online licences.
func NewLicenseOnline(d Deps) productionv1.LicenseOnlineServiceServer {
	return &licenseOnline{shared: shared{Deps: d}}
}

// GetLicenseAsync implements LicenseOnlineService.
func (s *licenseOnline) GetLicenseAsync(ctx context.Context, r *productionv1.GetLicenseAsyncRequest) (*productionv1.GetLicenseAsyncResponse, error) {
	code, msg := s.do(ctx, r, activityLicenseAsync, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		effective, err := parseLoose("effectiveTime", r.GetEffectiveTime())
		if err != nil {
			return fulfil.Answer{}, err
		}
		expire, err := parseLoose("expireTime", r.GetExpireTime())
		if err != nil {
			return fulfil.Answer{}, err
		}
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.IssueLicence(ctx, fulfil.IssueLicence{
			Endpoint: ep, InstanceID: r.GetInstanceId(), EventID: r.GetEventId(),
			Input:   fulfil.Input{DeviceFingerprint: r.GetDeviceFingerprint(), EffectiveAt: effective, LicenceExpireAt: expire},
			Extra:   r.GetExtraJson(),
			Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.GetLicenseAsyncResponse{ResultCode: code, ResultMsg: msg}, nil
}
