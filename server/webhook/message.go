// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/store"
)

// The form of a message.
const (
	contentType = "application/cloudevents+json; charset=utf-8"
	userAgent   = "Koogate-Webhooks/1"
	eventPrefix = "koogate.event." // the type of an event, before its kind
	pingType    = "koogate.ping"
)

// Message is what a webhook is sent: the same bytes at every attempt. The couriers send it, and so does koogate listen to a developer's machine.
type Message struct {
	ID   string
	body []byte
}

// Told is an event of an order, as a message tells it.
type Told struct {
	Seller, OrderID string
	Seq             int64 // in the order's chain
	Kind            string
	At              time.Time
	JSON            []byte // of the event, as GET /v1/events shows it
}

// cloudEvent is the structured mode of CloudEvents 1.0 in JSON.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

// MessageID is the identity of an event: the same for every webhook, at every attempt and when it is delivered anew.
func MessageID(seller, orderID string, seq int64) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"koogate/webhook/1", seller, orderID, strconv.FormatInt(seq, 10)}, "\x1f")))
	return "evt_" + store.UUID(sum[:])
}

// messageOf is the message of an event of the store.
func (s *Service) messageOf(e *store.Event) (Message, error) {
	shown, err := s.Show(*e)
	if err != nil {
		return Message{}, err
	}
	return MessageOf(Told{Seller: e.Seller, OrderID: e.OrderID, Seq: e.Seq, Kind: e.Kind, At: e.At, JSON: shown})
}

// MessageOf is the message of an event. Errors: JSON that is none.
func MessageOf(e Told) (Message, error) {
	var data bytes.Buffer
	if err := json.Compact(&data, e.JSON); err != nil {
		return Message{}, err
	}
	return write(cloudEvent{
		ID: MessageID(e.Seller, e.OrderID, e.Seq), Source: source(e.Seller), Type: eventPrefix + e.Kind, Subject: e.OrderID,
		Time: e.At.UTC().Format(time.RFC3339Nano), Data: data.Bytes(),
	})
}

func source(seller string) string { return "/koogate/sellers/" + seller }

func write(e cloudEvent) (Message, error) {
	e.SpecVersion, e.ContentType = "1.0", "application/json"
	body, err := json.Marshal(e)
	return Message{e.ID, body}, err
}

// request is one attempt at a message, which keeps its own time.
func (m Message) request(ctx context.Context, to string, keys [][]byte, now time.Time) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", userAgent)
	outbound.Sign(r.Header, m.ID, now, m.body, keys)
	return r, nil
}

// answerLimit is how much of an answer is read. Nothing of it is kept.
const answerLimit = 4 << 10

// Answer is what has come of an attempt.
type Answer struct {
	Fault  Fault         // empty for success
	Status int           // HTTP status; 0 without an answer
	After  time.Duration // what the answer asks to wait; 0 for nothing

	size int64
	took time.Duration
}

// Post makes one attempt at a message, signed by each key as of now. ctx bounds it.
func (m Message) Post(ctx context.Context, caller interface {
	Do(r *http.Request) (*http.Response, error)
}, to string, keys [][]byte, now time.Time) Answer {
	r, err := m.request(ctx, to, keys, now)
	if err != nil {
		return Answer{Fault: FaultUnreachable}
	}
	resp, err := caller.Do(r)
	if err != nil {
		return Answer{Fault: Fault(outbound.Why(ctx, err))}
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode}
	a.size, err = io.Copy(io.Discard, io.LimitReader(resp.Body, answerLimit))
	switch {
	case err != nil:
		a.Fault = Fault(outbound.Why(ctx, err))
	case a.Status == http.StatusGone:
		a.Fault = FaultGone
	case a.Status >= http.StatusMultipleChoices && a.Status < http.StatusBadRequest:
		a.Fault = FaultRedirect
	case a.Status < http.StatusOK || a.Status >= http.StatusBadRequest:
		a.Fault = FaultStatus
		a.After = outbound.RetryAfter(resp.Header, now) // [judge] bounds it
	}
	return a
}
