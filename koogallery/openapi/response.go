package openapi

import (
	"encoding/json"
	"net/http"
	"strings"
)

// envelope is what the interface or the gateway before it answers (open-apis §1.3, §2.3).
type envelope struct {
	ResultCode text            `json:"resultCode"`
	ResultMsg  text            `json:"resultMsg"`
	OrderInfo  json.RawMessage `json:"orderInfo"`

	GatewayCode text `json:"error_code"`
	GatewayMsg  text `json:"error_msg"`
	RequestID   text `json:"request_id"`
}

// interpret turns an answer into an order or an *Error.
func (c *Client) interpret(a answer) (*OrderInfo, error) {
	failure := &Error{call: callQuery, HTTPStatus: a.status, RequestID: a.requestID}
	e, message, ok := open(a, failure)
	switch {
	case !ok:
	case a.status != http.StatusOK || (failure.Code != "" && !isSuccess(failure.Code)):
		failure.Message = c.scrub(message)
		failure.Retryable = retryable(a.status, failure.Code)
	case failure.Code == "":
		failure.Message, failure.err = "the answer holds no result code", ErrResponse
		failure.Retryable = true
	case isNull(e.OrderInfo):
		failure.Message, failure.err = "success without an order", ErrNoOrder
		failure.Retryable = true
	default:
		order, err := DecodeOrder(e.OrderInfo)
		if err == nil {
			return order, nil
		}
		failure.Message, failure.err = err.Error(), err
	}
	return nil, failure
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
	failure.Code = normalise(cleanCode(string(e.GatewayCode)))
	return e, string(e.GatewayMsg), true
}

// isSuccess accepts MKT.0000 and CBC.0000, and zeros of any length without a prefix.
func isSuccess(code string) bool {
	s := suffix(code)
	return !strings.HasPrefix(code, gatewayPrefix) && len(s) >= len(SuffixSuccess) && strings.Trim(s, "0") == ""
}
