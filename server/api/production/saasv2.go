package production

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/call"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// testFlag marks a debugging call (saas-v2 §5).
const testFlag = "1"

// Core is what this package calls; *fulfil.Service implements it.
type Core interface {
	Endpoint(name string) (*fulfil.Endpoint, bool)
	NewInstance(ctx context.Context, c fulfil.NewInstance) (fulfil.Answer, error)
	QueryInstance(ctx context.Context, q fulfil.Query) (fulfil.Answer, []fulfil.Shown, error)
	RefreshInstance(ctx context.Context, c fulfil.Refresh) (fulfil.Answer, error)
	UpdateInstanceStatus(ctx context.Context, c fulfil.UpdateStatus) (fulfil.Answer, error)
	ReleaseInstance(ctx context.Context, c fulfil.Release) (fulfil.Answer, error)
	UpgradeInstance(ctx context.Context, c fulfil.Upgrade) (fulfil.Answer, error)
	ChangeInstanceCheck(ctx context.Context, c fulfil.CheckChange) (fulfil.Answer, error)
}

var _ Core = (*fulfil.Service)(nil)

// Deps are what the server works with; all are required.
type Deps struct {
	Core    Core
	Guard   store.Guard
	Clock   clock.Clock
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Server implements SaasV2Service. Requests must have passed interceptor.Validate.
type Server struct {
	productionv1.UnimplementedSaasV2ServiceServer
	Deps
}

var _ productionv1.SaasV2ServiceServer = (*Server)(nil)

// New returns a server over the core.
func New(d Deps) *Server { return &Server{Deps: d} }

// NewInstance implements SaasV2Service.
func (s *Server) NewInstance(ctx context.Context, r *productionv1.NewInstanceRequest) (*productionv1.NewInstanceResponse, error) {
	a, err := s.newInstance(ctx, r)
	code, msg := s.outcome(ctx, a, err)
	return &productionv1.NewInstanceResponse{ResultCode: code, ResultMsg: msg, InstanceId: a.InstanceID}, nil
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
		ProductID: r.GetProductId(), Extra: r.GetExtraJson(),
	}
	c.Arrived, c.Lock = s.arrival(ctx, c)
	return s.Core.NewInstance(ctx, c)
}

// arrival returns when the call came in and what became of its lock. A caller that did not come through the facade
// arrives now and asks the guard here; when that is away the call goes on without.
func (s *Server) arrival(ctx context.Context, c fulfil.NewInstance) (time.Time, store.Entry) {
	if known, ok := call.From(ctx); ok {
		return known.Arrived, known.TakeLock()
	}
	now := s.Clock.Now()
	lock, err := s.Guard.Enter(ctx, store.EnterRequest{
		LockKey: fulfil.LockKey(c.Endpoint.Seller, c.OrderID, c.OrderLineID, c.ProductID), LockTTL: call.LockTTL,
	})
	if err != nil {
		s.Log.DebugContext(ctx, "guard is away; going on without a lock", "error", err)
		return now, store.Entry{}
	}
	return now, lock
}

// QueryInstance implements SaasV2Service.
func (s *Server) QueryInstance(ctx context.Context, r *productionv1.QueryInstanceRequest) (*productionv1.QueryInstanceResponse, error) {
	a, shown, err := s.queryInstance(ctx, r)
	code, msg := s.outcome(ctx, a, err)
	resp := &productionv1.QueryInstanceResponse{ResultCode: code, ResultMsg: msg}
	if len(shown) > 0 {
		resp.Info = make([]*productionv1.InstanceInfo, len(shown))
	}
	for i := range shown {
		access := &shown[i].Access
		resp.Info[i] = &productionv1.InstanceInfo{
			InstanceId: shown[i].InstanceID,
			AppInfo: &productionv1.AppInfo{
				FrontEndUrl: access.FrontEndURL, AdminUrl: access.AdminURL, UserName: access.UserName,
				Password: access.Password, Memo: access.Memo,
			},
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
	return s.Core.QueryInstance(ctx, fulfil.Query{Endpoint: ep, InstanceIDs: r.GetInstanceId()})
}

// RefreshInstance implements SaasV2Service.
func (s *Server) RefreshInstance(ctx context.Context, r *productionv1.RefreshInstanceRequest) (*productionv1.RefreshInstanceResponse, error) {
	code, msg := s.do(ctx, r, activityRefresh, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		expire, err := wiretime.Parse(r.GetExpireTime())
		if err != nil {
			return fulfil.Answer{}, errs.Wrap(err, errs.Invalid, errs.InvalidField, "expireTime: not a date and time of 14 or 17 digits")
		}
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.RefreshInstance(ctx, fulfil.Refresh{
			Endpoint: ep, Scene: r.GetScene(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(),
			InstanceID: r.GetInstanceId(), ProductID: r.GetProductId(), ExpireAt: expire, Extra: r.GetExtraJson(),
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
			Extra:    r.GetExtraJson(),
			Endpoint: ep, InstanceID: r.GetInstanceId(), Freeze: r.GetStatus() == statusFreeze,
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
			Extra:    r.GetExtraJson(),
			Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(),
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
			Endpoint: ep, InstanceID: r.GetInstanceId(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), Extra: r.GetExtraJson(),
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
				return fulfil.Answer{}, errs.New(errs.Invalid, errs.InvalidField, "productInfo[%d].linearValue: not a quantity", i)
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

// linear reads a quantity. The documents call it an integer; digits behind a point are dropped.
func linear(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" && fraction != "" {
		whole = "0"
	}
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return n, err == nil && n >= 0
}

// request is what all requests have.
type request interface {
	GetEndpoint() string
	GetTestFlag() string
}

// do runs one call of an activity whose answer is nothing but a code. f gets the twin for a debugging call, else nil.
func (s *Server) do(ctx context.Context, r request, activity string, f func(*fulfil.Endpoint, *fulfil.Twin) (fulfil.Answer, error)) (code, msg string) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return s.outcome(ctx, fulfil.Answer{}, err)
	}
	var twin *fulfil.Twin
	if r.GetTestFlag() == testFlag {
		t := s.twin(ep, activity)
		twin = &t
	}
	a, err := f(ep, twin)
	return s.outcome(ctx, a, err)
}

// twin returns the endpoint's twin and counts the debugging call.
func (s *Server) twin(ep *fulfil.Endpoint, activity string) fulfil.Twin {
	s.Metrics.ProbeCall(ep.Name, activity)
	return fulfil.Twin{Endpoint: ep}
}

// endpoint returns the endpoint if the caller may use it. Errors: TOKEN_INVALID, ENDPOINT_NOT_FOUND (also for another
// seller's).
func (s *Server) endpoint(ctx context.Context, name string) (*fulfil.Endpoint, error) {
	_, verified := call.From(ctx)
	seller, authenticated := interceptor.SellerFrom(ctx)
	if !verified && !authenticated {
		return nil, errs.New(errs.Unauthorized, errs.TokenInvalid, "neither a signature nor a token was verified")
	}
	ep, ok := s.Core.Endpoint(name)
	if !ok || !verified && ep.Seller != seller {
		return nil, errs.New(errs.NotFound, errs.EndpointNotFound, "endpoint: not configured")
	}
	return ep, nil
}

// outcome returns what an answer or an error is on the wire. A fault inside is logged here with its cause: the error goes
// no further.
func (s *Server) outcome(ctx context.Context, a fulfil.Answer, err error) (code, msg string) {
	if err == nil {
		return string(a.Code), resultcode.Message(a.Code, a.Message)
	}
	if !errs.Expected(err) {
		s.Log.ErrorContext(ctx, "call failed", "reason", errs.As(err).Reason, "error", err, "cause", errs.As(err).Cause)
	}
	c, msg := CodeOf(err)
	return string(c), msg
}
