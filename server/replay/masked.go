// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"

	"github.com/koogate/koogate/koogallery/plain"
	"github.com/koogate/koogate/koogallery/rewrite"
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
	_, body, err := s.Deps.Calls.Body(ctx, seller, id)
	if err != nil {
		return Said{}, err
	}
	return Said{Request: masked(body.Request, plain.Asked), Answer: masked(body.Answer, said)}, nil
}

// said are the members of Koogate's own answers that are shown. Its texts hold nothing secret.
func said(name string) bool { return name == "resultMsg" || plain.Said(name) }

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
