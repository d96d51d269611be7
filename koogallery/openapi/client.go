// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	// QueryOrderPath is the path of the query order interface (open-apis §2.1).
	QueryOrderPath = "/api/mkp-openapi-public/global/v1/order/query"

	// ContentType is the content type that requests carry and sign.
	ContentType = "application/json;charset=UTF-8"

	// MaxID is the longest order id or order line id, in characters.
	MaxID = 64
)

// Client calls the open APIs. It is safe for concurrent use and needs no
// closing. Create it with New.
type Client struct {
	base, fallback *url.URL
	http           *http.Client
	timeout        time.Duration
	maxResponse    int64
	now            func() time.Time
	sign           func(r *http.Request, body []byte) error
	usageSign      func(ts, nonce string, body []byte) string // nil without a key
	usageOnly      bool                                       // a usage push goes without AK/SK
	mainOnly       []API                                      // without the fallback host
	scrub          func(string) string
}

// QueryOrder fetches an order (open-apis §2). With an empty orderLineID all
// lines of the order come back. The ids of MockOrders are answered by the real
// service too, with invented data.
//
// It makes one attempt. If no connection to the main host can be made, and a
// fallback host is configured, it makes one more there; a certificate that does
// not verify is a finding and not a reason to go elsewhere.
//
// Errors: ErrArgument if orderID is empty, an id is longer than MaxID
// characters or holds a control character; otherwise an *Error. Use Retryable
// to decide about repeating.
func (c *Client) QueryOrder(ctx context.Context, orderID, orderLineID string) (*OrderInfo, error) {
	if !validID(orderID) || (orderLineID != "" && !validID(orderLineID)) {
		return nil, ErrArgument
	}
	query := url.Values{"orderId": {orderID}}
	if orderLineID != "" {
		query.Set("orderLineId", orderLineID)
	}

	answer, err := c.attempt(ctx, call{
		name: callQuery, method: http.MethodGet, path: QueryOrderPath, query: query, contentType: ContentType,
	})
	if err != nil {
		return nil, err
	}
	return c.interpret(answer)
}

// The names of the calls, for the texts of errors.
const (
	callQuery         = "query order"
	callUpload        = "upload licence"
	callUsage         = "push usage"
	callUsageOld      = "push usage (old)"
	callActivate      = "activate licence"
	callActivateBatch = "activate licences"
	callLicense       = "query licence"
	callLicenseBatch  = "query licences"
	callLicenseUsage  = "report licence usage"
	callAsset         = "query asset"
)

// call is a request that has not been sent yet.
type call struct {
	name, method string
	path         string // escaped
	query        url.Values
	contentType  string
	header       http.Header // further headers; may be nil
	body         []byte
	unsigned     bool // no AK/SK
}

// attempt sends a call once, or twice when no connection to the main host can be made.
func (c *Client) attempt(ctx context.Context, r call) (answer, error) {
	a, err := c.send(ctx, c.base, r)
	if err != nil && !Sent(err) && c.fallback != nil && !slices.Contains(c.mainOnly, r.api()) && ctx.Err() == nil && errors.Is(err, ErrNetwork) && !isCertificate(err) {
		a, err = c.send(ctx, c.fallback, r)
	}
	return a, err
}

// answer is an HTTP answer whose body has been read.
type answer struct {
	status     int
	requestID  string
	retryAfter time.Duration
	body       []byte
	exchange   *Exchange // nil for an answer that nobody asked for
}

// failure begins the error of a call that was answered.
func (a answer) failure(name string) *Error {
	return &Error{call: name, HTTPStatus: a.status, RequestID: a.requestID, RetryAfter: a.retryAfter}
}

// send performs one attempt.
func (c *Client) send(ctx context.Context, base *url.URL, call call) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var line connection
	ctx = httptrace.WithClientTrace(ctx, line.trace())

	target := base.JoinPath(call.path)
	target.RawQuery = call.query.Encode()
	r, err := http.NewRequestWithContext(ctx, call.method, target.String(), bytes.NewReader(call.body))
	if err != nil {
		return a, fmt.Errorf("%w: request", ErrArgument)
	}
	for name, values := range call.header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", call.contentType)
	r.Header.Set("Accept", "application/json")
	if !call.unsigned {
		if err := c.sign(r, call.body); err != nil {
			return a, &Error{call: call.name, Message: "the request cannot be signed", Unsent: true, err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		failure := c.networkError(call.name, a, err)
		failure.Unsent = true
		return a, failure
	}

	a.exchange = exchangeOf(ctx)
	*a.exchange = Exchange{Tries: a.exchange.Tries + 1, Request: len(call.body), Asked: call.asked()}
	resp, err := c.http.Do(r)
	if err != nil {
		failure := c.networkError(call.name, a, err)
		failure.Unsent = line.neverMade(err)
		return a, failure
	}
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	a.requestID = cleanID(resp.Header.Get("X-Request-Id"))
	a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), c.now())
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	a.exchange.HTTPStatus, a.exchange.Answer, a.exchange.Said = a.status, len(a.body), a.body
	switch {
	case int64(len(a.body)) > c.maxResponse:
		failure := a.failure(call.name)
		failure.Message, failure.err = "the answer is too large", ErrResponseSize
		failure.Retryable, failure.Unsent = a.status >= 500, unsent(a.status, "")
		return a, failure
	case err != nil:
		failure := c.networkError(call.name, a, err)
		failure.Unsent = unsent(a.status, "")
		return a, failure
	default:
		return a, nil
	}
}

// asked is what the call says: its body or, where it has none, its parameters.
func (c *call) asked() []byte {
	if len(c.body) > 0 || len(c.query) == 0 {
		return c.body
	}
	params := make(map[string]string, len(c.query))
	for name := range c.query {
		params[name] = c.query.Get(name)
	}
	text, _ := json.Marshal(params) // strings
	return text
}

// connection watches whether a request got a connection to be written to.
type connection struct{ asked, got atomic.Bool }

func (l *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		// net/http asks again only if nothing was written to the first connection,
		// or if the request is a GET.
		GetConn: func(string) { l.asked.Store(true); l.got.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { l.got.Store(true) },
	}
}

// neverMade reports whether no host can have seen the request. A transport that
// does not report what it does is believed only when it failed to dial.
func (l *connection) neverMade(err error) bool {
	if l.asked.Load() {
		return !l.got.Load()
	}
	var op *net.OpError
	return !l.got.Load() && errors.As(err, &op) && op.Op == "dial"
}

// networkError hides the URL that net/http puts into its errors, and keeps the cause.
func (c *Client) networkError(name string, a answer, err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	failure := a.failure(name)
	failure.Message, failure.Retryable, failure.err = c.scrub(err.Error()), true, errors.Join(ErrNetwork, err)
	return failure
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// post prepares a JSON request with AK/SK.
func post(name, path string, body []byte) call {
	return call{name: name, method: http.MethodPost, path: path, contentType: ContentType, body: body}
}

func validID(id string) bool { return validText(id, MaxID) }

// validText reports whether a text has 1 to limit characters and none of them is a control character.
func validText(text string, limit int) bool {
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit {
		return false
	}
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}
