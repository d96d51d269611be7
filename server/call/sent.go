// SPDX-License-Identifier: Apache-2.0

package call

import (
	"context"
	"time"
)

// Operation is what Koogate asks the marketplace for.
type Operation string

// The operations.
const (
	OrderQuery      Operation = "order_query"
	UsagePush       Operation = "usage_push"
	LicenceUpload   Operation = "licence_upload"
	LicenceActivate Operation = "licence_activate"
	LicenceQuery    Operation = "licence_query"
	LicenceUsage    Operation = "licence_usage"
)

// Operations returns all of them.
func Operations() []Operation {
	return []Operation{OrderQuery, UsagePush, LicenceUpload, LicenceActivate, LicenceQuery, LicenceUsage}
}

// Sent is one call that Koogate has made to the marketplace, as whoever made it tells of it afterwards.
type Sent struct {
	Seller     string
	Operation  Operation
	OrderID    string // empty for none
	InstanceID string // empty for none
	TaskID     string // the task that asked; empty when a caller of the API waited for the answer
	TraceID    string // hex; empty when the call has no span
	Records    int    // how many elements a batch has; 0 for a call about one thing
	Attempt    int    // which of its series it is, from 1; 0 when nobody repeats it
	At         time.Time
	Took       time.Duration
	Reason     string    // why it failed, a code; empty for a success
	Until      time.Time // until when it is tried again; zero when it is not
	Heard      Heard
}

// Heard is what the adapter that makes a call knows of the wire.
type Heard struct {
	Tries   int    // how often a request was handed to the network; 0 when there was no call
	Status  int    // of HTTP, 0 without an answer
	Code    string // in the answer, of a success too; empty for none
	Request int    // bytes of the body
	Answer  int

	Asked, Said []byte // the bodies themselves, with all that is secret in them; nobody may change them
}

type heardKey struct{}

// Listen returns a context for one call to the marketplace, and what its adapter will fill in until the call returns.
func Listen(ctx context.Context) (context.Context, *Heard) {
	h := new(Heard)
	return context.WithValue(ctx, heardKey{}, h), h
}

// Listening returns what an adapter fills in; nil when nobody listens.
func Listening(ctx context.Context) *Heard {
	h, _ := ctx.Value(heardKey{}).(*Heard)
	return h
}

// Journal notes what was sent. It never waits.
type Journal interface{ Sent(s Sent) (id string) }
