// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
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
	IssueLicence(ctx context.Context, c fulfil.IssueLicence) (fulfil.Answer, error)
	OrderNotify(ctx context.Context, c fulfil.OrderNotify) (fulfil.Answer, error)
	Reach(ctx context.Context, ep *fulfil.Endpoint, instanceID string) error
	LicenceCode(ctx context.Context, ep *fulfil.Endpoint, code, productID string, arrived time.Time) (instanceID string, err error)
}

// Directory is where the Kit's synchronisations go; *directory.Service implements it.
type Directory interface {
	SyncTenant(ctx context.Context, c directory.Tenant) (changed bool, err error)
	SyncApplication(ctx context.Context, c directory.Application) (changed bool, err error)
	SyncUsers(ctx context.Context, c directory.Users) (changed bool, err error)
	SyncDepartment(ctx context.Context, c directory.Department) (changed bool, err error)
	SyncDepartments(ctx context.Context, c directory.Departments) (changed bool, err error)
}

// Usage is where queryInstance finds the usage of the instances that it has read; *usage.Service implements it. What it returns
// counts although there is an error, which is about the other instances.
type Usage interface {
	UsageOf(ctx context.Context, instances []*store.Instance) (map[string][]usage.Info, error)
}

var (
	_ Usage     = (*usage.Service)(nil)
	_ Core      = (*fulfil.Service)(nil)
	_ Directory = (*directory.Service)(nil)
)

// Deps are what the services work with; all are required, but Directory only by the Kit and Settings by the families that
// encrypt.
type Deps struct {
	Core      Core
	Directory Directory
	Usage     Usage                      // nil shows no usage
	Settings  func() map[string]Settings // by endpoint name; one that is not in it has the default settings
	Guard     store.Guard
	Clock     clock.Clock
	Metrics   *telemetry.Metrics
	Log       *slog.Logger
}

// shared is what the services of all families have in common. Requests must have passed interceptor.Validate.
type shared struct {
	Deps
	success string // the resultMsg of a success, as the family's pages show it; empty means resultcode's
	ascii   bool   // answers hold ASCII only, but for memo (second-reading C4), whatever the endpoint's rule is
}

// arrival returns when the call came in and what became of its lock. A caller that did not come through the facade
// arrives now and asks the guard here; when that is away the call goes on without.
func (s *shared) arrival(ctx context.Context, c fulfil.NewInstance) (time.Time, store.Entry) {
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

// arrived returns when the call came in.
func (s *shared) arrived(ctx context.Context) time.Time {
	if known, ok := call.From(ctx); ok {
		return known.Arrived
	}
	return s.Clock.Now()
}

// request is what all requests have.
type request interface {
	GetEndpoint() string
	GetTestFlag() string
}

// do runs one call of an activity whose answer is only a code. f gets the twin for a debugging call, and nil for all others.
func (s *shared) do(ctx context.Context, r request, activity string, f func(*fulfil.Endpoint, *fulfil.Twin) (fulfil.Answer, error)) (code, msg string) {
	ep, err := s.endpoint(ctx, r.GetEndpoint())
	if err != nil {
		return s.outcome(ctx, r.GetEndpoint(), fulfil.Answer{}, err)
	}
	var twin *fulfil.Twin
	if r.GetTestFlag() == testFlag {
		t := s.twin(ep, activity)
		twin = &t
	}
	a, err := f(ep, twin)
	return s.outcome(ctx, r.GetEndpoint(), a, err)
}

// twin returns the endpoint's twin and counts the debugging call.
func (s *shared) twin(ep *fulfil.Endpoint, activity string) fulfil.Twin {
	s.Metrics.ProbeCall(ep.Name, activity)
	return fulfil.Twin{Endpoint: ep}
}

// endpoint returns the endpoint if the caller may use it. Errors: TOKEN_INVALID, ENDPOINT_NOT_FOUND (also for another
// seller's).
func (s *shared) endpoint(ctx context.Context, name string) (*fulfil.Endpoint, error) {
	p, ok := access.From(ctx)
	if !ok {
		return nil, errs.New(errs.Unauthorized, errs.TokenInvalid, "neither a signature nor a token was verified")
	}
	ep, ok := s.Core.Endpoint(name)
	if !ok || ep.Seller != p.Seller || p.Kind == access.Signature && p.Subject != name {
		return nil, errs.New(errs.NotFound, errs.EndpointNotFound, "endpoint: not configured")
	}
	return ep, nil
}

// outcome returns what an answer or an error is on the wire. Where answers must be ASCII, a text that is not falls back to
// what the code means in English.
func (s *shared) outcome(ctx context.Context, endpoint string, a fulfil.Answer, err error) (code, msg string) {
	code, msg = s.result(ctx, a, err)
	ascii := s.ascii
	if ep, ok := s.Core.Endpoint(endpoint); ok && ep.ASCII {
		ascii = true
	}
	if ascii && strings.IndexFunc(msg, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		msg = resultcode.Message(resultcode.Code(code), "")
	}
	return code, msg
}

// result returns what an answer or an error is on the wire. An internal fault is logged here with its cause, because the
// error is not passed on.
func (s *shared) result(ctx context.Context, a fulfil.Answer, err error) (code, msg string) {
	switch {
	case err == nil && a.Code.Success() && s.success != "":
		return string(a.Code), s.success
	case err == nil:
		return string(a.Code), resultcode.Message(a.Code, a.Message)
	}
	if !errs.Expected(err) {
		s.Log.ErrorContext(ctx, "call failed", "reason", errs.As(err).Reason, "error", err, "cause", errs.As(err).Cause)
	}
	c, msg := CodeOf(err)
	return string(c), msg
}
