// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"hash/fnv"
	"time"

	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Fault is why an attempt failed. A delivery keeps its last one.
type Fault string

// The faults.
const (
	FaultStatus      Fault = "HTTP_STATUS"        // an answer that is no success
	FaultRedirect    Fault = outbound.Redirect    // an answer 3xx, which is not followed
	FaultGone        Fault = "GONE"               // an answer 410, which disables the webhook
	FaultTimeout     Fault = outbound.Timeout     // no whole answer in time
	FaultUnreachable Fault = outbound.Unreachable // no connection, no such name, or one that broke
	FaultTLS         Fault = outbound.TLS         // a certificate that does not hold, or no TLS
	FaultForbidden   Fault = outbound.Forbidden   // an address that is not allowed
	FaultSecret      Fault = "SECRET_UNREADABLE"  // the keyset lacks the key of the webhook's secret
	FaultEvent       Fault = "EVENT_GONE"         // the event is not there any more, as after a restore
	FaultDeleted     Fault = store.ReasonWebhookDeleted
)

// Faults are all of them.
func Faults() []Fault {
	return []Fault{
		FaultStatus, FaultRedirect, FaultGone, FaultTimeout, FaultUnreachable, FaultTLS, FaultForbidden, FaultSecret, FaultEvent, FaultDeleted,
	}
}

// The pauses between attempts: 5 s, 10 s … up to an hour, each up to a fifth longer, so that what failed together does not come back together.
var retry = work.Retry{Base: 5 * time.Second, Max: time.Hour}

const jitter = 5 // of the pause, at most a fifth is added

// pause is the pause after the n-th attempt at a delivery. It is the same whoever computes it.
func pause(id string, n int64) time.Duration {
	p := retry.Pause(int32(min(n, 1<<20)))
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	_, _ = h.Write([]byte{byte(n), byte(n >> 8)})
	return p + time.Duration(int64(p)/jitter*int64(h.Sum32()%1000)/1000)
}

// judge writes what an answer makes of a delivery and of its webhook, as the transaction reads both.
func judge(w *store.Webhook, d *store.Delivery, a Answer, now time.Time) {
	d.Attempts++
	d.LastAt, d.UpdatedAt, d.Status, d.Size, d.Took, d.Reason = now, now, a.Status, a.size, a.took, string(a.Fault)
	if d.FirstAt.IsZero() {
		d.FirstAt = now
	}
	switch a.Fault {
	case "":
		d.State = store.DeliveryDelivered
		w.Failures, w.FailingSince, w.DeliveredAt = 0, time.Time{}, now
		return
	case FaultEvent: // says nothing of the webhook
		d.State = store.DeliveryGivenUp
		return
	}
	w.Failures++
	if w.FailingSince.IsZero() {
		w.FailingSince = now
	}
	over := d.FirstAt.Add(Window)
	d.State, d.DueAt = store.DeliveryRetrying, now.Add(min(max(pause(d.ID, d.Attempts), a.After), retry.Max+retry.Max/jitter))
	if d.DueAt.After(over) {
		d.DueAt = over // the last attempt is made at the end of the time and not before
	}
	switch {
	case w.State != store.WebhookEnabled: // was disabled meanwhile
	case a.Fault == FaultGone:
		w.State, w.Reason, w.StateAt = store.WebhookDisabled, store.WebhookGone, now
	case !now.Before(w.FailingSince.Add(Window)): // nothing is given up: it all waits until somebody enables the webhook
		w.State, w.Reason, w.StateAt = store.WebhookDisabled, store.WebhookFailing, now
	case !now.Before(over):
		d.State = store.DeliveryGivenUp
	}
}

// sick says whether a webhook has failed so often without a success between that it is attempted less at once.
func sick(w *store.Webhook) bool { return w.Failures >= 5 }
