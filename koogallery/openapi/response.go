// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// envelope is what the interface or the gateway before it answers (open-apis §1.3, §2.3).
type envelope struct {
	ResultCode text            `json:"resultCode"`
	ResultMsg  loose           `json:"resultMsg"`
	OrderInfo  json.RawMessage `json:"orderInfo"`

	ErrorCode loose           `json:"error_code"` // the gateway and all interfaces but query order
	ErrorMsg  loose           `json:"error_msg"`
	Data      json.RawMessage `json:"data"`
	RequestID loose           `json:"request_id"`
}

// interpret turns an answer into an order or an *Error.
func (c *Client) interpret(a answer) (*OrderInfo, error) {
	e, failure := c.judge(callQuery, a)
	if failure != nil {
		return nil, failure
	}
	failure = a.failure(callQuery)
	failure.Code = normalise(cleanCode(cmp.Or(string(e.ResultCode), string(e.ErrorCode))))
	failure.RequestID = cmp.Or(cleanID(string(e.RequestID)), a.requestID)
	if isNull(e.OrderInfo) {
		failure.Message, failure.err, failure.Retryable = "success without an order", ErrNoOrder, true
		return nil, failure
	}
	order, err := DecodeOrder(e.OrderInfo)
	if err != nil {
		failure.Message, failure.err = err.Error(), err
		return nil, failure
	}
	return order, nil
}

// judge tells success from failure. secrets are what was sent and must not be
// echoed in an error. With a failure the envelope is what could be read of it.
func (c *Client) judge(name string, a answer, secrets ...string) (envelope, *Error) {
	failure := a.failure(name)
	e, message, ok := open(a, failure)
	// Code and id are tokens of the server, but even they could be an echo.
	if strings.Trim(suffix(failure.Code), "0123456789") != "" && echoes(failure.Code, secrets) {
		failure.Code = ""
	}
	if echoes(failure.RequestID, secrets) {
		failure.RequestID = ""
	}
	if a.exchange != nil {
		a.exchange.Code = failure.Code
	}
	switch {
	case !ok:
	case a.status == http.StatusOK && isSuccess(failure.Code):
		return e, nil
	case a.status == http.StatusOK && failure.Code == "":
		failure.Message, failure.err, failure.Retryable = "the answer holds no result code", ErrResponse, true
	default:
		failure.Message = c.clean(message, masker(secrets))
		failure.Retryable = retryable(a.status, failure.Code)
	}
	failure.Unsent = unsent(a.status, failure.Code)
	return e, failure
}

// clean scrubs a text of the server in which what was sent may be echoed, even
// with control characters in between.
func (c *Client) clean(message string, echo *strings.Replacer) string {
	return c.scrub(echo.Replace(printable(echo.Replace(message))))
}

// masker masks what was sent, longer texts before those they begin with.
func masker(secrets []string) *strings.Replacer {
	secrets = slices.Clone(secrets)
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, mask)
		}
	}
	return strings.NewReplacer(pairs...)
}

// echoes reports whether a token holds what was sent. Texts so short that they
// occur by chance do not count.
func echoes(token string, secrets []string) bool {
	const telling = 6
	token = strings.ToUpper(token)
	return slices.ContainsFunc(secrets, func(s string) bool {
		return len(s) >= telling && strings.Contains(token, strings.ToUpper(s))
	})
}

// open decodes an answer's envelope and puts its code and request id into
// failure. ok is false when it cannot be read; then failure is complete.
func open(a answer, failure *Error) (e envelope, message string, ok bool) {
	if decodeObject(a.body, &e, "answer") != nil {
		failure.Message = "the answer is not a JSON object of the documented kind"
		failure.Retryable = a.status == http.StatusOK || retryable(a.status, "")
		failure.err = ErrResponse
		return e, "", false
	}
	if id := cleanID(string(e.RequestID)); id != "" {
		failure.RequestID = id
	}
	if failure.Code = normalise(cleanCode(string(e.ResultCode))); failure.Code != "" {
		return e, string(e.ResultMsg), true
	}
	failure.Code = normalise(cleanCode(string(e.ErrorCode)))
	return e, string(e.ErrorMsg), true
}

// isSuccess accepts MKT.0000 and CBC.0000, zeros of any length without a prefix,
// and the success of the licence code interfaces.
func isSuccess(code string) bool {
	if code == CodeLicenseSuccess {
		return true
	}
	s := suffix(code)
	return !strings.HasPrefix(code, gatewayPrefix) && len(s) >= len(SuffixSuccess) && strings.Trim(s, "0") == ""
}
