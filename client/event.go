// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Types of events.
const (
	// EventPrefix begins the type of an event of an order; the rest is its kind, such as instance.released.
	EventPrefix = "koogate.event."
	// PingType is the type of a test message, which tells of nothing.
	PingType = "koogate.ping"
)

// Event is a CloudEvent of a webhook, in structured mode.
type Event struct {
	// ID is the same at every attempt, for every webhook and when the event is delivered anew. Remember it: what is known needs no
	// more than an answer.
	ID string `json:"id"`
	// Source names the seller: /koogate/sellers/NAME.
	Source string `json:"source"`
	// Type is [EventPrefix] and the event's kind, or [PingType].
	Type string `json:"type"`
	// Subject is the order's ID. The events of an order come in their order.
	Subject string `json:"subject"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// Data is what GET /v1/events shows of it, as JSON; see [Event.Told].
	Data json.RawMessage `json:"data"`
}

// Told reads Data. Members that are newer than this package are left out.
func (e Event) Told() (*koogatev1.FeedEvent, error) {
	var told koogatev1.FeedEvent
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(e.Data, &told); err != nil {
		return nil, fmt.Errorf("client: the data of event %s: %w", e.ID, err)
	}
	return &told, nil
}

// ParseEvent reads the body of a message that has been verified.
func ParseEvent(body []byte) (Event, error) {
	var e struct {
		Event
		SpecVersion string `json:"specversion"`
	}
	switch err := json.Unmarshal(body, &e); {
	case err != nil:
		return Event{}, fmt.Errorf("client: the message is no CloudEvent: %w", err)
	case e.SpecVersion != "1.0" || e.ID == "" || e.Type == "":
		return Event{}, errors.New("client: the message is no CloudEvent 1.0")
	}
	return e.Event, nil
}
