// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
)

// Timeout is how long a check against a server in the same process waits for an answer by its [Clock]. The odd length tells its timers
// from those of somebody who sleeps.
const Timeout = 5*time.Second + time.Microsecond

// Clock is a virtual clock: whoever sleeps is awake at once, and it is as much later.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows an evening in Beijing.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)} }

// Now implements clock.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewTimer implements clock.Clock. A timer of Timeout never fires.
func (c *Clock) NewTimer(d time.Duration) clock.Timer {
	t := timer(make(chan time.Time, 1))
	if d != Timeout {
		c.Advance(d)
		t <- c.Now()
	}
	return t
}

type timer chan time.Time

func (t timer) C() <-chan time.Time { return t }
func (t timer) Stop()               {}

// Client returns a client whose calls a handler in the same process answers, without a connection.
func Client(h http.Handler) *http.Client { return &http.Client{Transport: direct{h}} }

type direct struct{ h http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if recover() != nil { // the server fell over: the connection is cut
			response, err = nil, io.ErrUnexpectedEOF
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Header = http.Header{}
	for name, values := range r.Header { // as a server reads them
		in.Header[http.CanonicalHeaderKey(name)] = values
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	w.Body = new(bytes.Buffer)
	d.h.ServeHTTP(w, in)
	return w.Result(), nil
}
