// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/store"
)

// A call whose signature does not hold is answered alike, whatever has broken it; a second look tells what that was, as far as it can be told.
func TestASecondLookTellsWhatBrokeTheSignature(t *testing.T) {
	const (
		ended, kitEnded = "an-ended-key-0001", "an-ended-kit-key"
		compact         = `{"activity":"newInstance","orderId":"CS1","customerName":"云\/a"}`
	)
	h := &heard{}
	r := newRig(t, withEvery, withJournal(h), func(c *facade.Config, _ *facade.Deps) {
		for i := range c.Endpoints {
			c.Endpoints[i].Outside, c.Endpoints[i].KitOutside = []string{ended}, []string{kitEnded}
		}
		c.Endpoints = append(c.Endpoints, facade.Endpoint{Name: "foreign", Seller: "other-seller", Keys: []string{"a-foreign-key-0001"}})
	})
	for _, c := range []struct {
		name, body string
		q          request
		want       store.CallCause
	}{
		{"a guessed key", order, request{key: "guessed"}, store.CauseKey},
		{"an ended key", order, request{key: ended}, store.CauseKeyEnded},
		{"another endpoint's key", order, request{key: key3}, store.CauseOtherEndpoint},
		{"another seller's key", order, request{key: "a-foreign-key-0001"}, store.CauseKey},
		{"blanks", strings.ReplaceAll(compact, ",", ", "), request{signed: compact}, store.CauseEncoding},
		{"a byte order mark", "\xef\xbb\xbf" + compact, request{signed: compact}, store.CauseEncoding},
		{"escapes", strings.ReplaceAll(strings.ReplaceAll(compact, "云", `\u4e91`), `\/`, "/"), request{signed: strings.ReplaceAll(compact, `\/`, "/")}, store.CauseEncoding},
		{"escapes that are gone", strings.ReplaceAll(compact, `\/`, "/"), request{signed: `{"activity":"newInstance","orderId":"CS1","customerName":"\u4e91/a"}`}, store.CauseEncoding},
		{"a plus sign read as a blank", order, request{nonce: "a+b", query: func(v url.Values) { v.Set("nonce", "a b") }}, store.CauseEncoding},
		{"another order", strings.Replace(order, "CS1", "CS2", 1), request{signed: order}, store.CauseKey},
		{"blanks and a guessed key", order + " ", request{signed: order, key: "guessed"}, store.CauseKey},
		{"an address that nobody has", order, request{endpoint: "nowhere"}, store.CauseKey},
	} {
		refused := r.call(order, request{signature: strings.Repeat("A", 64)})
		a := r.call(c.body, c.q)
		e, _ := h.last()
		if a.body != refused.body || a.status != refused.status || e.Cause != store.CauseKey {
			t.Errorf("%s is answered %s and told as %s", c.name, a.body, e.Cause)
		}
		if e.Doubt == nil {
			t.Errorf("%s is not looked at again", c.name)
		} else if got := e.Doubt.Cause(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	r.get("every", ended, "activity", "queryInstance", "instanceId", "i-1")
	if e, _ := h.last(); e.Doubt == nil || e.Doubt.Cause() != store.CauseKeyEnded {
		t.Errorf("a GET that an ended key signed is told as %+v", e)
	}
	for _, long := range []string{order + strings.Repeat(" ", 17<<10)} {
		r.call(long, request{key: ended})
		if e, _ := h.last(); e.Doubt != nil || e.Cause != store.CauseKey {
			t.Errorf("a long body is kept for a second look")
		}
	}
}
