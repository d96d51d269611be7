// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store"
)

// Webhooks are the targets of events; see [webhook.Service].
type Webhooks interface {
	List(ctx context.Context, q store.ListQuery) ([]store.Webhook, error)
	Get(ctx context.Context, seller, id string) (store.Webhook, error)
	Create(ctx context.Context, seller string, t webhook.Target, fromBeginning bool) (store.Webhook, string, error)
	Change(ctx context.Context, seller, id, etag string, apply func(*webhook.Target)) (store.Webhook, error)
	Delete(ctx context.Context, seller, id, etag string) error
	AddSecret(ctx context.Context, seller, id, etag string) (store.Webhook, string, error)
	RetireSecret(ctx context.Context, seller, id, secretID, etag string) (store.Webhook, error)
	Ping(ctx context.Context, seller, id string) (webhook.Pinged, error)
	Delivery(ctx context.Context, seller, id string) (store.Delivery, error)
	Deliveries(ctx context.Context, q store.ListQuery) ([]store.Delivery, error)
	Resend(ctx context.Context, seller, id string) (store.Delivery, error)
	ResendSince(ctx context.Context, seller, id string, since time.Time, after *store.Cursor, dry bool) (store.Resent, error)
}

// EventJSON is an event as WatchEvents shows it over REST. Blanks in it may differ from one build to another.
func EventJSON(e store.Event) ([]byte, error) {
	return asREST(fedEvent(store.FeedEvent{Event: e}))
}

// asREST is a message as JSON in the form of REST. Blanks in it may differ from one build to another.
func asREST(m proto.Message) ([]byte, error) {
	return protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(m)
}

// webhooks serves WebhookService.
type webhooks struct {
	koogatev1.UnimplementedWebhookServiceServer

	hooks Webhooks
}

// ListWebhooks implements WebhookService.
func (s *webhooks) ListWebhooks(ctx context.Context, r *koogatev1.ListWebhooksRequest) (*koogatev1.ListWebhooksResponse, error) {
	l := list[store.Webhook]{
		name: "webhooks", fields: fields{"state": stored(koogatev1.WebhookState(0), prefixWebhookState)}, read: s.hooks.List,
		place: webhook.Place,
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListWebhooksResponse{Webhooks: each(rows, webhookOf), NextPageToken: next}, nil
}

// GetWebhook implements WebhookService.
func (s *webhooks) GetWebhook(ctx context.Context, r *koogatev1.GetWebhookRequest) (*koogatev1.GetWebhookResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.hooks.Get(ctx, seller, r.GetWebhookId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetWebhookResponse{Webhook: webhookOf(w)}, nil
}

// CreateWebhook implements WebhookService.
func (s *webhooks) CreateWebhook(ctx context.Context, r *koogatev1.CreateWebhookRequest) (*koogatev1.CreateWebhookResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	t := webhook.Target{Name: r.GetWebhook().GetName(), URL: r.GetWebhook().GetUrl(), State: webhookStored(r.GetWebhook().GetState())}
	if t.Filter, err = parseFilter(r.GetWebhook().GetFilter(), eventFields()); err != nil {
		return nil, err
	}
	w, secret, err := s.hooks.Create(ctx, seller, t, r.GetFromBeginning())
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateWebhookResponse{Webhook: webhookOf(w), Secret: secret}, nil
}

// UpdateWebhook implements WebhookService.
func (s *webhooks) UpdateWebhook(ctx context.Context, r *koogatev1.UpdateWebhookRequest) (*koogatev1.UpdateWebhookResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	names, err := webhookFields(r.GetUpdateMask().GetPaths(), r.GetWebhook())
	if err != nil {
		return nil, err
	}
	filter, err := parseFilter(r.GetWebhook().GetFilter(), eventFields())
	if err != nil {
		return nil, err
	}
	w, err := s.hooks.Change(ctx, seller, r.GetWebhookId(), r.GetEtag(), func(t *webhook.Target) {
		for _, n := range names {
			switch n {
			case "name":
				t.Name = r.GetWebhook().GetName()
			case "url":
				t.URL = r.GetWebhook().GetUrl()
			case "filter":
				t.Filter = filter
			case "state":
				t.State = webhookStored(r.GetWebhook().GetState())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateWebhookResponse{Webhook: webhookOf(w)}, nil
}

// webhookFields are the fields that change. Errors: INVALID_FIELD.
func webhookFields(mask []string, w *koogatev1.Webhook) ([]string, error) {
	field := func(name string, given bool) form.Field { return form.Field{Path: name, Name: name, Given: given} }
	names, known := form.Changed(mask,
		field("name", w.GetName() != ""), field("url", w.GetUrl() != ""), field("filter", w.GetFilter() != ""), field("state", w.GetState() != 0))
	switch {
	case !known:
		return nil, errs.BadField("update_mask", "names a field that cannot be changed: it takes name, url, filter and state")
	case len(names) == 0:
		return nil, errs.BadField("webhook", "names nothing to change: it takes name, url, filter and state")
	case slices.Contains(names, "state") && w.GetState() == 0:
		return nil, errs.BadField("webhook.state", "must be ENABLED or DISABLED")
	}
	return names, nil
}

// DeleteWebhook implements WebhookService.
func (s *webhooks) DeleteWebhook(ctx context.Context, r *koogatev1.DeleteWebhookRequest) (*koogatev1.DeleteWebhookResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.hooks.Delete(ctx, seller, r.GetWebhookId(), r.GetEtag()); err != nil {
		return nil, err
	}
	return &koogatev1.DeleteWebhookResponse{}, nil
}

// AddWebhookSecret implements WebhookService.
func (s *webhooks) AddWebhookSecret(ctx context.Context, r *koogatev1.AddWebhookSecretRequest) (*koogatev1.AddWebhookSecretResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	w, secret, err := s.hooks.AddSecret(ctx, seller, r.GetWebhookId(), r.GetEtag())
	if err != nil {
		return nil, err
	}
	return &koogatev1.AddWebhookSecretResponse{Webhook: webhookOf(w), Secret: secret}, nil
}

// RetireWebhookSecret implements WebhookService.
func (s *webhooks) RetireWebhookSecret(ctx context.Context, r *koogatev1.RetireWebhookSecretRequest) (*koogatev1.RetireWebhookSecretResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.hooks.RetireSecret(ctx, seller, r.GetWebhookId(), r.GetSecretId(), r.GetEtag())
	if err != nil {
		return nil, err
	}
	return &koogatev1.RetireWebhookSecretResponse{Webhook: webhookOf(w)}, nil
}

// TestWebhook implements WebhookService.
func (s *webhooks) TestWebhook(ctx context.Context, r *koogatev1.TestWebhookRequest) (*koogatev1.TestWebhookResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.hooks.Ping(ctx, seller, r.GetWebhookId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.TestWebhookResponse{
		MessageId: p.MessageID, Fault: deliveryFault(string(p.Fault)), HttpStatus: int32(p.Status), Took: durationpb.New(p.Took),
	}, nil
}

// ResendSince implements WebhookService.
func (s *webhooks) ResendSince(ctx context.Context, r *koogatev1.ResendSinceRequest) (*koogatev1.ResendSinceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	since := timeOf(r.GetSinceTime())
	bound := pagetoken.Bind("resend", seller, r.GetWebhookId(), since.UTC().Format(time.RFC3339Nano))
	after, err := pagetoken.Decode(bound, r.GetPageToken())
	if err != nil {
		return nil, err
	}
	n, err := s.hooks.ResendSince(ctx, seller, r.GetWebhookId(), since, after, r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ResendSinceResponse{Count: int32(n.Count)}
	if n.Last != nil {
		resp.NextPageToken = pagetoken.Encode(bound, *n.Last)
	}
	return resp, nil
}

// ListDeliveries implements WebhookService.
func (s *webhooks) ListDeliveries(ctx context.Context, r *koogatev1.ListDeliveriesRequest) (*koogatev1.ListDeliveriesResponse, error) {
	l := list[store.Delivery]{
		name:   "deliveries",
		fields: fields{"webhook_id": nil, "order_id": nil, "state": stored(koogatev1.DeliveryState(0), prefixDeliveryState)}, read: s.hooks.Deliveries,
		place: func(d store.Delivery) store.Cursor { return store.Cursor{CreatedAt: d.CreatedAt, ID: d.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListDeliveriesResponse{Deliveries: each(rows, deliveryOf), NextPageToken: next}, nil
}

// GetDelivery implements WebhookService.
func (s *webhooks) GetDelivery(ctx context.Context, r *koogatev1.GetDeliveryRequest) (*koogatev1.GetDeliveryResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.hooks.Delivery(ctx, seller, r.GetDeliveryId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetDeliveryResponse{Delivery: deliveryOf(d)}, nil
}

// ResendDelivery implements WebhookService.
func (s *webhooks) ResendDelivery(ctx context.Context, r *koogatev1.ResendDeliveryRequest) (*koogatev1.ResendDeliveryResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.hooks.Resend(ctx, seller, r.GetDeliveryId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ResendDeliveryResponse{Delivery: deliveryOf(d)}, nil
}

func webhookOf(w store.Webhook) *koogatev1.Webhook {
	return &koogatev1.Webhook{
		WebhookId: w.ID, Seller: w.Seller, Name: w.Name, Url: w.URL, Filter: filterText(w.Filter), State: webhookState(w.State), Reason: webhookReason(w.Reason),
		StateTime: timestamp(w.StateAt),
		Secrets: each(w.Secrets, func(x store.WebhookSecret) *koogatev1.WebhookSecret {
			return &koogatev1.WebhookSecret{SecretId: x.ID, CreateTime: timestamp(x.CreatedAt)}
		}),
		Backlog: w.Backlog, Failures: w.Failures, FailingSinceTime: timestamp(w.FailingSince), DeliverTime: timestamp(w.DeliveredAt),
		CreateTime: timestamp(w.CreatedAt), UpdateTime: timestamp(w.UpdatedAt), Etag: webhook.Etag(&w),
	}
}

// filterText writes terms as parseFilter reads them.
func filterText(terms []store.Term) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.Field + ` = "` + quote.Replace(t.Value) + `"`
	}
	return strings.Join(parts, " AND ")
}

func deliveryOf(d store.Delivery) *koogatev1.Delivery {
	out := &koogatev1.Delivery{
		DeliveryId: d.ID, WebhookId: d.WebhookID, MessageId: webhook.MessageID(d.Seller, d.OrderID, d.Seq), OrderId: d.OrderID, Seq: d.Seq, Kind: d.Kind,
		InstanceId: d.InstanceID, EventTime: timestamp(d.EventAt), State: deliveryState(d.State), Fault: deliveryFault(d.Reason), HttpStatus: int32(d.Status),
		AnswerSize: d.Size, Took: durationpb.New(d.Took), Attempts: d.Attempts, Resends: d.Resends, LastAttemptTime: timestamp(d.LastAt),
		CreateTime: timestamp(d.CreatedAt),
	}
	if d.State.Open() && d.State != store.DeliveryWaiting {
		out.DueTime = timestamp(d.DueAt)
	}
	return out
}

func webhookState(s store.WebhookState) koogatev1.WebhookState {
	return koogatev1.WebhookState(koogatev1.WebhookState_value[prefixWebhookState+string(s)])
}

// webhookStored is empty for the unspecified state.
func webhookStored(s koogatev1.WebhookState) store.WebhookState {
	if s == koogatev1.WebhookState_WEBHOOK_STATE_UNSPECIFIED {
		return ""
	}
	return store.WebhookState(strings.TrimPrefix(s.String(), prefixWebhookState))
}

func webhookReason(r store.WebhookReason) koogatev1.WebhookReason {
	return koogatev1.WebhookReason(koogatev1.WebhookReason_value[prefixWebhookReason+string(r)])
}

func deliveryState(s store.DeliveryState) koogatev1.DeliveryState {
	return koogatev1.DeliveryState(koogatev1.DeliveryState_value[prefixDeliveryState+string(s)])
}

func deliveryFault(f string) koogatev1.DeliveryFault {
	return koogatev1.DeliveryFault(koogatev1.DeliveryFault_value[prefixDeliveryFault+f])
}
