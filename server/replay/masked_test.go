// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"context"
	"testing"

	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/replay"
	"github.com/koogate/koogate/store"
)

type calls = replay.Calls

// kept is a record of one call.
type kept struct {
	calls
	call store.Call
	body journal.Body
}

func (k kept) Call(context.Context, string, string) (store.Call, error) { return k.call, nil }

func (k kept) Body(context.Context, store.Call) (journal.Body, error) { return k.body, nil }

// What is known to be harmless is shown and nothing else, whatever the form of the text.
func TestWhatIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		direction     store.CallDirection
		asked, said   string
		shown, answer string
	}{
		"a call of the marketplace": {
			store.CallInbound, `{"orderId":"CS1", "mobilePhone":"139","amount":3,"secretNumber":7,"flag":true,"none":null,"list":["a",{"name":"b","role":"user"}]}`,
			`{"resultCode":"000000","resultMsg":"success","appInfo":{"password":"p"}}`,
			`{"orderId":"CS1", "mobilePhone":"***","amount":3,"secretNumber":0,"flag":true,"none":null,"list":["***",{"name":"***","role":"user"}]}`,
			`{"resultCode":"000000","resultMsg":"success","appInfo":{"password":"***"}}`,
		},
		"a call to the marketplace": {
			store.CallOutbound, `{"orderId":"CS1"}`,
			`{"resultCode":"MKT.0000","resultMsg":"for Li Ming","orderInfo":{"orderId":"CS1","buyerInfo":{"customerId":"c","userName":"Li Ming"}}}`,
			`{"orderId":"CS1"}`,
			`{"resultCode":"MKT.0000","resultMsg":"***","orderInfo":{"orderId":"CS1","buyerInfo":{"customerId":"***","userName":"***"}}}`,
		},
		"names that are none": {store.CallInbound, `{"Li Ming, 139":"x","` + "\u0061ctivity" + `":"newInstance"}`, ``, `{"***":"***","` + "\u0061ctivity" + `":"newInstance"}`, ``},
		"no JSON":             {store.CallInbound, "mobilePhone=139", "\xff", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := replay.New(replay.Deps{Calls: kept{call: store.Call{Direction: c.direction}, body: journal.Body{Request: []byte(c.asked), Answer: []byte(c.said)}}})
			got, err := s.Said(t.Context(), "acme", "1")
			if err != nil || got.Request != c.shown || got.Answer != c.answer {
				t.Errorf("shown are\n%s\n%s, %v, want\n%s\n%s", got.Request, got.Answer, err, c.shown, c.answer)
			}
		})
	}
}
