// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
)

// FromWebhook makes the row of a webhook.
func FromWebhook(w *store.Webhook) WebhookInsertParams {
	filter := make([][2]string, len(w.Filter))
	for i, t := range w.Filter {
		filter[i] = [2]string{t.Field, t.Value}
	}
	text, err := json.Marshal(filter)
	if err != nil {
		panic(fmt.Sprintf("filter of a webhook: %v", err)) // strings can be marshalled
	}
	r := WebhookInsertParams{
		Seller: w.Seller, WebhookID: w.ID, Name: w.Name, Url: w.URL, Filter: string(text), State: string(w.State), Reason: string(w.Reason),
		StateAt: Micros(w.StateAt), FeedNumber: w.At.Number, FeedOrder: w.At.OrderID, FeedSeq: w.At.Seq, Backlog: w.Backlog, Failures: w.Failures,
		FailingSince: Micros(w.FailingSince), DeliveredAt: Micros(w.DeliveredAt), Version: w.Version, CreatedAt: Micros(w.CreatedAt),
		UpdatedAt: Micros(w.UpdatedAt),
	}
	if len(w.Secrets) > 0 {
		r.SecretID, r.SecretAt, r.Secret = w.Secrets[0].ID, Micros(w.Secrets[0].CreatedAt), w.Secrets[0].Sealed
	}
	if len(w.Secrets) > 1 {
		r.OlderID, r.OlderAt, r.OlderSecret = w.Secrets[1].ID, Micros(w.Secrets[1].CreatedAt), w.Secrets[1].Sealed
	}
	return r
}

// WebhookUpdate makes what replaces a webhook.
func WebhookUpdate(r WebhookInsertParams) WebhookUpdateParams {
	return WebhookUpdateParams{
		Name: r.Name, Url: r.Url, Filter: r.Filter, State: r.State, Reason: r.Reason, StateAt: r.StateAt, SecretID: r.SecretID, SecretAt: r.SecretAt,
		Secret: r.Secret, OlderID: r.OlderID, OlderAt: r.OlderAt, OlderSecret: r.OlderSecret, FeedNumber: r.FeedNumber, FeedOrder: r.FeedOrder,
		FeedSeq: r.FeedSeq, Backlog: r.Backlog, Failures: r.Failures, FailingSince: r.FailingSince, DeliveredAt: r.DeliveredAt, Version: r.Version,
		UpdatedAt: r.UpdatedAt, Seller: r.Seller, WebhookID: r.WebhookID,
	}
}

// ToWebhook makes a webhook of its row.
func ToWebhook(r Webhook) store.Webhook {
	w := store.Webhook{
		Seller: r.Seller, ID: r.WebhookID, Name: r.Name, URL: r.Url, State: store.WebhookState(r.State), Reason: store.WebhookReason(r.Reason),
		StateAt: Time(r.StateAt), At: store.FeedPlace{Number: r.FeedNumber, OrderID: r.FeedOrder, Seq: r.FeedSeq}, Backlog: r.Backlog,
		Failures: r.Failures, FailingSince: Time(r.FailingSince), DeliveredAt: Time(r.DeliveredAt), Version: r.Version, CreatedAt: Time(r.CreatedAt),
		UpdatedAt: Time(r.UpdatedAt), Secrets: []store.WebhookSecret{{ID: r.SecretID, Sealed: r.Secret, CreatedAt: Time(r.SecretAt)}},
	}
	if r.OlderID != "" {
		w.Secrets = append(w.Secrets, store.WebhookSecret{ID: r.OlderID, Sealed: r.OlderSecret, CreatedAt: Time(r.OlderAt)})
	}
	var filter [][2]string
	if err := json.Unmarshal([]byte(r.Filter), &filter); err != nil {
		filter = [][2]string{{"kind", "unreadable"}} // which no event has: rather nothing than everything
	}
	for _, t := range filter {
		w.Filter = append(w.Filter, store.Term{Field: t[0], Value: t[1]})
	}
	return w
}

// DeliveryInsert makes the row of a new delivery.
func DeliveryInsert(d *store.Delivery) DeliveryInsertParams {
	return DeliveryInsertParams{
		Seller: d.Seller, ID: d.ID, CreatedAt: Micros(d.CreatedAt), WebhookID: d.WebhookID, OrderID: d.OrderID, Seq: d.Seq, Kind: d.Kind,
		InstanceID: d.InstanceID, EventAt: Micros(d.EventAt),
	}
}

// DeliveryUpdate makes what replaces what changes of a delivery.
func DeliveryUpdate(d *store.Delivery) DeliveryUpdateParams {
	return DeliveryUpdateParams{
		State: string(d.State), Reason: d.Reason, DueAt: Micros(d.DueAt), Fence: d.Fence, Attempts: d.Attempts, FirstAt: Micros(d.FirstAt),
		LastAt: Micros(d.LastAt), HttpStatus: int64(d.Status), AnswerSize: d.Size, Took: d.Took.Microseconds(), Resends: d.Resends,
		UpdatedAt: Micros(d.UpdatedAt), Seller: d.Seller, CreatedAt: Micros(d.CreatedAt), ID: d.ID,
	}
}

// ToDelivery makes a delivery of its row.
func ToDelivery(r WebhookDelivery) store.Delivery {
	return store.Delivery{
		Seller: r.Seller, ID: r.ID, CreatedAt: Time(r.CreatedAt), WebhookID: r.WebhookID, OrderID: r.OrderID, Seq: r.Seq, Kind: r.Kind,
		InstanceID: r.InstanceID, EventAt: Time(r.EventAt), State: store.DeliveryState(r.State), Reason: r.Reason, DueAt: Time(r.DueAt), Fence: r.Fence,
		Attempts: r.Attempts, FirstAt: Time(r.FirstAt), LastAt: Time(r.LastAt), Status: int(r.HttpStatus), Size: r.AnswerSize,
		Took: time.Duration(r.Took) * time.Microsecond, Resends: r.Resends, UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToDues makes the times by webhook.
func ToDues(rows []WebhookDuesRow) map[string]store.DeliveryDue {
	dues := make(map[string]store.DeliveryDue, len(rows))
	for _, r := range rows {
		dues[r.WebhookID] = store.DeliveryDue{First: Time(r.ReadyAt), Again: Time(r.RetryAt)}
	}
	return dues
}

// WebhookMove makes what moves a webhook on in the feed.
func WebhookMove(r store.FeedRead) WebhookMoveParams {
	return WebhookMoveParams{
		FeedNumber: r.To.Number, FeedOrder: r.To.OrderID, FeedSeq: r.To.Seq, More: int64(len(r.Deliveries)), Seller: r.Seller, WebhookID: r.WebhookID,
		FromNumber: r.From.Number, FromOrder: r.From.OrderID, FromSeq: r.From.Seq,
	}
}
