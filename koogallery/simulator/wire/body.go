// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// encode returns params as the marketplace prints a body: compact JSON, names
// ascending, no HTML escapes (saas-v2 §2.1).
func encode(params map[string]any) ([]byte, error) {
	return PlainJSON(params)
}

// PlainJSON encodes without HTML escapes.
func PlainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// params returns the body of the next attempt. businessId is different on every
// request (saas-v2 §5.1); production calls carry no testFlag (§5).
func (c *Caller) params(m Message) map[string]any {
	p := maps.Clone(m.Params)
	p["activity"] = string(Name(m.Family, m.Activity))
	if m.Activity == judge.ActivityNew {
		p["businessId"] = catalogue.UUID(c.cfg.NewID())
	} else {
		p["instanceId"] = m.Instance
	}
	return p
}
