// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// encode returns params as the marketplace prints a body: compact JSON, names
// ascending, no HTML escapes (saas-v2 §2.1).
func encode(params map[string]any) ([]byte, error) {
	return plainJSON(params)
}

// plainJSON encodes without HTML escapes.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("simulator: encode body: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// params returns the body of the next attempt. businessId is different on every
// request (saas-v2 §5.1); production calls carry no testFlag (§5).
func (s *Simulator) params(m *message, instanceID string) map[string]any {
	p := maps.Clone(m.params)
	p["activity"] = string(m.Activity)
	if m.act == judge.ActivityNew {
		p["businessId"] = catalogue.UUID(s.cfg.NewID())
	} else {
		p["instanceId"] = instanceID
	}
	return p
}

// withOrder puts the ids of the message's own order into the body.
func (m *message) withOrder() *message {
	m.params["orderId"], m.params["orderLineId"] = m.own.ID, m.own.LineID
	return m
}

// wireTime prints an expireTime.
func (c Config) wireTime(t time.Time) string {
	if c.LongTime {
		return wiretime.Format17(t)
	}
	return wiretime.Format14(t)
}
