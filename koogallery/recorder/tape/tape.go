// SPDX-License-Identifier: Apache-2.0

// Package tape is the form of a recording: a file with one line of JSON for each call to a seller and its answer, without anything that
// is secret or personal. Lines are only ever appended. A recording that was broken off goes on in the same file, and a line that was
// torn by a crash is named and left out.
package tape

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
)

// Version is the version of the form.
const Version = 1

// Line is one line: the beginning of a recording, or a call.
type Line struct {
	Begin *Begin `json:"begin,omitempty"`
	Call  *Call  `json:"call,omitempty"`
}

// Begin is the first line of what one process has recorded. Stand-ins of one process are not those of another.
type Begin struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
}

// Pair is a name and a value: of a query, or of a header with its name in the case in which it was sent.
type Pair [2]string

// Call is one call as the seller saw it.
type Call struct {
	N    int64         `json:"n"` // in the order in which the calls came
	At   time.Time     `json:"at"`
	Took time.Duration `json:"took"` // nanoseconds, until the last byte of the answer

	Method string  `json:"method"`
	Path   string  `json:"path,omitempty"` // below the production address
	Query  []Pair  `json:"query,omitempty"`
	Header []Pair  `json:"header,omitempty"`
	Body   *string `json:"body,omitempty"`

	Family   judge.Family   `json:"family"`
	Activity judge.Activity `json:"activity"` // as on the wire
	Act      judge.Activity `json:"act"`      // what SaaS V2.0 calls it
	Signed   Signed         `json:"signed"`

	// Sealed are the parameters that were encrypted, with a cipher each. Those that could not be opened have none.
	Sealed map[string]seal.EncryptType `json:"sealed,omitempty"`

	// Withheld says why the call could not be written down. It cannot be made again.
	Withheld string `json:"withheld,omitempty"`

	Answer *Answer `json:"answer,omitempty"` // nil: there was none
	Err    string  `json:"err,omitempty"`    // why there was none

	Verdict judge.Verdict `json:"verdict"`
	Info    []string      `json:"info,omitempty"` // instances that the answer shows
}

// Answer is what the seller said.
type Answer struct {
	Status   int     `json:"status"`
	Header   []Pair  `json:"header,omitempty"`
	Body     *string `json:"body,omitempty"`
	BodySign Sign    `json:"bodySign"`
	Withheld string  `json:"withheld,omitempty"` // why the body could not be written down
}

// Sign is how a signature turned out.
type Sign string

// How signatures turn out.
const (
	SignNone  Sign = "none"
	SignGood  Sign = "good"
	SignWrong Sign = "wrong"
)

// Signed is how a call was signed.
type Signed struct {
	State Sign `json:"state"`
	// Sorted: over the sorted form of the body instead of its bytes.
	Sorted bool `json:"sorted,omitempty"`
	// Lower: the signature was in lower case.
	Lower bool `json:"lower,omitempty"`
	// Plus: plus signs in the query were not escaped (saas-v1 §2.1).
	Plus bool `json:"plus,omitempty"`
}

// Param returns the value of a query parameter.
func (c *Call) Param(name string) string { return value(c.Query, name) }

// HeaderOf returns the value of a header with exactly this name.
func (c *Call) HeaderOf(name string) string { return value(c.Header, name) }

func value(pairs []Pair, name string) string {
	for _, p := range pairs {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}

// Members returns the members of the body that are no objects or lists, or the parameters of a call without a body.
func (c *Call) Members() map[string]string {
	out := make(map[string]string)
	if c.Body == nil {
		for _, p := range c.Query {
			out[p[0]] = p[1]
		}
		return out
	}
	if m, ok := judge.Object([]byte(*c.Body)); ok {
		for name := range m {
			if text, ok := m.Text(name); ok {
				out[name] = text
			} else if raw := m[name]; len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
				out[name] = string(raw)
			}
		}
	}
	return out
}
