// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// core answers with what it is given and remembers the last call.
type core struct {
	last   any
	answer fulfil.Answer
	shown  []fulfil.Shown
	err    error
	ascii  bool

	code    codeCall
	codeErr error
	reach   error
}

// codeCall is what a licence code was asked with.
type codeCall struct {
	endpoint, code, productID string
	arrived                   time.Time
}

func (c *core) Endpoint(name string) (*fulfil.Endpoint, bool) {
	if name != "demo" && name != "second" {
		return nil, false
	}
	return &fulfil.Endpoint{Name: name, Seller: "demo-seller", ASCII: c.ascii}, true
}

func (c *core) note(v any) (fulfil.Answer, error) {
	c.last = v
	return c.answer, c.err
}

func (c *core) NewInstance(_ context.Context, v fulfil.NewInstance) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) QueryInstance(_ context.Context, v fulfil.Query) (fulfil.Answer, []fulfil.Shown, error) {
	a, err := c.note(v)
	return a, c.shown, err
}

func (c *core) RefreshInstance(_ context.Context, v fulfil.Refresh) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) UpdateInstanceStatus(_ context.Context, v fulfil.UpdateStatus) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) ReleaseInstance(_ context.Context, v fulfil.Release) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) UpgradeInstance(_ context.Context, v fulfil.Upgrade) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) ChangeInstanceCheck(_ context.Context, v fulfil.CheckChange) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) IssueLicence(_ context.Context, v fulfil.IssueLicence) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) OrderNotify(_ context.Context, v fulfil.OrderNotify) (fulfil.Answer, error) {
	return c.note(v)
}

func (c *core) Reach(context.Context, *fulfil.Endpoint, string) error { return c.reach }

func (c *core) LicenceCode(_ context.Context, ep *fulfil.Endpoint, code, productID string, arrived time.Time) (string, error) {
	c.code = codeCall{ep.Name, code, productID, arrived}
	return "lc-1", c.codeErr
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newServer(c *core) (*production.Server, store.Guard, *bytes.Buffer) {
	log := &bytes.Buffer{}
	clk := clocktest.New(noon)
	guard := memory.New(clk.Now)
	return production.New(production.Deps{
		Core: c, Guard: guard, Clock: clk, Metrics: telemetry.NewMetrics(prometheus.NewRegistry()),
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}), guard, log
}

func newInstance() *productionv1.NewInstanceRequest {
	return &productionv1.NewInstanceRequest{Endpoint: "demo", OrderId: "o", OrderLineId: "l", BusinessId: "b", ExtraJson: `{"a":1}`}
}

// A date that cannot be read is refused before the core hears of it.
func TestBadExpiry(t *testing.T) {
	r := newRig(production.Settings{})
	m, err := production.NewSaasV2(r.deps).RefreshInstance(verified(t, keyA), &productionv1.RefreshInstanceRequest{Endpoint: "demo", ExpireTime: "soon"})
	if err != nil || m.GetResultCode() != "000002" || r.core.last != nil {
		t.Errorf("%v, %v", m, err)
	}
}

// Whoever finds the port cannot create an instance.
func TestWhoMayCall(t *testing.T) {
	for _, c := range []struct {
		name     string
		ctx      func(context.Context) context.Context
		endpoint string
		code     string
	}{
		{"nobody", func(ctx context.Context) context.Context { return ctx }, "demo", "000001"},
		{"the facade", func(ctx context.Context) context.Context { return called(ctx, new(call.Call)) }, "demo", "000000"},
		{"the seller", func(ctx context.Context) context.Context { return asSeller(ctx, "demo-seller") }, "demo", "000000"},
		{"another seller", func(ctx context.Context) context.Context { return asSeller(ctx, "other") }, "demo", "000002"},
		{"the facade of another endpoint", func(ctx context.Context) context.Context { return called(ctx, new(call.Call)) }, "second", "000002"},
		{"an unknown endpoint", func(ctx context.Context) context.Context { return asSeller(ctx, "other") }, "nope", "000002"},
	} {
		for _, flag := range []string{"", "1"} {
			t.Run(c.name+flag, func(t *testing.T) {
				k := &core{answer: fulfil.Answer{Code: resultcode.Success}}
				s, _, _ := newServer(k)
				ctx := c.ctx(t.Context())
				var codes []string
				take := func(r interface{ GetResultCode() string }, err error) {
					if err != nil {
						t.Error(err)
					}
					codes = append(codes, r.GetResultCode())
				}
				r1, err := s.NewInstance(ctx, &productionv1.NewInstanceRequest{Endpoint: c.endpoint, OrderId: "o", OrderLineId: "l", BusinessId: "b", TestFlag: flag})
				take(r1, err)
				r2, err := s.QueryInstance(ctx, &productionv1.QueryInstanceRequest{Endpoint: c.endpoint, InstanceId: "i", TestFlag: flag})
				take(r2, err)
				r3, err := s.RefreshInstance(ctx, &productionv1.RefreshInstanceRequest{Endpoint: c.endpoint, ExpireTime: "20271123155959", TestFlag: flag})
				take(r3, err)
				r4, err := s.UpdateInstanceStatus(ctx, &productionv1.UpdateInstanceStatusRequest{Endpoint: c.endpoint, TestFlag: flag})
				take(r4, err)
				r5, err := s.ReleaseInstance(ctx, &productionv1.ReleaseInstanceRequest{Endpoint: c.endpoint, TestFlag: flag})
				take(r5, err)
				r6, err := s.UpgradeInstance(ctx, &productionv1.UpgradeInstanceRequest{Endpoint: c.endpoint, TestFlag: flag})
				take(r6, err)
				r7, err := s.ChangeInstanceCheck(ctx, &productionv1.ChangeInstanceCheckRequest{Endpoint: c.endpoint, TestFlag: flag})
				take(r7, err)
				for i, got := range codes {
					if got != c.code {
						t.Errorf("call %d: %s, want %s", i, got, c.code)
					}
				}
				if reached := k.last != nil; reached != (c.code == "000000" && flag == "") {
					t.Errorf("the core was reached: %v", reached)
				}
			})
		}
	}
}

func TestNewInstanceThroughTheFacade(t *testing.T) {
	k := &core{answer: fulfil.Answer{Code: resultcode.Success, InstanceID: "i"}}
	s, _, _ := newServer(k)
	known := &call.Call{Arrived: noon.Add(-time.Second), Lock: store.Entry{Lock: store.LockHeld, Fence: 7}}
	r, err := s.NewInstance(called(t.Context(), known), newInstance())
	if err != nil || r.GetInstanceId() != "i" {
		t.Fatalf("%v, %v", r, err)
	}
	got, ok := k.last.(fulfil.NewInstance)
	if !ok || !got.Arrived.Equal(known.Arrived) || got.Lock.Fence != 7 || got.Extra != `{"a":1}` {
		t.Errorf("the core got %+v", got)
	}
	if known.TakeLock() != (store.Entry{}) {
		t.Error("the lock would be given up twice")
	}
}

func TestNewInstanceOverGRPC(t *testing.T) {
	k := &core{answer: fulfil.Answer{Code: resultcode.Success, InstanceID: "i"}}
	s, guard, log := newServer(k)
	ctx := asSeller(t.Context(), "demo-seller")
	for i, want := range []store.LockState{store.LockHeld, store.LockBusy} {
		if _, err := s.NewInstance(ctx, newInstance()); err != nil {
			t.Fatal(err)
		}
		if got := k.last.(fulfil.NewInstance); got.Lock.Lock != want || !got.Arrived.Equal(noon) {
			t.Errorf("call %d: %+v", i, got)
		}
	}
	if err := guard.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := s.NewInstance(ctx, newInstance())
	if err != nil || r.GetResultCode() != "000000" || k.last.(fulfil.NewInstance).Lock.Lock != store.LockNone {
		t.Errorf("without the guard: %v, %v", r, err)
	}
	if !strings.Contains(log.String(), "guard is away") {
		t.Errorf("log: %s", log)
	}
}

func TestLinearValues(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "0": 0, "7": 7, "007": 7, "7.": 7, "7.9": 7, ".5": 0, "9223372036854775807": 1<<63 - 1,
		".": -1, "1.2.3": -1, "99999999999999999999": -1, "-1": -1, "x": -1, "1.x": -1} {
		k := &core{answer: fulfil.Answer{Code: resultcode.Success}}
		s, _, _ := newServer(k)
		r, err := s.ChangeInstanceCheck(asSeller(t.Context(), "demo-seller"), &productionv1.ChangeInstanceCheckRequest{
			Endpoint: "demo", ProductInfo: []*productionv1.ProductInfo{{ProductId: "p", LinearValue: text}, {ProductId: "q"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		switch got, reached := k.last.(fulfil.CheckChange); {
		case want < 0 && (reached || r.GetResultCode() != "000002"):
			t.Errorf("%q: %v", text, r)
		case want >= 0 && (got.Target.LinearValue != want || got.Target.ProductID != "p"):
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestFaultIsLoggedOnceAndNotShown(t *testing.T) {
	k := &core{err: errs.Wrap(errors.New("canary"), errs.Internal, errs.InternalFault, "internal error")}
	s, _, log := newServer(k)
	r, err := s.ReleaseInstance(asSeller(t.Context(), "demo-seller"), &productionv1.ReleaseInstanceRequest{Endpoint: "demo"})
	if err != nil || r.GetResultCode() != "000005" || strings.Contains(r.GetResultMsg(), "canary") {
		t.Errorf("%v, %v", r, err)
	}
	if strings.Count(log.String(), "canary") != 1 {
		t.Errorf("log: %s", log)
	}
}

// TestCodeOfReasons walks the contract's own list, so that a new reason has to be given its code.
func TestCodeOfReasons(t *testing.T) {
	want := map[string]resultcode.Code{
		"INVALID_FIELD": "000002", "UNKNOWN_ENUM_VALUE": "000002", "ORDER_NOT_FOUND": "000005", "INSTANCE_NOT_FOUND": "000003",
		"TASK_NOT_FOUND": "000005", "FENCING_TOKEN_STALE": "000005", "CONFLICTING_REPEAT": "000002", "STATE_CONFLICT": "000005",
		"PAGE_TOKEN_INVALID": "000002", "FILTER_INVALID": "000002", "TOKEN_INVALID": "000001", "STORE_UNAVAILABLE": "000005",
		"RESULT_INVALID": "000005", "ENDPOINT_NOT_FOUND": "000002", "INTERNAL": "000005", "DIRECTORY_NOT_FOUND": "000005", "USAGE_NOT_FOUND": "000005", "USAGE_SETTLED": "000005",
		"QUOTA_EXHAUSTED": "000005", "RESERVATION_NOT_FOUND": "000005", "LICENCE_UNKNOWN": "000005", "LICENCE_STATE": "000005",
		"MARKETPLACE_UNAVAILABLE": "000005", "DEADLINE_PASSED": "000005", "ETAG_MISMATCH": "000005", "SCOPE_MISSING": "000005", "SCOPE_NOT_HELD": "000005",
		"QUEUE_NOT_FOUND": "000005", "QUEUE_NOT_FOR_WORKERS": "000005",
		"LIST_BUSY": "000005", "LIST_TOO_SLOW": "000005",
		"RESTORE_GAP": "000005", "MANAGED_BY_FILE": "000005", "SETTING_NOT_FOUND": "000005", "CALL_NOT_FOUND": "000005", "CALL_NOT_KEPT": "000005", "REPLAY_NEEDS_FORCE": "000005", "DELIVERY_NOT_FOUND": "000005", "TARGET_FORBIDDEN": "000005",
		"PATH_NOT_FOUND": "000005", "METHOD_NOT_ALLOWED": "000005", "SERVER_STOPPING": "000005",
		"TOKEN_EXPIRED": "000001", "TOKEN_NOT_MAPPED": "000001", "ISSUER_UNAVAILABLE": "000005", "RATE_LIMITED": "000005", "FORWARD_FAILED": "000005", "INSTANCE_UNCONFIRMED": "000005",
		"LOGIN_APPLICATION_NOT_FOUND": "000005", "LOGIN_NOT_FOUND": "000005", "LOGIN_SESSION_NOT_FOUND": "000005", "TICKET_REFUSED": "000005", "LOGIN_NOT_SERVED": "000005",
	}
	for _, name := range koogatev1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if reason == "UNSPECIFIED" {
			continue
		}
		code, ok := want[reason]
		if !ok {
			t.Errorf("%s has no code", reason)
			continue
		}
		e := errs.Wrap(errors.New("canary"), errs.Invalid, errs.Reason(reason), "a detail")
		e.Meta = map[string]string{"field": "x"}
		for form, err := range map[string]error{
			"domain": e, "wrapped": fmt.Errorf("canary: %w", e), "status": errs.ToStatus(e).Err(),
		} {
			got, msg := production.CodeOf(err)
			if got != code || msg == "" || strings.Contains(msg, "canary") || strings.Contains(msg, "a detail") == (reason == "INTERNAL") {
				t.Errorf("%s as %s: %s %q", reason, form, got, msg)
			}
			if r := production.Refused(err); string(r.Reason) != reason || r.Meta["field"] != "x" {
				t.Errorf("%s as %s: %+v", reason, form, r)
			}
		}
	}
}

func TestCodeOfOthers(t *testing.T) {
	fields := errs.New(errs.Invalid, errs.InvalidField, "order_line_id: required; product_info[0].linear_value: wrong")
	fields.Fields = []errs.Field{{Path: "order_line_id", Msg: "required"}, {Path: "product_info[0].linear_value", Msg: "wrong"}, {Msg: "odd"}}
	const listed = "invalid request parameters: orderLineId: required; productInfo[0].linearValue: wrong; odd"
	for name, c := range map[string]struct {
		err  error
		code resultcode.Code
		msg  string
	}{
		"fields":             {fields, "000002", listed},
		"fields in a status": {errs.ToStatus(fields).Err(), "000002", listed},
		"deadline":           {context.DeadlineExceeded, "000005", "other internal service error: the call was not done in time; repeat it"},
		"deadline status":    {status.FromContextError(context.DeadlineExceeded).Err(), "000005", "other internal service error: the call was not done in time; repeat it"},
		"cancelled":          {context.Canceled, "000005", "other internal service error: the call was not done in time; repeat it"},
		"invalid argument":   {status.Error(codes.InvalidArgument, "orderId: must be a text"), "000002", "invalid request parameters: orderId: must be a text"},
		"unauthenticated":    {status.Error(codes.Unauthenticated, "canary"), "000001", "authentication failed"},
		"permission":         {status.Error(codes.PermissionDenied, "canary"), "000001", "authentication failed"},
		"unimplemented":      {status.Error(codes.Unimplemented, "canary"), "000005", "other internal service error"},
		"anything":           {errors.New("canary"), "000005", "other internal service error"},
	} {
		if code, msg := production.CodeOf(c.err); code != c.code || msg != c.msg {
			t.Errorf("%s: %s %q", name, code, msg)
		}
	}
}
