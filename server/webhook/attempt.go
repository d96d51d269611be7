// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// attempt makes one attempt at a leased delivery and writes what came of it. When that cannot be written, or the event cannot be read, the
// lease ends and the delivery is attempted again.
func (s *Service) attempt(ctx context.Context, w *store.Webhook, d store.Delivery) {
	ctx, span := telemetry.StartLinked(ctx, s.Tracer, "webhook deliver", d.Seller, d.OrderID,
		telemetry.Seller(d.Seller), telemetry.OrderID(d.OrderID), telemetry.InstanceID(d.InstanceID), telemetry.Webhook(d.WebhookID),
		telemetry.Delivery(d.ID), telemetry.Attempt(int(d.Attempts)+1))
	defer span.End()
	a, err := s.deliver(ctx, w, d)
	if err != nil {
		telemetry.Fail(span, "not read")
		s.Log.WarnContext(ctx, "an event was not read for its webhook; it is attempted again", "seller", d.Seller, "webhook_id", d.WebhookID, "error", err)
		return
	}
	write, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	now := s.now()
	was := w.State
	next, ended, err := s.Store.EndAttempt(write, d, func(w *store.Webhook, d *store.Delivery) {
		was = w.State
		judge(w, d, a, now)
	})
	s.Metrics.WebhookAttempt(outcome(a), a.took)
	telemetry.Set(span, telemetry.Outcome(outcome(a)), telemetry.HTTPStatus(a.Status), telemetry.State(string(ended.State)))
	if a.Fault != "" {
		telemetry.Fail(span, string(a.Fault))
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrFenced): // the webhook is gone, or another attempt counts
	case err != nil:
		s.Log.WarnContext(ctx, "the outcome of a webhook's delivery was not recorded; it is attempted again", "seller", d.Seller, "webhook_id", d.WebhookID, "error", err)
	case was == store.WebhookEnabled && next.State == store.WebhookDisabled:
		s.Log.ErrorContext(ctx, "a webhook is disabled: repair its server, enable the webhook, and what was not delivered is",
			"seller", next.Seller, "webhook_id", next.ID, "name", next.Name, "reason", string(next.Reason), "failures", next.Failures)
	case ended.State == store.DeliveryGivenUp:
		s.Log.WarnContext(ctx, "an event was not delivered to a webhook and is given up; the events behind it go on",
			"seller", d.Seller, "webhook_id", d.WebhookID, "delivery_id", d.ID, "order_id", d.OrderID, "reason", ended.Reason)
	}
}

func outcome(a Answer) string {
	if a.Fault == "" {
		return "DELIVERED"
	}
	return string(a.Fault)
}

// deliver reads a delivery's event and sends it. An error says that the store did not answer, and nothing was sent.
func (s *Service) deliver(ctx context.Context, w *store.Webhook, d store.Delivery) (Answer, error) {
	read, cancel := context.WithTimeout(ctx, writeLimit)
	events, err := s.Store.Events(read, d.Seller, d.OrderID, d.Seq-1, 1)
	cancel()
	if err != nil {
		return Answer{}, err
	}
	if len(events) == 0 || events[0].Seq != d.Seq {
		return Answer{Fault: FaultEvent}, nil
	}
	m, err := s.messageOf(&events[0])
	if err != nil {
		return Answer{}, err
	}
	return s.send(ctx, w, m), nil
}

// send makes one call.
func (s *Service) send(ctx context.Context, w *store.Webhook, m Message) Answer {
	keys, err := s.keys(w)
	if err != nil {
		s.Log.ErrorContext(ctx, "a webhook's secret does not open: put the key that sealed it back into the keyset, or add a secret and retire this one",
			"seller", w.Seller, "webhook_id", w.ID)
		return Answer{Fault: FaultSecret}
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	began := s.Clock.Now()
	a := m.Post(ctx, s.Caller, w.URL, keys, s.now())
	a.took = max(0, s.Clock.Now().Sub(began))
	return a
}

// Ping sends a test message, at once and once, and tells what the webhook's server has made of it. Nothing is recorded, and a webhook that
// is disabled gets it too. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Ping(ctx context.Context, seller, id string) (p Pinged, err error) {
	w, err := s.Get(ctx, seller, id)
	if err != nil {
		return p, err
	}
	m, err := write(cloudEvent{ID: "ping_" + s.NewID(), Source: source(seller), Type: pingType, Time: s.now().Format(time.RFC3339Nano), Data: []byte("{}")})
	if err != nil {
		return p, err
	}
	ctx, span := s.Tracer.Start(ctx, "webhook ping", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	a := s.send(ctx, &w, m)
	telemetry.Set(span, telemetry.Seller(seller), telemetry.Webhook(id), telemetry.Outcome(outcome(a)), telemetry.HTTPStatus(a.Status))
	if a.Fault != "" {
		telemetry.Fail(span, string(a.Fault))
	}
	return Pinged{Fault: a.Fault, Status: a.Status, Took: a.took, MessageID: m.ID}, nil
}

// Pinged is what has come of a test message.
type Pinged struct {
	Fault     Fault // empty when it was taken
	Status    int   // HTTP status; 0 without an answer
	Took      time.Duration
	MessageID string
}
