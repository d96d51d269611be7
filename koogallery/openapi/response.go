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
	failure := &Error{HTTPStatus: a.status, RequestID: a.requestID}
	var e envelope
	if decodeObject(a.body, &e, "answer") != nil {
		failure.Message = "the answer is not a JSON object of the documented kind"
		failure.Retryable = a.status == http.StatusOK || retryable(a.status, "")
		failure.err = ErrResponse
		return nil, failure
	}
	if id := cleanID(string(e.RequestID)); id != "" {
		failure.RequestID = id
	}
	message := e.ResultMsg
	failure.Code = normalise(cleanCode(string(e.ResultCode)))
	if failure.Code == "" {
		failure.Code, message = normalise(cleanCode(string(e.GatewayCode))), e.GatewayMsg
	}

	switch {
	case a.status != http.StatusOK || (failure.Code != "" && !isSuccess(failure.Code)):
		failure.Message = c.scrub(string(message))
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

// isSuccess accepts MKT.0000 and CBC.0000, and zeros of any length without a prefix.
func isSuccess(code string) bool {
	s := suffix(code)
	return !strings.HasPrefix(code, gatewayPrefix) && len(s) >= len(SuffixSuccess) && strings.Trim(s, "0") == ""
}
