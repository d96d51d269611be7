// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Webhooks keep who is told of events by calls to an address of his own, and what was or is to be delivered (ADR 43). A webhook reads the
// feed: its place moves only in the transaction that writes the deliveries of what it has read, so none is lost. Of the deliveries of one
// order to one webhook only the first that has not ended may be attempted.
type Webhooks interface {
	// AddWebhook adds a webhook if its seller has fewer than most. Errors: ErrConflict when the name is taken, ErrExhausted.
	AddWebhook(ctx context.Context, w *Webhook, most int) error
	// Webhook reads one. Errors: ErrNotFound.
	Webhook(ctx context.Context, seller, id string) (Webhook, error)
	// Webhooks reads those of a seller, the oldest first.
	Webhooks(ctx context.Context, seller string) ([]Webhook, error)
	// ChangeWebhook replaces a webhook by what change makes of it and raises its version. change may be called several times. Of a webhook
	// that becomes ENABLED all deliveries that have not ended begin anew. Errors: ErrNotFound, ErrConflict when the name is taken, change's.
	ChangeWebhook(ctx context.Context, seller, id string, now time.Time, change func(*Webhook) error) (Webhook, error)
	// DeleteWebhook deletes a webhook that check agrees to, and cancels the deliveries that have not ended. Errors: ErrNotFound, check's.
	DeleteWebhook(ctx context.Context, seller, id string, now time.Time, check func(*Webhook) error) error

	// AddDeliveries adds what a webhook has read of the feed. Errors: ErrStale when the webhook is not at From any more or not ENABLED.
	AddDeliveries(ctx context.Context, r FeedRead) error
	// DeliveriesDue tells when a delivery of each of a seller's webhooks may be attempted, by the webhook's ID.
	DeliveriesDue(ctx context.Context, seller string) (map[string]DeliveryDue, error)
	// LeaseDeliveries hands out deliveries that are due, the earliest due first. Each gets a higher fence and is due again when the lease ends.
	LeaseDeliveries(ctx context.Context, l DeliveryLease) ([]Delivery, error)
	// EndAttempt writes what judge makes of a delivery, which is held as LeaseDeliveries gave it out, and of the health and state of its
	// webhook. judge may be called several times. When the delivery has ended the next of its order may go. Errors: ErrNotFound when the
	// webhook or the delivery is gone, ErrFenced when the delivery was leased again or has ended.
	EndAttempt(ctx context.Context, held Delivery, judge func(*Webhook, *Delivery)) (Webhook, Delivery, error)

	// Delivery reads one. Errors: ErrNotFound.
	Delivery(ctx context.Context, seller, id string) (Delivery, error)
	// ListDeliveries reads a page.
	ListDeliveries(ctx context.Context, q ListQuery) ([]Delivery, error)
	// ResendDelivery has one delivered anew that has ended, or at once when it is still to be delivered. Errors: ErrNotFound when the
	// delivery or its webhook is gone.
	ResendDelivery(ctx context.Context, seller, id string, now time.Time) (Delivery, error)
	// ResendDeliveries looks at the deliveries of a webhook behind a place, limit at most, and has those delivered anew that have ended. With
	// dry it only counts them. Errors: ErrNotFound when the webhook is gone.
	ResendDeliveries(ctx context.Context, r Resend) (Resent, error)
	// ForgetDeliveries deletes deliveries that have ended and were made before a time, limit at most, and returns how many.
	ForgetDeliveries(ctx context.Context, before time.Time, limit int) (int, error)
}

// WebhookState says whether a webhook is told of anything.
type WebhookState string

// The states of a webhook.
const (
	WebhookEnabled  WebhookState = "ENABLED"
	WebhookDisabled WebhookState = "DISABLED"
)

// WebhookReason is why a webhook is disabled.
type WebhookReason string

// The reasons.
const (
	WebhookByCaller WebhookReason = "BY_CALLER" // somebody has asked for it
	WebhookGone     WebhookReason = "GONE"      // its server has answered 410
	WebhookFailing  WebhookReason = "FAILING"   // every attempt has failed for the whole time of a delivery
)

// Webhook is a target of events. Key: Seller, ID. Unique: Seller, Name.
type Webhook struct {
	Seller  string
	ID      string // UUIDv7
	Name    string
	URL     string
	Filter  []Term // over kind, order_id and instance_id of events
	State   WebhookState
	Reason  WebhookReason   // empty while it is enabled
	StateAt time.Time       // since when
	Secrets []WebhookSecret // one or two, the newest first
	At      FeedPlace       // behind which it reads the feed on

	Backlog      int64     // deliveries that have not ended
	Failures     int64     // attempts that failed since the last success
	FailingSince time.Time // when the first of them failed; zero for none
	DeliveredAt  time.Time // when an attempt last succeeded; zero for never

	Version   int64 // rises with every change but those of its health
	CreatedAt time.Time
	UpdatedAt time.Time
}

// WebhookSecret is a secret by which messages are signed.
type WebhookSecret struct {
	ID        string // UUIDv7
	Sealed    []byte
	CreatedAt time.Time
}

// Altered describes a change of a webhook for the audit. before is nil for a new one, after for one that is gone. Sealed texts are digested.
func (w *Webhook) Altered(before, after *Webhook) Altered {
	a := Altered{Seller: w.Seller, Resources: map[string][]string{"webhook": {w.ID}}}
	if before != nil {
		a.Before = Digest(before)
	}
	a.After = Digest(after)
	return a
}

// DeliveryState is how far a delivery has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting   DeliveryState = "WAITING"   // an earlier event of the order is delivered first
	DeliveryReady     DeliveryState = "READY"     // it was not attempted yet
	DeliveryRetrying  DeliveryState = "RETRYING"  // it has failed and is attempted again
	DeliveryDelivered DeliveryState = "DELIVERED" // the webhook's server has taken it
	DeliveryGivenUp   DeliveryState = "GIVEN_UP"  // it has failed for as long as it is attempted
	DeliveryCancelled DeliveryState = "CANCELLED" // its webhook was deleted
)

// ReasonWebhookDeleted is the reason of a delivery that was cancelled with its webhook.
const ReasonWebhookDeleted = "WEBHOOK_DELETED"

// Open says whether the delivery is still to be made.
func (s DeliveryState) Open() bool {
	return s == DeliveryWaiting || s == DeliveryReady || s == DeliveryRetrying
}

// Delivery is one event for one webhook. Key: Seller, CreatedAt, ID. Unique: Seller, WebhookID, OrderID, Seq.
type Delivery struct {
	Seller     string
	ID         string // UUIDv7 of the millisecond of CreatedAt, by which the row is found; see TimedID
	CreatedAt  time.Time
	WebhookID  string
	OrderID    string
	Seq        int64 // of the event in its order's chain
	Kind       string
	InstanceID string
	EventAt    time.Time

	State     DeliveryState
	Reason    string    // of the last failure, a word of the program
	DueAt     time.Time // when it may be attempted; while it is attempted, when that lease ends
	Fence     int64     // rises with every lease
	Attempts  int64     // since it was made, or was to be delivered anew
	FirstAt   time.Time // when the first of these ended; zero for none
	LastAt    time.Time // when the last attempt ended; zero for none
	Status    int       // HTTP status of the last answer; 0 for none
	Size      int64     // bytes that were read of the last answer
	Took      time.Duration
	Resends   int64 // how often it was to be delivered anew
	UpdatedAt time.Time
}

// Altered describes a delivery that is to be made anew, for the audit.
func (d *Delivery) Altered(before Delivery) Altered {
	return Altered{
		Seller: d.Seller, Resources: map[string][]string{"webhook": {d.WebhookID}, "delivery": {d.ID}}, Before: Digest(before), After: Digest(d),
	}
}

// FeedRead is what a webhook has read of the feed: the deliveries that follow from the events behind From up to To.
type FeedRead struct {
	Seller, WebhookID string
	From, To          FeedPlace
	Deliveries        []Delivery // in the order of the feed; State is found
}

// DeliveryDue tells when a delivery of a webhook may be attempted: one that was not attempted yet, and one that has failed. Zero for none.
type DeliveryDue struct{ First, Again time.Time }

// DeliveryLease asks for deliveries.
type DeliveryLease struct {
	Seller, WebhookID string
	Again             bool // those that have failed before; otherwise those that were not attempted yet
	Max               int
	Now, Until        time.Time
}

// Resend says which deliveries of a webhook are to be made anew: those behind a place, by time and ID.
type Resend struct {
	Seller, WebhookID string
	After             Cursor
	Limit             int
	Dry               bool
	Now               time.Time
}

// Altered describes what is to be delivered anew, for the audit.
func (r Resend) Altered(n Resent) Altered {
	return Altered{Seller: r.Seller, Resources: map[string][]string{"webhook": {r.WebhookID}}, Before: "", After: Digest([]any{r, n})}
}

// Resent is what has come of it.
type Resent struct {
	Count int     // how many had ended
	Last  *Cursor // of the last that was looked at, when there may be more; nil when there are none
}

// State is the state of what is asked for.
func (l DeliveryLease) State() DeliveryState {
	if l.Again {
		return DeliveryRetrying
	}
	return DeliveryReady
}
