// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// over says whether Koogate has taken what a webhook has answered, which only Koogate knows. A worker's report was taken when it had ended.
func (k *kit) over(ctx context.Context, x seen) bool {
	if k.webhook == nil {
		return true
	}
	resp, err := k.tasks.GetTask(ctx, &koogatev1.GetTaskRequest{TaskId: x.task.GetTaskId()})
	state := resp.GetTask().GetState()
	return err == nil && (state == koogatev1.TaskState_TASK_STATE_DONE || state == koogatev1.TaskState_TASK_STATE_FAILED)
}

// errAway says that a webhook was not reached.
var errAway = errors.New("nobody answers at the address of --webhook: does your program listen there?")

// unfinished judges a purchase that a webhook has not finished after so many calls. Errors: it was never reached.
func (k *kit) unfinished(calls int) error {
	silent, status := k.webhook.silent()
	if silent {
		return fmt.Errorf("%w; waited %s", errAway, k.patience)
	}
	k.judge(finishes, rule.Broken("%s 之后仍未完成，已调用 %d 次；最近一次不成功的应答为 HTTP %d", "it is not finished after %s; it was called %d times, and the last answer that was no success was HTTP %d (0 for none)", k.patience, calls, status))
	return nil
}

// unheard loses the first answer of a webhook, which so is called again. What it reports by the API arrives, and the answer to that is lost.
func (k *kit) unheard(ctx context.Context) error {
	var first sync.Once
	order, err := k.place(ctx, sold, plan{report: func(x *grant, heard func() error) error {
		lost := false
		first.Do(func() { lost = true })
		if lost && !x.byAPI() {
			return errGone
		}
		if err := heard(); err != nil || !lost {
			return err
		}
		return status.Error(codes.Unavailable, "the answer was lost")
	}})
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	if err != nil {
		return err
	}
	if !ok {
		k.judge(once, rule.Broken("应答丢失后，再次到达的任务 %s 内未完成", "the task that came again after a lost answer is not finished within %s", k.patience))
		return nil
	}
	return k.one(ctx, once, all[0].task.GetInstanceId())
}

// inTime judges how long a webhook's answers took.
func (k *kit) inTime() {
	for _, x := range k.gate.all() {
		if x.lapsed {
			k.judge(beats, rule.Broken("一次应答用了 %s，Koogate 只等待 %s", "an answer took %s, and Koogate waits %s", x.took.Round(time.Millisecond), k.webhook.limit))
			return
		}
	}
	k.judge(beats, rule.Holds())
}
