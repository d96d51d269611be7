// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
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

// message is what a webhook is sent: the same bytes at every attempt.
type message struct {
	id   string
	body []byte
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

// messageOf is the message of an event.
func (s *Service) messageOf(e *store.Event) (message, error) {
	shown, err := s.Show(*e)
	if err != nil {
		return message{}, err
	}
	var data bytes.Buffer
	if err := json.Compact(&data, shown); err != nil {
		return message{}, err
	}
	return write(cloudEvent{
		ID: MessageID(e.Seller, e.OrderID, e.Seq), Source: source(e.Seller), Type: eventPrefix + e.Kind, Subject: e.OrderID,
		Time: e.At.UTC().Format(time.RFC3339Nano), Data: data.Bytes(),
	})
}

func source(seller string) string { return "/koogate/sellers/" + seller }

func write(e cloudEvent) (message, error) {
	e.SpecVersion, e.ContentType = "1.0", "application/json"
	body, err := json.Marshal(e)
	return message{e.ID, body}, err
}

// request is one attempt at a message, which keeps its own time.
func (m message) request(ctx context.Context, to string, keys [][]byte, now time.Time) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", userAgent)
	outbound.Sign(r.Header, m.id, now, m.body, keys)
	return r, nil
}
