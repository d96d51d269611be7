// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"context"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/rest"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// targets are the webhook provisioners of a snapshot.
func targets(c *seller.Snapshot) ([]handover.Target, error) {
	var list []handover.Target
	for i := range c.Provisioners {
		p := &c.Provisioners[i]
		if p.Type != seller.ProvisionerWebhook {
			continue
		}
		t := handover.Target{
			Name: p.Name, Seller: p.Seller, URL: p.Webhook.URL, Timeout: cmp.Or(p.Webhook.Timeout, seller.HookTimeout),
			AskAgain: cmp.Or(p.Webhook.AskAgain, seller.HookAskAgain),
		}
		for _, secret := range p.Webhook.Secrets {
			if key, err := outbound.Key(secret.Reveal()); err == nil {
				t.Keys = append(t.Keys, key)
			}
		}
		list = append(list, t)
	}
	return list, nil
}

// handedTasks are tasks and their results in the form that workers over REST know, held to the same rules.
type handedTasks struct {
	api   *v1.API
	valid protovalidate.Validator
}

// Show implements handover.Tasks.
func (h handedTasks) Show(ctx context.Context, t store.Task) ([]byte, error) {
	return rest.Show(h.api.Leased(ctx, t))
}

// Complete implements handover.Tasks.
func (h handedTasks) Complete(ctx context.Context, t store.Task, answer []byte) error {
	r := &koogatev1.CompleteTaskRequest{}
	if err := rest.Read(answer, r); err != nil {
		return err
	}
	if id, token := r.GetTaskId(), r.GetFencingToken(); id != "" && id != t.ID || token != 0 && token != t.Fence {
		return errs.New(errs.Invalid, errs.ResultInvalid, "the answer names another task, or another lease of it")
	}
	r.TaskId, r.FencingToken = t.ID, t.Fence
	if err := interceptor.Check(h.valid, r); err != nil {
		return err
	}
	return h.api.CompleteFor(ctx, t.Seller, r)
}

// Refuse implements handover.Tasks. An answer that breaks a rule of FailTask is not a reason to ask again: what is valid of it counts.
func (h handedTasks) Refuse(ctx context.Context, t store.Task, why string, answer []byte) error {
	r := &koogatev1.FailTaskRequest{}
	if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, r) != nil {
		r = &koogatev1.FailTaskRequest{}
	}
	said := &koogatev1.FailTaskRequest{TaskId: t.ID, FencingToken: t.Fence, Permanent: true, Message: why}
	for _, put := range []func(*koogatev1.FailTaskRequest){
		func(x *koogatev1.FailTaskRequest) { x.Code = r.GetCode() },
		func(x *koogatev1.FailTaskRequest) { x.CustomerMessage = r.GetCustomerMessage() },
		func(x *koogatev1.FailTaskRequest) {
			if text := strings.TrimSpace(r.GetMessage()); text != "" {
				x.Message = cutMessage(why + ": " + text)
			}
		},
	} {
		with := &koogatev1.FailTaskRequest{
			TaskId: said.GetTaskId(), FencingToken: said.GetFencingToken(), Permanent: true, Code: said.GetCode(), Message: said.GetMessage(), CustomerMessage: said.GetCustomerMessage(),
		}
		if put(with); interceptor.Check(h.valid, with) == nil {
			said = with
		}
	}
	return h.api.FailFor(ctx, t.Seller, said)
}

// Return implements handover.Tasks.
func (h handedTasks) Return(ctx context.Context, t store.Task, why string, pause time.Duration) error {
	r := &koogatev1.FailTaskRequest{TaskId: t.ID, FencingToken: t.Fence, Message: cutMessage(why)}
	if pause > 0 {
		r.RetryAfter = durationpb.New(pause)
	}
	return h.api.FailFor(ctx, t.Seller, r)
}

// cutMessage cuts a message for operators to what FailTask takes.
func cutMessage(text string) string {
	const most = 1024 // characters
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
