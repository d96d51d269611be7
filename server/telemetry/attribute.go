// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Attr is one attribute of a span. Only the functions below make one, so a span holds nothing that they do not name.
type Attr struct{ kv attribute.KeyValue }

// longestValue bounds an attribute's value, in bytes.
const longestValue = 256

// Seller is the seller's name.
func Seller(v string) Attr { return text("koogate.seller", v) }

// Endpoint is the name of the endpoint that the marketplace called.
func Endpoint(v string) Attr { return text("koogate.endpoint", v) }

// OrderID is the marketplace's order id.
func OrderID(v string) Attr { return text("koogate.order_id", v) }

// OrderLineID is the marketplace's order line id.
func OrderLineID(v string) Attr { return text("koogate.order_line_id", v) }

// InstanceID is the instance's id.
func InstanceID(v string) Attr { return text("koogate.instance_id", v) }

// BusinessID is the id that the marketplace gives to one call; it differs on every repeat.
func BusinessID(v string) Attr { return text("koogate.business_id", v) }

// LoginID names a login of a joint product.
func LoginID(v string) Attr { return text("koogate.login_id", v) }

// LoginEntrance is where a login began.
func LoginEntrance(v string) Attr { return text("koogate.login_entrance", v) }

// LoginOutcome is DONE, or why a login did not come to its end.
func LoginOutcome(v string) Attr { return text("koogate.login_outcome", v) }

// AppID is the application id of a credential.
func AppID(v string) Attr { return text("koogate.app_id", v) }

// TenantID is the marketplace's id of an enterprise.
func TenantID(v string) Attr { return text("koogate.tenant_id", v) }

// Host is the host that is called.
func Host(v string) Attr { return text("server.address", v) }

// ProductID is the marketplace's product id.
func ProductID(v string) Attr { return text("koogate.product_id", v) }

// ChargingMode is the product's charging mode.
func ChargingMode(v string) Attr { return text("koogate.charging_mode", v) }

// Activity is what the marketplace asks for.
func Activity(v string) Attr { return text("koogate.activity", v) }

// ResultCode is the code that the marketplace is answered.
func ResultCode(v string) Attr { return text("koogate.result_code", v) }

// TaskID is a task's id.
func TaskID(v string) Attr { return text("koogate.task_id", v) }

// TaskKind is what a task asks for.
func TaskKind(v string) Attr { return text("koogate.task_kind", v) }

// TaskQueue is the queue that a task is leased from.
func TaskQueue(v string) Attr { return text("koogate.task_queue", v) }

// Worker is the name of the worker that holds a task.
func Worker(v string) Attr { return text("koogate.worker", v) }

// Fence is the fencing token of a lease or lock.
func Fence(v int64) Attr { return Attr{attribute.Int64("koogate.fence", v)} }

// Attempt is the number of the attempt, from 1.
func Attempt(v int) Attr { return Attr{attribute.Int("koogate.attempt", v)} }

// Outcome is how something ended, in a word of the program.
func Outcome(v string) Attr { return text("koogate.outcome", v) }

// Reason is why something failed, as a code: of the marketplace's answer, of the worker's report, or of the program.
func Reason(v string) Attr { return text("koogate.reason", v) }

// State is the state that an instance has come to; From is the one that it had.
func State(v string) Attr { return text("koogate.state", v) }

// From is the state that an instance had before.
func From(v string) Attr { return text("koogate.from", v) }

// Deadline is when the marketplace gives an order up.
func Deadline(at time.Time) Attr { return text("koogate.deadline", at.UTC().Format(time.RFC3339)) }

// Expires is when an instance expires.
func Expires(at time.Time) Attr { return text("koogate.expires", at.UTC().Format(time.RFC3339)) }

// Family is the protocol family of an order.
func Family(v string) Attr { return text("koogate.family", v) }

// Polls is how many calls of the same content and answer a span stands for, itself included.
func Polls(v int) Attr { return Attr{attribute.Int("koogate.polls", v)} }

// Probe tells that the call came from the seller centre's debugging page.
func Probe(v bool) Attr { return Attr{attribute.Bool("koogate.probe", v)} }

// ReplayOf is the record of the call that an operator has let in again.
func ReplayOf(v string) Attr { return Attr{attribute.String("koogate.replay_of", v)} }

// Side is who answered a call to an endpoint with an old server.
func Side(v string) Attr { return text("koogate.side", v) }

// GuardAway tells that the call went on without locks and shared nonces.
func GuardAway(v bool) Attr { return Attr{attribute.Bool("koogate.guard_away", v)} }

// Count is a number of things, such as records of a push.
func Count(v int) Attr { return Attr{attribute.Int("koogate.count", v)} }

func text(key, v string) Attr { return Attr{attribute.String(key, clean(v))} }

// clean bounds a value and makes it valid UTF-8: one invalid string would cost the exporter the whole batch.
func clean(v string) string {
	if len(v) > longestValue {
		end := longestValue
		for end > longestValue-utf8.UTFMax && !utf8.RuneStart(v[end]) {
			end--
		}
		v = v[:end]
	}
	if !utf8.ValidString(v) {
		v = strings.ToValidUTF8(v, "\uFFFD")
	}
	return v
}

// Set sets attributes of a span; nothing happens when it does not record.
func Set(span trace.Span, attrs ...Attr) {
	if len(attrs) == 0 || !span.IsRecording() {
		return
	}
	kvs := borrow(attrs)
	span.SetAttributes(*kvs...) // copies them
	giveBack(kvs)
}

var lent = sync.Pool{New: func() any { s := make([]attribute.KeyValue, 0, 16); return &s }}

func borrow(attrs []Attr) *[]attribute.KeyValue {
	kvs := lent.Get().(*[]attribute.KeyValue) // the pool holds only values of this type
	for _, a := range attrs {
		*kvs = append(*kvs, a.kv)
	}
	return kvs
}

func giveBack(kvs *[]attribute.KeyValue) {
	clear(*kvs)
	*kvs = (*kvs)[:0]
	lent.Put(kvs)
}
