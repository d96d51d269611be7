package openapi

import (
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
	sign           func(*http.Request) error
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

	answer, connected, err := c.get(ctx, c.base, query)
	if !connected && c.fallback != nil && ctx.Err() == nil && errors.Is(err, ErrNetwork) && !isCertificate(err) {
		answer, _, err = c.get(ctx, c.fallback, query)
	}
	if err != nil {
		return nil, err
	}
	return c.interpret(answer)
}

// answer is an HTTP answer whose body has been read.
type answer struct {
	status    int
	requestID string
	body      []byte
}

// get performs one attempt. connected reports whether a connection was made,
// and with it, whether the host may have seen the request.
func (c *Client) get(ctx context.Context, base *url.URL, query url.Values) (a answer, connected bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var got atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	})

	target := base.JoinPath(QueryOrderPath)
	target.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return a, false, fmt.Errorf("%w: request", ErrArgument)
	}
	r.Header.Set("Content-Type", ContentType)
	r.Header.Set("Accept", "application/json")
	if err := c.sign(r); err != nil {
		return a, false, &Error{Message: "the request cannot be signed", err: err}
	}

	resp, err := c.http.Do(r)
	if err != nil {
		return a, got.Load(), c.networkError(0, "", err)
	}
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	a.requestID = cleanID(resp.Header.Get("X-Request-Id"))
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	switch {
	case int64(len(a.body)) > c.maxResponse:
		return a, true, &Error{HTTPStatus: a.status, RequestID: a.requestID, Message: "the answer is too large", Retryable: a.status >= 500, err: ErrResponseSize}
	case err != nil:
		return a, true, c.networkError(a.status, a.requestID, err)
	default:
		return a, true, nil
	}
}

// networkError hides the URL that net/http puts into its errors, and keeps the cause.
func (c *Client) networkError(status int, requestID string, err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &Error{HTTPStatus: status, RequestID: requestID, Message: c.scrub(err.Error()), Retryable: true, err: errors.Join(ErrNetwork, err)}
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

func validID(id string) bool {
	if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(id) > MaxID {
		return false
	}
	for _, r := range id {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}
