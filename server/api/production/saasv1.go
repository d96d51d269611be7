// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"strings"
	"time"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// yes is a set flag of V1.
const yes = "1"

// saasV1 implements SaasV1Service. V1 knows no order lines, so the line is empty in every key, and no asynchronous answer,
// so its calls are held.
type saasV1 struct {
	productionv1.UnimplementedSaasV1ServiceServer
	shared
}

// NewSaasV1 returns the SaaS V1.0 service.
func NewSaasV1(d Deps) productionv1.SaasV1ServiceServer {
	return &saasV1{shared: shared{Deps: d, success: doneWithDot, ascii: true}}
}

// NewInstanceV1 implements SaasV1Service.
func (s *saasV1) NewInstanceV1(ctx context.Context, r *productionv1.NewInstanceV1Request) (*productionv1.NewInstanceV1Response, error) {
	ep, a, err := s.newInstance(ctx, r)
	resp := &productionv1.NewInstanceV1Response{}
	if err == nil && a.Code.Success() {
		resp.InstanceId = a.InstanceID
		if resp.AppInfo, err = s.encrypted(ctx, ep, a.InstanceID, a.Access); resp.AppInfo != nil {
			resp.EncryptType = string(s.settings(ep).EncryptType)
		}
	}
	if err != nil {
		resp.InstanceId = ""
	}
	resp.ResultCode, resp.ResultMsg = s.outcome(ctx, r.GetEndpoint(), a, err)
	return resp, nil
}

func (s *saasV1) newInstance(ctx context.Context, r *productionv1.NewInstanceV1Request) (*fulfil.Endpoint, fulfil.Answer, error) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return nil, fulfil.Answer{}, err
	}
	x := extras{orderType: orderNew, diskSize: r.GetDiskSize(), bandWidth: r.GetBandWidth()}
	if r.GetTrialFlag() == yes {
		x.orderType = orderTrial
	}
	for _, f := range []struct {
		name, text string
		into       *string
	}{{"mobilePhone", r.GetMobilePhone(), &x.mobilePhone}, {"email", r.GetEmail(), &x.email}} {
		plain, ok := s.decrypt(ctx, ep, f.text)
		if *f.into = plain; !ok {
			x.unreadable(ctx, f.name, f.text, "cannot be decrypted")
		}
	}
	c, err := s.bought(ctx, ep, fulfil.FamilySaasV1, r, x)
	if err != nil {
		return nil, fulfil.Answer{}, err
	}
	// The zone is open (saas-v1 §12); the other times with milliseconds are in UTC.
	if c.AcceptedAt, err = parseTime("acceptanceTime", r.GetAcceptanceTime(), time.UTC); err != nil {
		return nil, fulfil.Answer{}, err
	}
	if r.GetChargingMode() == modeOnDemand {
		c.ProductID = r.GetProductId() // one order brings an instance for each of its products (saas-v1 §1.2)
	}
	if r.GetTestFlag() == testFlag {
		a, err := s.debugInstance(ep, c)
		return ep, a, err
	}
	c.Arrived, c.Lock = s.arrival(ctx, c)
	a, err := s.Core.NewInstance(ctx, c)
	return ep, a, err
}

// debugInstance answers a debugging call with access information: the console insists on it (saas-v1 §1).
func (s *saasV1) debugInstance(ep *fulfil.Endpoint, c fulfil.NewInstance) (fulfil.Answer, error) {
	twin := s.twin(ep, activityNew)
	a := twin.NewInstance(c.OrderID, c.OrderLineID, c.ProductID)
	_, shown, err := twin.QueryInstance(a.InstanceID)
	if err != nil {
		return fulfil.Answer{}, err
	}
	a.Access = shown[0].Access
	return a, nil
}

// RefreshInstanceV1 implements SaasV1Service.
func (s *saasV1) RefreshInstanceV1(ctx context.Context, r *productionv1.RefreshInstanceV1Request) (*productionv1.RefreshInstanceV1Response, error) {
	code, msg := s.do(ctx, r, activityRefresh, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		scene := renewalScene(r.GetOrderAmount())
		if r.GetTrialToFormal() == yes {
			scene = fulfil.SceneTrialToFormal
		}
		return s.renew(ctx, ep, twin, r, activityRefresh, scene)
	})
	return &productionv1.RefreshInstanceV1Response{ResultCode: code, ResultMsg: msg}, nil
}

// renewalScene tells a renewal from a cancelled one, which is refunded: its amount is negative (saas-v1 §1.3).
func renewalScene(orderAmount string) string {
	if strings.HasPrefix(orderAmount, "-") {
		return fulfil.SceneUnsubscribe
	}
	return fulfil.SceneRenewal
}

// renewal is what the renewals of V1 have.
type renewal interface {
	GetOrderId() string
	GetInstanceId() string
	GetProductId() string
	GetExpireTime() string
	GetExtraJson() string
	priced
}

// renew does a renewal of V1; the call tells everything, so the marketplace is not asked.
func (s *shared) renew(ctx context.Context, ep *fulfil.Endpoint, twin *fulfil.Twin, r renewal, activity, scene string) (fulfil.Answer, error) {
	expire, err := parseExpiry(r.GetExpireTime(), s.settings(ep).Location)
	if err != nil {
		return fulfil.Answer{}, err
	}
	if twin != nil {
		return twin.Done(), nil
	}
	return s.Core.RefreshInstance(ctx, fulfil.Refresh{
		Endpoint: ep, Scene: scene, OrderID: r.GetOrderId(), InstanceID: r.GetInstanceId(), ProductID: r.GetProductId(),
		ExpireAt: expire, Extra: r.GetExtraJson(), Told: true, Arrived: s.arrived(ctx), Activity: activity, Hold: true,
		Terms: termsOf(r),
	})
}

// ExpireInstance implements SaasV1Service.
func (s *saasV1) ExpireInstance(ctx context.Context, r *productionv1.ExpireInstanceRequest) (*productionv1.ExpireInstanceResponse, error) {
	code, msg := s.do(ctx, r, activityExpireV1, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		return s.expire(ctx, ep, twin, r, activityExpireV1)
	})
	return &productionv1.ExpireInstanceResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ended is what the calls of V1 about an end have.
type ended interface {
	GetOrderId() string
	GetInstanceId() string
	GetExtraJson() string
}

// expire freezes an instance until a renewal.
func (s *shared) expire(ctx context.Context, ep *fulfil.Endpoint, twin *fulfil.Twin, r ended, activity string) (fulfil.Answer, error) {
	if twin != nil {
		return twin.Done(), nil
	}
	return s.Core.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{
		Endpoint: ep, InstanceID: r.GetInstanceId(), Freeze: true, Expired: true, Extra: r.GetExtraJson(), Arrived: s.arrived(ctx),
		Activity: activity, Hold: true,
	})
}

// ReleaseInstanceV1 implements SaasV1Service.
func (s *saasV1) ReleaseInstanceV1(ctx context.Context, r *productionv1.ReleaseInstanceV1Request) (*productionv1.ReleaseInstanceV1Response, error) {
	code, msg := s.do(ctx, r, activityRelease, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		return s.release(ctx, ep, twin, r, activityRelease)
	})
	return &productionv1.ReleaseInstanceV1Response{ResultCode: code, ResultMsg: msg}, nil
}

// release ends an instance. The order is the purchase: V1 does not tell a refund from an end of the retention.
func (s *shared) release(ctx context.Context, ep *fulfil.Endpoint, twin *fulfil.Twin, r ended, activity string) (fulfil.Answer, error) {
	if twin != nil {
		return twin.Done(), nil
	}
	return s.Core.ReleaseInstance(ctx, fulfil.Release{
		Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), Extra: r.GetExtraJson(), Arrived: s.arrived(ctx),
		Activity: activity, Hold: true,
	})
}

// Upgrade implements SaasV1Service. The call does not tell the charging mode: an upgrade does not change it.
func (s *saasV1) Upgrade(ctx context.Context, r *productionv1.UpgradeRequest) (*productionv1.UpgradeResponse, error) {
	code, msg := s.do(ctx, r, activityUpgradeV1, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		quantity, disk, band, err := quantities(r.GetAmount(), r.GetDiskSize(), r.GetBandWidth())
		if err != nil {
			return fulfil.Answer{}, err
		}
		var x extras
		params := x.extendParams(ctx, r.GetSaasExtendParams())
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.UpgradeInstance(ctx, fulfil.Upgrade{
			Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), Extra: x.beside(r.GetExtraJson()),
			Told:       &store.Product{ProductID: r.GetProductId(), SKUCode: r.GetSkuCode(), LinearValue: quantity},
			Quantified: r.GetAmount() != "" || r.GetDiskSize() != "" || r.GetBandWidth() != "",
			Input:      fulfil.Input{ExtendParams: byName(params), DiskSize: disk, BandWidth: band},
			Arrived:    s.arrived(ctx), Activity: activityUpgradeV1, Hold: true,
		})
	})
	return &productionv1.UpgradeResponse{ResultCode: code, ResultMsg: msg}, nil
}

// InstanceStatus implements SaasV1Service.
func (s *saasV1) InstanceStatus(ctx context.Context, r *productionv1.InstanceStatusRequest) (*productionv1.InstanceStatusResponse, error) {
	code, msg := s.do(ctx, r, activityStatusV1, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{
			Endpoint: ep, InstanceID: r.GetInstanceId(), Freeze: r.GetInstanceStatus() == statusFreeze, Extra: r.GetExtraJson(),
			Arrived: s.arrived(ctx), Activity: activityStatusV1, Hold: true,
		})
	})
	return &productionv1.InstanceStatusResponse{ResultCode: code, ResultMsg: msg}, nil
}

// QueryInstanceV1 implements SaasV1Service.
func (s *saasV1) QueryInstanceV1(ctx context.Context, r *productionv1.QueryInstanceV1Request) (*productionv1.QueryInstanceV1Response, error) {
	a, info, encryptType, err := s.queryInstance(ctx, r)
	code, msg := s.outcome(ctx, r.GetEndpoint(), a, err)
	return &productionv1.QueryInstanceV1Response{ResultCode: code, ResultMsg: msg, EncryptType: encryptType, Info: info}, nil
}

func (s *saasV1) queryInstance(ctx context.Context, r *productionv1.QueryInstanceV1Request) (
	a fulfil.Answer, info []*productionv1.InstanceInfo, encryptType string, err error,
) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return a, nil, "", err
	}
	var shown []fulfil.Shown
	if r.GetTestFlag() == testFlag {
		a, shown, err = s.twin(ep, activityQuery).QueryInstance(r.GetInstanceId())
	} else {
		a, shown, err = s.query(ctx, ep, r.GetInstanceId(), fulfil.FamilySaasV1)
	}
	if err != nil || len(shown) == 0 {
		return a, nil, "", err
	}
	used := s.usageOf(ctx, r, shown)
	info = make([]*productionv1.InstanceInfo, len(shown))
	for i := range shown {
		app, err := s.encrypted(ctx, ep, shown[i].InstanceID, shown[i].Access)
		if err != nil {
			return a, nil, "", err
		}
		info[i] = &productionv1.InstanceInfo{InstanceId: shown[i].InstanceID, AppInfo: app, UsageInfo: used[shown[i].InstanceID]}
	}
	return a, info, string(s.settings(ep).EncryptType), nil
}
