// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/types/known/durationpb"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// defaultLease is the length of a lease that names none.
const defaultLease = 60 * time.Second

// tasks serves TaskService.
type tasks struct {
	koogatev1.UnimplementedTaskServiceServer

	core      *fulfil.Service
	work      *work.Service
	told      func(ctx context.Context, t store.Task) (p fulfil.Purchase, in fulfil.Input, ok bool, err error)
	validator protovalidate.Validator
	log       *slog.Logger
	draining  <-chan struct{}
}

// LeaseTasks implements TaskService. While the server drains it hands out nothing more.
func (s *tasks) LeaseTasks(ctx context.Context, r *koogatev1.LeaseTasksRequest) (*koogatev1.LeaseTasksResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.leases(ctx, r.GetQueue()); err != nil {
		return nil, err
	}
	waiting, cancel := s.untilDraining(ctx)
	defer cancel()
	leased, err := s.work.Lease(waiting, work.Ask{
		Seller: seller, Queues: []string{r.GetQueue()}, Worker: r.GetWorkerId(), Max: max(1, int(r.GetMaxTasks())),
		Wait: r.GetWait().AsDuration(), For: leaseLength(r.GetLeaseDuration()),
	})
	if err != nil && !errors.Is(context.Cause(waiting), errDraining) {
		return nil, err
	}
	return &koogatev1.LeaseTasksResponse{Tasks: each(leased, func(t store.Task) *koogatev1.Task { return s.withInput(ctx, t) })}, nil
}

// withInput shows a leased task with what is known of the purchase and the buyer. The worker holds the lease by now. When
// the input cannot be read, the task is delivered without it: most work can be done without the input, and withholding the
// task would only use up the attempt.
func (s *tasks) withInput(ctx context.Context, t store.Task) *koogatev1.Task {
	m := leaseOf(t)
	p, in, ok, err := s.told(ctx, t)
	if m.Purchase = purchaseOf(p); m.Purchase == nil { // a question whose call named no order: programs rely on there being one
		m.Purchase = &koogatev1.Purchase{}
	}
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled): // the worker has left: nobody hears the answer, and the lease ends by itself
	case err != nil:
		s.log.ErrorContext(ctx, "the input of a leased task cannot be read", "task", t.ID, "instance", t.InstanceID, "error", err)
	case ok:
		m.Input = inputOf(in)
	}
	return m
}

var errDraining = errors.New("the server is draining")

// untilDraining is a context that also ends when the server drains.
func (s *tasks) untilDraining(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if s.draining == nil {
		return ctx, func() { cancel(nil) }
	}
	go func() {
		select {
		case <-s.draining:
			cancel(errDraining)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func leaseLength(d *durationpb.Duration) time.Duration {
	if d == nil {
		return defaultLease
	}
	return d.AsDuration()
}

// holder is the seller of a worker that wants to prolong or end a task. A fencing token is a small number that can be guessed,
// so it alone does not keep a worker from the tasks of other queues. Errors: TASK_NOT_FOUND, SCOPE_MISSING.
func (s *tasks) holder(ctx context.Context, taskID string) (seller string, err error) {
	if seller, err = sellerOf(ctx); err != nil {
		return "", err
	}
	t, err := s.core.Task(ctx, seller, taskID)
	if err != nil {
		return "", err
	}
	return seller, s.held(ctx, t.Queue)
}

// HeartbeatTask implements TaskService.
func (s *tasks) HeartbeatTask(ctx context.Context, r *koogatev1.HeartbeatTaskRequest) (*koogatev1.HeartbeatTaskResponse, error) {
	seller, err := s.holder(ctx, r.GetTaskId())
	if err != nil {
		return nil, err
	}
	t, err := s.work.Heartbeat(ctx, seller, r.GetTaskId(), r.GetFencingToken(), leaseLength(r.GetLeaseDuration()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.HeartbeatTaskResponse{Task: leaseOf(t)}, nil
}

// CompleteTask implements TaskService.
func (s *tasks) CompleteTask(ctx context.Context, r *koogatev1.CompleteTaskRequest) (*koogatev1.CompleteTaskResponse, error) {
	seller, err := s.holder(ctx, r.GetTaskId())
	if err != nil {
		return nil, err
	}
	t, err := s.complete(ctx, seller, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CompleteTaskResponse{Task: taskOf(t)}, nil
}

// complete ends a seller's task with its result. Errors: as CompleteTask.
func (s *tasks) complete(ctx context.Context, seller string, r *koogatev1.CompleteTaskRequest) (store.Task, error) {
	c := fulfil.Completion{Seller: seller, TaskID: r.GetTaskId(), Fence: r.GetFencingToken()}
	if a := r.GetAccessInfo(); a != nil {
		if err := s.checkAccess(a); err != nil {
			return store.Task{}, err
		}
		c.Access = &fulfil.Access{
			FrontEndURL: a.GetFrontEndUrl(), AdminURL: a.GetAdminUrl(), UserName: a.GetUserName(), Password: a.GetPassword(),
			Memo: a.GetMemo(),
		}
	}
	if v := r.GetChangeVerdict(); v != nil {
		c.Verdict = &fulfil.Verdict{Allowed: v.GetAllowed(), Message: v.GetMessage()}
	}
	if l := r.GetLicence(); l != nil {
		var err error
		if c.Licence, err = licenceOf(l); err != nil {
			return store.Task{}, err
		}
	}
	if i := r.GetInstance(); i != nil {
		if a := i.GetAccess(); a != nil {
			if err := s.checkAccess(a); err != nil {
				return store.Task{}, err
			}
		}
		c.Known = knownOf(i)
	}
	return s.core.CompleteTask(ctx, c)
}

// knownOf is an instance that a worker knows as the core takes it.
func knownOf(i *koogatev1.KnownInstance) *fulfil.Import {
	a := i.GetAccess()
	row := importOf(&koogatev1.ImportRow{
		OrderId: i.GetOrderId(), OrderLineId: i.GetOrderLineId(), ProductId: i.GetProductId(), ProductInKey: i.GetProductInKey(), SkuCode: i.GetSkuCode(),
		ChargingMode: i.GetChargingMode(), Quantity: i.GetQuantity(), Trial: i.GetTrial(), State: i.GetState(), ExpireTime: i.GetExpireTime(),
		CreateTime: i.GetCreateTime(), CustomerId: i.GetCustomerId(), Licence: i.GetLicence(),
		Access: &koogatev1.InstanceAccess{
			FrontEndUrl: a.GetFrontEndUrl(), AdminUrl: a.GetAdminUrl(), UserName: a.GetUserName(), Password: a.GetPassword(), Memo: a.GetMemo(),
		},
	})
	return &row
}

// checkAccess holds a result to the contract with the marketplace (saas-v2 §5.2), whatever the internal API lets through:
// what is stored here must be showable for the life of the instance. The messages name bounds and never values.
func (s *tasks) checkAccess(a *koogatev1.AccessInfo) error {
	err := s.validator.Validate(&productionv1.AppInfo{
		FrontEndUrl: a.GetFrontEndUrl(), AdminUrl: a.GetAdminUrl(), UserName: a.GetUserName(), Password: a.GetPassword(),
		Memo: a.GetMemo(),
	})
	if err == nil {
		return nil
	}
	e := errs.New(errs.Invalid, errs.ResultInvalid, "access_info breaks the marketplace's bounds")
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	for _, v := range invalid.Violations {
		e.Fields = append(e.Fields, errs.Field{
			Path: "access_info." + protovalidate.FieldPathString(v.Proto.GetField()), Msg: v.Proto.GetMessage(),
		})
	}
	return e
}

// FailTask implements TaskService.
func (s *tasks) FailTask(ctx context.Context, r *koogatev1.FailTaskRequest) (*koogatev1.FailTaskResponse, error) {
	seller, err := s.holder(ctx, r.GetTaskId())
	if err != nil {
		return nil, err
	}
	t, err := s.fail(ctx, seller, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.FailTaskResponse{Task: taskOf(t)}, nil
}

// fail gives a seller's task back. Errors: as FailTask.
func (s *tasks) fail(ctx context.Context, seller string, r *koogatev1.FailTaskRequest) (store.Task, error) {
	return s.core.FailTask(ctx, fulfil.Failure{
		Seller: seller, TaskID: r.GetTaskId(), Fence: r.GetFencingToken(), Permanent: r.GetPermanent(),
		Code: failureCode(r.GetCode()), Message: r.GetMessage(), Customer: r.GetCustomerMessage(), RetryAfter: r.GetRetryAfter().AsDuration(),
	})
}

// RetryTask implements TaskService.
func (s *tasks) RetryTask(ctx context.Context, r *koogatev1.RetryTaskRequest) (*koogatev1.RetryTaskResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.core.RetryTask(ctx, fulfil.Retry{Seller: seller, TaskID: r.GetTaskId(), Force: r.GetForce(), Reason: r.GetReason(), Who: callerOf(ctx)})
	if err != nil {
		return nil, err
	}
	return &koogatev1.RetryTaskResponse{Task: taskOf(t)}, nil
}

// GetTask implements TaskService.
func (s *tasks) GetTask(ctx context.Context, r *koogatev1.GetTaskRequest) (*koogatev1.GetTaskResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.core.Task(ctx, seller, r.GetTaskId())
	if err != nil {
		return nil, err
	}
	m := taskOf(t)
	p, _, _, err := s.told(ctx, t)
	if err != nil && errs.As(err).Reason != errs.InternalFault { // the buyer is not shown here, so it does not matter when it cannot be unsealed
		return nil, err
	}
	m.Purchase = purchaseOf(p)
	return &koogatev1.GetTaskResponse{Task: m}, nil
}

// ListTasks implements TaskService.
func (s *tasks) ListTasks(ctx context.Context, r *koogatev1.ListTasksRequest) (*koogatev1.ListTasksResponse, error) {
	l := list[store.Task]{
		name: "tasks",
		fields: fields{
			"state": stored(koogatev1.TaskState(0), prefixTaskState), "kind": namedKinds(),
			"queue": nil, "instance_id": nil, "order_id": nil,
		},
		read:  s.core.Tasks,
		place: func(t store.Task) store.Cursor { return store.Cursor{CreatedAt: t.CreatedAt, ID: t.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListTasksResponse{Tasks: each(rows, taskOf), NextPageToken: next}, nil
}
