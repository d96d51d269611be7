// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"fmt"
	"time"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// Server implements SaasV2Service. Requests must have passed interceptor.Validate.
type Server struct {
	productionv1.UnimplementedSaasV2ServiceServer
	shared
}

var _ productionv1.SaasV2ServiceServer = (*Server)(nil)

// New returns a server over the core.
func New(d Deps) *Server { return &Server{shared: shared{Deps: d}} }

// NewSaasV2 returns the SaaS V2.0 service.
func NewSaasV2(d Deps) productionv1.SaasV2ServiceServer { return New(d) }

// NewInstance implements SaasV2Service.
func (s *Server) NewInstance(ctx context.Context, r *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
	a, err := s.newInstance(ctx, r)
	code, msg := s.outcome(ctx, r.GetEndpoint(), a, err)
	resp := &productionv1.NewInstanceResponse{ResultCode: code, ResultMsg: msg, InstanceId: a.InstanceID}
	if err == nil && a.Code.Success() {
		resp.AppInfo = s.createInfo(ctx, r, a.InstanceID)
	}
	return resp, nil
}

func (s *Server) newInstance(ctx context.Context, r *productionv1.NewInstanceRequest) (fulfil.Answer, error) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return fulfil.Answer{}, err
	}
	if r.GetTestFlag() == testFlag {
		return s.twin(ep, activityNew).NewInstance(r.GetOrderId(), r.GetOrderLineId(), r.GetProductId()), nil
	}
	c := fulfil.NewInstance{
		Endpoint: ep, OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), BusinessID: r.GetBusinessId(),
		ProductID: r.GetProductId(), Extra: r.GetExtraJson(), Family: ep.NewFamily,
	}
	c.Arrived, c.Lock = s.arrival(ctx, c)
	return s.Core.NewInstance(ctx, c)
}

// createInfo is what a success of newInstance shows beside the ID; nil when the endpoint wants nothing shown. An address that
// cannot be read now is left out: the instance is there, and queryInstance will be asked for it.
func (s *Server) createInfo(ctx context.Context, r *productionv1.NewInstanceRequest, instanceID string) *productionv1.AppInfo {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil || ep.NewFamily == fulfil.FamilyLicenseOnline { // a licence has no address
		return nil
	}
	debugging := r.GetTestFlag() == testFlag
	when := s.settings(ep).CreateAppInfo
	if when == AppInfoOff || when == AppInfoDebug && !debugging {
		return nil
	}
	var shown []fulfil.Shown
	if debugging {
		_, shown, err = fulfil.Twin{Endpoint: ep}.QueryInstance(instanceID)
	} else {
		_, shown, err = s.Core.QueryInstance(ctx, fulfil.Query{Endpoint: ep, InstanceIDs: instanceID})
	}
	if err != nil || len(shown) != 1 {
		return nil
	}
	return &productionv1.AppInfo{FrontEndUrl: shown[0].Access.FrontEndURL}
}

// QueryInstance implements SaasV2Service.
func (s *Server) QueryInstance(ctx context.Context, r *productionv1.QueryInstanceRequest) (*productionv1.QueryInstanceResponse, error) {
	a, shown, err := s.queryInstance(ctx, r)
	code, msg := s.outcome(ctx, r.GetEndpoint(), a, err)
	resp := &productionv1.QueryInstanceResponse{ResultCode: code, ResultMsg: msg}
	if len(shown) > 0 {
		resp.Info = make([]*productionv1.InstanceInfo, len(shown))
	}
	used := s.usageOf(ctx, r, shown)
	for i := range shown {
		resp.Info[i] = &productionv1.InstanceInfo{
			InstanceId: shown[i].InstanceID, AppInfo: appInfo(shown[i].Access), UsageInfo: used[shown[i].InstanceID],
		}
	}
	return resp, nil
}

func (s *Server) queryInstance(ctx context.Context, r *productionv1.QueryInstanceRequest) (fulfil.Answer, []fulfil.Shown, error) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return fulfil.Answer{}, nil, err
	}
	if r.GetTestFlag() == testFlag {
		return s.twin(ep, activityQuery).QueryInstance(r.GetInstanceId())
	}
	return s.query(ctx, ep, r.GetInstanceId(), "")
}

// query asks the core and notes what it has read, for whoever wants to know the orders. family is that of fulfil.Query.
func (s *shared) query(ctx context.Context, ep *fulfil.Endpoint, ids, family string) (fulfil.Answer, []fulfil.Shown, error) {
	a, shown, err := s.Core.QueryInstance(ctx, fulfil.Query{Endpoint: ep, InstanceIDs: ids, Family: family})
	c, _ := call.From(ctx)
	for i := range shown {
		if row := shown[i].Row; row != nil {
			c.Find(call.Found{InstanceID: row.InstanceID, OrderID: row.OrderID})
		}
	}
	return a, shown, err
}

// RefreshInstance implements SaasV2Service.
func (s *Server) RefreshInstance(ctx context.Context, r *productionv1.RefreshInstanceRequest) (*productionv1.RefreshInstanceResponse, error) {
	code, msg := s.do(ctx, r, activityRefresh, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		expire, err := parseExpiry(r.GetExpireTime(), time.UTC)
		if err != nil {
			return fulfil.Answer{}, err
		}
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.RefreshInstance(ctx, fulfil.Refresh{
			Endpoint: ep, Scene: r.GetScene(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(),
			InstanceID: r.GetInstanceId(), ProductID: r.GetProductId(), ExpireAt: expire, Extra: r.GetExtraJson(),
			Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.RefreshInstanceResponse{ResultCode: code, ResultMsg: msg}, nil
}

// UpdateInstanceStatus implements SaasV2Service.
func (s *Server) UpdateInstanceStatus(ctx context.Context, r *productionv1.UpdateInstanceStatusRequest) (*productionv1.UpdateInstanceStatusResponse, error) {
	code, msg := s.do(ctx, r, activityStatus, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{
			Endpoint: ep, InstanceID: r.GetInstanceId(), Freeze: r.GetStatus() == statusFreeze, Extra: r.GetExtraJson(),
			Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.UpdateInstanceStatusResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ReleaseInstance implements SaasV2Service.
func (s *Server) ReleaseInstance(ctx context.Context, r *productionv1.ReleaseInstanceRequest) (*productionv1.ReleaseInstanceResponse, error) {
	code, msg := s.do(ctx, r, activityRelease, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.ReleaseInstance(ctx, fulfil.Release{
			Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(),
			Extra: r.GetExtraJson(), Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.ReleaseInstanceResponse{ResultCode: code, ResultMsg: msg}, nil
}

// UpgradeInstance implements SaasV2Service.
func (s *Server) UpgradeInstance(ctx context.Context, r *productionv1.UpgradeInstanceRequest) (*productionv1.UpgradeInstanceResponse, error) {
	code, msg := s.do(ctx, r, activityUpgrade, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.UpgradeInstance(ctx, fulfil.Upgrade{
			Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(),
			Extra: r.GetExtraJson(), Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.UpgradeInstanceResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ChangeInstanceCheck implements SaasV2Service. Of several products the first is the target: the page that defines them
// was not seen, and every example holds one.
func (s *Server) ChangeInstanceCheck(ctx context.Context, r *productionv1.ChangeInstanceCheckRequest) (*productionv1.ChangeInstanceCheckResponse, error) {
	code, msg := s.do(ctx, r, activityCheck, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		var target store.Product
		for i, p := range r.GetProductInfo() {
			quantity, ok := linear(p.GetLinearValue())
			if !ok {
				return fulfil.Answer{}, errs.BadField(fmt.Sprintf("productInfo[%d].linearValue", i), "not a quantity")
			}
			if i == 0 {
				target = store.Product{
					ProductID: p.GetProductId(), SKUCode: p.GetSkuCode(), Name: p.GetProductName(), LinearValue: quantity,
				}
			}
		}
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.ChangeInstanceCheck(ctx, fulfil.CheckChange{Endpoint: ep, InstanceID: r.GetInstanceId(), Target: target})
	})
	return &productionv1.ChangeInstanceCheckResponse{ResultCode: code, ResultMsg: msg}, nil
}

// appInfo shows access information as it is.
func appInfo(a fulfil.Access) *productionv1.AppInfo {
	return &productionv1.AppInfo{
		FrontEndUrl: a.FrontEndURL, AdminUrl: a.AdminURL, UserName: a.UserName, Password: a.Password, Memo: a.Memo,
	}
}
