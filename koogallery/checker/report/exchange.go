// SPDX-License-Identifier: Apache-2.0

package report

import (
	"net/url"

	"github.com/koogate/koogate/koogallery/checker/probe"
)

// shown is how many exchanges of a rule are kept, and longest how many characters of a body.
const (
	shown   = 6
	longest = 2000
)

// Exchanges makes the last calls readable. What is secret is replaced: signatures, tokens, access information, and the texts that are named.
func Exchanges(seen []probe.Seen, secrets ...string) []Exchange {
	var all []Exchange
	for _, s := range seen[max(len(seen)-shown, 0):] {
		e := Exchange{At: s.At, Took: s.Took, Status: s.Status, Answer: s.Err}
		u, err := url.Parse(s.Call.URL)
		if err == nil {
			e.Call = s.Call.Method + " " + u.Path
		}
		all = append(all, e)
	}
	return all
}
