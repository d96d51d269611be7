// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Webhooks is koogate webhooks.
type Webhooks struct {
	List         List[koogatev1.ListWebhooksRequest, browse]                                           `cmd:"" help:"Show webhooks; --filter by state."`
	Get          Get[koogatev1.GetWebhookRequest]                                                      `cmd:"" help:"Show a webhook."`
	Create       Create[koogatev1.CreateWebhookRequest, newWebhook]                                    `cmd:"" help:"Add a webhook; its secret is shown this once."`
	Update       Update[koogatev1.UpdateWebhookRequest, koogatev1.GetWebhookRequest, namedWithAReason] `cmd:"" help:"Change a webhook, or enable it again."`
	Delete       Act[koogatev1.DeleteWebhookRequest, gone]                                             `cmd:"" help:"Delete a webhook."`
	AddSecret    Act[koogatev1.AddWebhookSecretRequest, changed]                                       `cmd:"" help:"Give a webhook a second secret, which is shown this once."`
	RetireSecret Act[koogatev1.RetireWebhookSecretRequest, endedSecret]                                `cmd:"" help:"End a secret for good."`
	Test         Act[koogatev1.TestWebhookRequest, ping]                                               `cmd:"" help:"Send a test message; exit code 1 when it is not taken."`
	Resend       webhooksResend                                                                        `cmd:"" help:"Deliver anew what was delivered since a time, successes too."`
}

// Help is shown by koogate webhooks --help.
func (Webhooks) Help() string {
	return `Examples:
  koogate webhooks create --set name=crm --set url=https://crm.example.com/events > crm-secret
  koogate webhooks test 0193a1c2-…
  koogate webhooks update 0193a1c2-… --set state=enabled --reason 'it works again'
  koogate webhooks resend 0193a1c2-… --since 6h --dry-run`
}

type newWebhook struct {
	FromBeginning bool `api:"from_beginning" help:"Tell it of all events that there were."`
	why
}

type ping struct{ one }

func (ping) judge(answer proto.Message) error {
	if answer.(*koogatev1.TestWebhookResponse).GetFault() != koogatev1.DeliveryFault_DELIVERY_FAULT_UNSPECIFIED {
		return ErrReported
	}
	return nil
}

// webhooksResend is koogate webhooks resend.
type webhooksResend struct {
	one
	Since string `required:"" help:"Deliveries that were made at this time or later; 6h is six hours ago." placeholder:"TIME"`
	why
	dry
	sure
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*webhooksResend) Asks() []protoreflect.FullName { return asks(&koogatev1.ResendSinceRequest{}) }

// Run implements the command. It goes on with the next thousand until none is left.
func (c *webhooksResend) Run(ctx context.Context, env *Env) error {
	since, err := env.ago(c.Since)
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	return with(c.Choice, env, c.Output, func(s *service) error {
		if !c.DryRun && !c.Yes {
			if err := env.ask(ctx, fmt.Sprintf("deliver to webhook %s anew what was delivered since %s (--dry-run counts it)", c.ID, since.Format("2006-01-02T15:04:05Z07:00"))); err != nil {
				return err
			}
		}
		sum := &koogatev1.ResendSinceResponse{}
		request := &koogatev1.ResendSinceRequest{WebhookId: c.ID, SinceTime: timestamppb.New(since), ValidateOnly: c.DryRun, Reason: c.Reason}
		for {
			answer, err := s.patient(ctx, request)
			if err != nil {
				if sum.Count > 0 {
					fmt.Fprintf(env.Out.Err, "%d are delivered anew; the others are not\n", sum.Count)
				}
				return err
			}
			some := answer.(*koogatev1.ResendSinceResponse)
			sum.Count += some.GetCount()
			if request.PageToken = some.GetNextPageToken(); request.PageToken == "" {
				break
			}
		}
		if c.Table() && c.DryRun {
			fmt.Fprintln(env.Out.Err, "it would be done; nothing was changed")
		}
		if c.Table() {
			_, err := fmt.Fprintf(env.Out.Out, "count  %d\n", sum.Count)
			return err
		}
		return show.One(env.Out, c.Output, sum, env.Clock.Now())
	})
}

// Deliveries is koogate deliveries.
type Deliveries struct {
	List   List[koogatev1.ListDeliveriesRequest, browse]          `cmd:"" help:"Show what was delivered to webhooks and what was not; --filter by webhook_id, order_id and state."`
	Get    Get[koogatev1.GetDeliveryRequest]                      `cmd:"" help:"Show a delivery."`
	Resend Act[koogatev1.ResendDeliveryRequest, namedWithAReason] `cmd:"" help:"Deliver an event anew, or at once."`
}

// Help is shown by koogate deliveries --help.
func (Deliveries) Help() string {
	return `Example:
  koogate deliveries list --filter 'state = "GIVEN_UP"'`
}
