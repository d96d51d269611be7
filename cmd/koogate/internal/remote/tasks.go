// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Tasks is koogate tasks.
type Tasks struct {
	List   List[koogatev1.ListTasksRequest, browse]     `cmd:"" help:"Show tasks; --filter by state, kind, queue, instance_id and order_id."`
	Get    Get[koogatev1.GetTaskRequest]                `cmd:"" help:"Show a task."`
	Input  Get[koogatev1.GetTaskInputRequest]           `cmd:"" help:"Show what the marketplace told about the buyer; that you looked becomes an event."`
	Retry  tasksRetry                                   `cmd:"" help:"Have a failed task done again, or all that a filter names."`
	Extend Act[koogatev1.ExtendTaskRequest, tasksLater] `cmd:"" help:"Move the end of a task's retries later."`
}

// Help is shown by koogate tasks --help.
func (Tasks) Help() string {
	return `Examples:
  koogate tasks list --filter 'state = "FAILED"'
  koogate tasks retry 0193a1c2-…
  koogate tasks retry --filter 'queue = "crm"' --dry-run --reason 'CRM was down'
  koogate tasks extend 0193a1c2-… --until +6h --reason 'CRM is down until noon'`
}

type tasksLater struct {
	one
	Until string `api:"retry_until_time" required:"" help:"When failures become final: a time, or +2h." placeholder:"TIME"`
	because
}

// tasksRetry is koogate tasks retry.
type tasksRetry struct {
	ID     string `arg:"" optional:"" help:"The task." predictor:"name"`
	Filter string `api:"filter" help:"Instead of one task, all that have failed and are such." placeholder:"FILTER" xor:"which"`
	All    bool   `help:"Instead of one task, all that have failed." xor:"which"`
	forced
	why
	dry
	sure
	show.Form
	contexts.Choice
}

// Help is shown by koogate tasks retry --help.
func (*tasksRetry) Help() string {
	return `With --filter or --all it goes through the failed tasks, the oldest first, and says of each whether it is done again. What is past the
marketplace's deadline is done again with --force only: the order may have been refunded. Exit code 1 when one of them is refused.`
}

// Asks names the rpcs.
func (*tasksRetry) Asks() []protoreflect.FullName {
	return asks(&koogatev1.RetryTaskRequest{}, &koogatev1.BulkRetryTasksRequest{})
}

// Validate is called by kong.
func (c *tasksRetry) Validate() error {
	switch many := c.Filter != "" || c.All; {
	case c.ID == "" && !many:
		return errors.New("which task? An ID, --filter, or --all")
	case c.ID != "" && many:
		return errors.New("an ID names one task: leave --filter and --all out")
	case c.ID != "" && c.DryRun:
		return errors.New("--dry-run goes with --filter or --all")
	case many && c.Reason == "":
		return errors.New("--reason is needed for many tasks")
	}
	return nil
}

// Run implements the command.
func (c *tasksRetry) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		if c.ID != "" {
			return s.act(ctx, env, c.Form, &koogatev1.RetryTaskRequest{TaskId: c.ID, Force: c.Force, Reason: c.Reason}, none{})
		}
		return c.many(ctx, env, s)
	})
}

func (c *tasksRetry) many(ctx context.Context, env *Env, s *service) error {
	if !c.DryRun && !c.Yes {
		if err := env.ask(ctx, "have all failed tasks that are such done again (--dry-run shows them)"); err != nil {
			return err
		}
	}
	request := &koogatev1.BulkRetryTasksRequest{Filter: c.Filter, ValidateOnly: c.DryRun, Force: c.Force, Reason: c.Reason}
	list := show.NewList(env.Out, c.Output, (&koogatev1.TaskRetry{}).ProtoReflect().Descriptor(), env.Clock.Now(), false)
	var retried, refused int
	_, err := s.list(ctx, request, 0, func(m proto.Message) error {
		if m.(*koogatev1.TaskRetry).GetRetried() {
			retried++
		} else {
			refused++
		}
		return list.Add(m)
	}, list.Flush)
	if err == nil {
		err = list.End()
	}
	if c.Table() {
		trial := ""
		if c.DryRun {
			trial = "; it was a trial, nothing was changed"
		}
		fmt.Fprintf(env.Out.Err, "%d done again, %d refused%s\n", retried, refused, trial)
	}
	if err != nil {
		return err
	}
	if refused > 0 {
		return ErrReported
	}
	return nil
}
