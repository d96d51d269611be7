// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Calls is koogate calls.
type Calls struct {
	List     List[koogatev1.ListCallsRequest, browse]    `cmd:"" help:"Show the marketplace's calls and those to it; --filter by order_id, instance_id, result_code, verdict, activity, direction and comparison."`
	Get      Get[koogatev1.GetCallRequest]               `cmd:"" help:"Show a call."`
	Body     callsBody                                   `cmd:"" help:"Show what was said in a call and answered, without what is secret or personal."`
	Replay   Act[koogatev1.ReplayCallRequest, letIn]     `cmd:"" help:"Let a call in again, or make one to the marketplace again; exit code 1 when its result is a failure."`
	Refusals List[koogatev1.ListRefusalsRequest, browse] `cmd:"" help:"Count the refused calls by hour, endpoint and cause; --filter by endpoint."`
}

// Help is shown by koogate calls --help.
func (Calls) Help() string {
	return `Examples:
  koogate calls list --filter 'order_id = "CS2026112900000001"'
  koogate calls body 0193a1c2-…
  koogate calls replay 0193a1c2-… --reason 'CRM works again' --dry-run
  koogate calls refusals -o wide`
}

type letIn struct {
	one
	because
	dry
	forced
}

func (letIn) judge(answer proto.Message) error {
	if answer.(*koogatev1.ReplayCallResponse).GetFailed() {
		return ErrReported
	}
	return nil
}

// callsBody is koogate calls body.
type callsBody struct {
	one
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*callsBody) Asks() []protoreflect.FullName { return asks(&koogatev1.GetCallBodyRequest{}) }

// Run implements the command.
func (c *callsBody) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		answer, err := call[*koogatev1.GetCallBodyResponse](ctx, s, &koogatev1.GetCallBodyRequest{CallId: c.ID})
		if err != nil {
			return err
		}
		if !c.Table() {
			return show.One(env.Out, c.Output, answer, env.Clock.Now())
		}
		_, err = fmt.Fprintf(env.Out.Out, "request\n%s\n\nanswer\n%s\n", indented(answer.GetRequest()), indented(answer.GetAnswer()))
		return err
	})
}

// indented is JSON on several lines, and any other text as it is.
func indented(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}
