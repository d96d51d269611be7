// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"slices"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// defaultRetries is how many tasks a bulk retry goes through that names no number.
const defaultRetries = 100

// ExtendTask implements TaskService.
func (s *tasks) ExtendTask(ctx context.Context, r *koogatev1.ExtendTaskRequest) (*koogatev1.ExtendTaskResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.GetRetryUntilTime().CheckValid(); err != nil {
		return nil, errs.BadField("retry_until_time", "is no time")
	}
	t, err := s.core.ExtendTask(ctx, fulfil.Extension{
		Seller: seller, TaskID: r.GetTaskId(), Until: r.GetRetryUntilTime().AsTime(), Reason: r.GetReason(), Who: callerOf(ctx),
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.ExtendTaskResponse{Task: taskOf(t)}, nil
}

// oldestFirst asks for a page in the order in which tasks are retried.
type oldestFirst struct {
	*koogatev1.BulkRetryTasksRequest
}

// GetOrderBy makes it a list request.
func (oldestFirst) GetOrderBy() string { return "create_time asc" }

// GetPageSize is never that of a list.
func (r oldestFirst) GetPageSize() int32 {
	return int32(pageSize(r.BulkRetryTasksRequest.GetPageSize(), defaultRetries))
}

// BulkRetryTasks implements TaskService. A caller that has gone gets no more tasks retried.
func (s *tasks) BulkRetryTasks(ctx context.Context, r *koogatev1.BulkRetryTasksRequest) (*koogatev1.BulkRetryTasksResponse, error) {
	failed, known := string(store.TaskFailed), namedKinds()
	l := list[store.Task]{
		name:   "tasks:retry",
		fields: fields{"state": {failed}, "kind": known, "queue": nil, "instance_id": nil, "order_id": nil},
		read: func(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
			if !slices.ContainsFunc(q.Filter, func(t store.Term) bool { return t.Field == "state" }) {
				q.Filter = append(q.Filter, store.Term{Field: "state", Value: failed})
			}
			return s.core.Tasks(ctx, q)
		},
		place: func(t store.Task) store.Cursor { return store.Cursor{CreatedAt: t.CreatedAt, ID: t.ID} },
	}
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := l.page(ctx, oldestFirst{r})
	if err != nil {
		return nil, err
	}
	answer := &koogatev1.BulkRetryTasksResponse{NextPageToken: next}
	for _, t := range rows {
		_, err := s.core.RetryTask(ctx, fulfil.Retry{
			Seller: seller, TaskID: t.ID, Force: r.GetForce(), Reason: r.GetReason(), Who: callerOf(ctx), Look: r.GetValidateOnly(),
		})
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		m := &koogatev1.TaskRetry{
			TaskId: t.ID, Kind: taskKind(t.Kind), OrderId: t.OrderID, InstanceId: t.InstanceID, Retried: err == nil,
		}
		if err != nil {
			e := errs.As(err)
			m.ErrorReason = koogatev1.ErrorReason(koogatev1.ErrorReason_value["ERROR_REASON_"+string(e.Reason)])
			m.Message = e.Msg
			answer.RefusedCount++
		} else {
			answer.RetriedCount++
		}
		answer.Results = append(answer.Results, m)
	}
	return answer, nil
}

// Leased is a leased task as LeaseTasks shows it.
func (a *API) Leased(ctx context.Context, t store.Task) *koogatev1.Task {
	return a.tasks.withInput(ctx, t)
}

// CompleteFor is CompleteTask for a provisioner that answers instead of calling; the request was held to its rules. Errors: as CompleteTask.
func (a *API) CompleteFor(ctx context.Context, seller string, r *koogatev1.CompleteTaskRequest) error {
	_, err := a.tasks.complete(ctx, seller, r)
	return err
}

// FailFor is FailTask for a provisioner that answers instead of calling; the request was held to its rules. Errors: as FailTask.
func (a *API) FailFor(ctx context.Context, seller string, r *koogatev1.FailTaskRequest) error {
	_, err := a.tasks.fail(ctx, seller, r)
	return err
}

// GetTaskInput implements TaskService.
func (s *tasks) GetTaskInput(ctx context.Context, r *koogatev1.GetTaskInputRequest) (*koogatev1.GetTaskInputResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	in, err := s.core.ReadInput(ctx, seller, r.GetTaskId(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetTaskInputResponse{Input: inputOf(in)}, nil
}
