// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"

	"github.com/koogate/koogate/koogallery/plain"
	"github.com/koogate/koogate/koogallery/rewrite"
	"github.com/koogate/koogate/store"
)

// Said is what was said in a call, without what is secret or personal. A text that is no JSON is empty.
type Said struct{ Request, Answer string }

// Shown in place of what is not shown.
const (
	hidden       = "***"
	hiddenNumber = "0"
)

// Said shows what was said in a call: of members that are known to be neither secret nor personal what they hold, of all others that they are
// there. Errors: CALL_NOT_FOUND, CALL_NOT_KEPT, STORE_UNAVAILABLE.
func (s *Service) Said(ctx context.Context, seller, id string) (Said, error) {
	c, err := s.Deps.Calls.Call(ctx, seller, id)
	if err != nil {
		return Said{}, err
	}
	body, err := s.Deps.Calls.Body(ctx, c)
	if err != nil {
		return Said{}, err
	}
	return Said{
		Request: masked(body.Request, harmless),
		Answer: masked(body.Answer, func(name string) bool {
			return harmless(name) || name == "resultMsg" && c.Direction != store.CallOutbound
		}),
	}, nil
}

// harmless are the members that are shown, in either direction: what one side asks by is what the other answers with. Texts of Koogate's own
// results hold nothing secret and are shown, too; what the marketplace writes into its own is not known.
func harmless(name string) bool { return plain.Asked(name) || plain.Said(name) }

// masked is a JSON text in which only plain members keep their values, and only plain names of members are there.
func masked(text []byte, shown func(string) bool) string {
	out, err := rewrite.Edit(text, func(v rewrite.Value) string {
		switch {
		case v.Text == "" || shown(v.Name):
			return v.Text
		case v.Number:
			return hiddenNumber
		}
		return hidden
	}, func(name string) string {
		if plain.Name(name) {
			return name
		}
		return hidden
	})
	if err != nil {
		return ""
	}
	return string(out)
}
