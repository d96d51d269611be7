// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/store"
)

// exchange is one call and its answer. Exchanges are used again, so nothing that outlives a call may keep one.
type exchange struct {
	f     *Facade
	w     http.ResponseWriter
	r     *http.Request
	table *Table // by which the whole call is judged
	door  *door

	// What arrived, in the order in which it is found out.
	arrived    time.Time
	replay     *Kept // what is let in again; nil for a call of the marketplace
	body       []byte
	raw        []byte    // the body as it came, where body is only what was signed of it; nil where they are the same
	reserved   int       // bytes of the budget that the body holds until the call is verified or refused
	endpoint   *endpoint // the one that stands for unknown endpoints when no other is found
	known      bool      // endpoint is a configured one
	key        string    // the key that verified the call; empty until one did
	keyID      string    // its ID, as far as that is known
	rejected   string    // why it was not verified, a word for metrics
	tried      bool      // its signature was held against the keys
	nonce      string
	signature  string    // the one that held, as it is remembered; empty where the scheme has no nonce
	signedAt   time.Time // by the caller's clock
	verifiedAt time.Time // when that was done
	object     wirejson.Object
	activity   string // as it came; empty when there is none
	route      *route // nil when the activity is not served
	subject    family.Subject
	repaired   bool // the signature held only after the documented repair
	probe      bool // a debugging call
	lockKey    string
	entered    time.Time // when the guard was asked
	passed     time.Time // when it had answered
	entry      store.Entry
	away       bool // the guard did not answer
	orderID    string
	links      []string // further orders
	span       trace.Span
	poll       bool // the call looks at instances; its span, if any, is started at its end

	// What goes out.
	header http.Header // the gateway's, ignored
	out    []byte
	code   resultcode.Code
	status int // of HTTP; 200 when zero
	reason errs.Reason
	meta   map[string]string
	newID  string // the instance of an answer to a creating call
	side   store.Side
	relay  *relay // of an old server's answer; nil for one of ours

	recorded string    // the ID of its record
	aside    *Shadowed // what is to be compared once the answer is out; nil for nothing
	idle     bool      // nothing of it is running any more

	// unwatch stops the watchdog of the budget and returns false when it has already answered. It is nil before the call is
	// verified.
	unwatch func() bool

	mu       sync.Mutex // over sent, finished and writes to w
	sent     resultcode.Code
	wrote    int  // bytes of the answer
	finished bool // the HTTP server owns w again
}

// keptBuffer is how much of a buffer is kept for the next call.
const keptBuffer = 16 << 10

func newExchange(f *Facade) *exchange {
	return &exchange{f: f, body: make([]byte, 0, 1<<10), out: make([]byte, 0, 1<<10), header: make(http.Header)}
}

// reset makes the exchange ready for the next call.
func (x *exchange) reset() {
	body, out := x.body[:0], x.out[:0]
	x.object.Reset()
	if cap(body) > keptBuffer {
		long := body
		x.f.long.Put(&long)
		body = make([]byte, 0, 1<<10)
	}
	if cap(out) > keptBuffer {
		out = make([]byte, 0, 1<<10)
	}
	object, header := x.object, x.header
	clear(header)
	clear(out[:cap(out)]) // it may hold credentials
	*x = exchange{f: x.f, body: body, out: out, object: object, header: header}
}
