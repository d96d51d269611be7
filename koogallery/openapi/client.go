package openapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
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
	sign           func(r *http.Request, body []byte) error
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
	callQuery  = "query order"
	callUpload = "upload licence"
)

// call is a request that has not been sent yet.
type call struct {
	name, method string
	path         string // escaped
	query        url.Values
	contentType  string
	body         []byte
}

// attempt sends a call once, or twice when no connection to the main host can be made.
func (c *Client) attempt(ctx context.Context, r call) (answer, error) {
	a, connected, err := c.send(ctx, c.base, r)
	if !connected && c.fallback != nil && ctx.Err() == nil && errors.Is(err, ErrNetwork) && !isCertificate(err) {
		a, _, err = c.send(ctx, c.fallback, r)
	}
	return a, err
}

// answer is an HTTP answer whose body has been read.
type answer struct {
	status    int
	requestID string
	body      []byte
}

// send performs one attempt. connected reports whether a connection was made,
// and with it, whether the host may have seen the request.
func (c *Client) send(ctx context.Context, base *url.URL, call call) (a answer, connected bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var got atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	})

	target := base.JoinPath(call.path)
	target.RawQuery = call.query.Encode()
	r, err := http.NewRequestWithContext(ctx, call.method, target.String(), bytes.NewReader(call.body))
	if err != nil {
		return a, false, fmt.Errorf("%w: request", ErrArgument)
	}
	r.Header.Set("Content-Type", call.contentType)
	r.Header.Set("Accept", "application/json")
	if err := c.sign(r, call.body); err != nil {
		return a, false, &Error{call: call.name, Message: "the request cannot be signed", err: err}
	}

	resp, err := c.http.Do(r)
	if err != nil {
		return a, got.Load(), c.networkError(call.name, 0, "", err)
	}
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	a.requestID = cleanID(resp.Header.Get("X-Request-Id"))
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	switch {
	case int64(len(a.body)) > c.maxResponse:
		return a, true, &Error{call: call.name, HTTPStatus: a.status, RequestID: a.requestID, Message: "the answer is too large", Retryable: a.status >= 500, err: ErrResponseSize}
	case err != nil:
		return a, true, c.networkError(call.name, a.status, a.requestID, err)
	default:
		return a, true, nil
	}
}

// networkError hides the URL that net/http puts into its errors, and keeps the cause.
func (c *Client) networkError(name string, status int, requestID string, err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &Error{call: name, HTTPStatus: status, RequestID: requestID, Message: c.scrub(err.Error()), Retryable: true, err: errors.Join(ErrNetwork, err)}
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
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
