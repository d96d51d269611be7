// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/outbound"
)

// Caller makes calls; *outbound.Guard is one.
type Caller interface {
	Do(r *http.Request) (*http.Response, error)
}

// Client hands calls on. Safe for concurrent use.
type Client struct{ caller Caller }

// New returns a client.
func New(c Caller) *Client { return &Client{c} }

// Call is a call to be handed on.
type Call struct {
	Method string
	URL    *url.URL    // with the query as it came
	Header http.Header // names are sent as they are written here
	Body   []byte      // nil for a call without one
	Limit  int         // the longest answer that is taken, in bytes
}

// Answer is what the old server said.
type Answer struct {
	Status      int // of HTTP
	Body        []byte
	ContentType string
	BodySign    string // the header's value; empty when there is none

	Code       string            // resultCode
	Message    string            // resultMsg
	InstanceID string            // instanceId of an answer to a call that creates
	Info       []json.RawMessage // of an answer to queryInstance
}

// Why there is no answer that could be handed on, beside the words of package outbound.
const (
	Redirect = outbound.Redirect // it sends the caller elsewhere
	TooLong  = outbound.TooLong  // the answer is longer than any may be
	NoAnswer = "NO_ANSWER"       // what came is no JSON with a resultCode of six characters
)

// Error says why there is no answer. The call may have had its effect all the same.
type Error struct {
	Why    string // a word
	Status int    // of HTTP; 0 when nothing came
	cause  error
}

// Error implements error.
func (e *Error) Error() string { return "forward: " + e.Why }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Do hands a call on and returns the answer, whatever its code is. Errors: *Error.
func (c *Client) Do(ctx context.Context, x Call) (Answer, error) {
	r := (&http.Request{Method: x.Method, URL: x.URL, Host: x.URL.Host, Header: x.Header, ContentLength: int64(len(x.Body))}).WithContext(ctx)
	// A body that cannot be read twice: the transport would repeat a GET by itself when a kept connection turns out to be closed, and the call
	// would be made twice.
	r.Body = once{bytes.NewReader(x.Body)}
	resp, err := c.caller.Do(r)
	if err != nil {
		return Answer{}, &Error{Why: outbound.Why(ctx, err), cause: err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return Answer{}, &Error{Why: Redirect, Status: resp.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(x.Limit)+1))
	switch {
	case err != nil:
		return Answer{}, &Error{Why: outbound.Why(ctx, err), Status: resp.StatusCode, cause: err}
	case len(body) > x.Limit:
		return Answer{}, &Error{Why: TooLong, Status: resp.StatusCode}
	}
	a := Answer{Status: resp.StatusCode, Body: body, ContentType: resp.Header.Get("Content-Type"), BodySign: resp.Header.Get(sign.BodySignHeader)}
	if err := a.read(); err != nil {
		return Answer{}, &Error{Why: NoAnswer, Status: resp.StatusCode, cause: err}
	}
	return a, nil
}

var errNoCode = errors.New("forward: no resultCode")

// codeLength is how long every result code is.
const codeLength = 6

// read takes from the body what Koogate has to know. Members of other forms than the documents have are left alone, but for the code.
func (a *Answer) read() error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(a.Body, &members); err != nil {
		return err
	}
	text := func(name string) (s string) {
		_ = json.Unmarshal(members[name], &s) // no text is none
		return s
	}
	a.Code, a.Message, a.InstanceID = text("resultCode"), text("resultMsg"), text("instanceId")
	_ = json.Unmarshal(members["info"], &a.Info) // likewise
	if len(a.Code) != codeLength {
		return errNoCode
	}
	for _, c := range a.Code {
		if c < '0' || c > '9' {
			return errNoCode
		}
	}
	return nil
}

// once is a body that nobody can rewind.
type once struct{ io.Reader }

// Close implements io.Closer.
func (once) Close() error { return nil }
