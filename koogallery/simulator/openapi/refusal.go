// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"net/http"
	"strings"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

// gatewayCodes begins the codes of the gateway (open-apis §1.3).
const gatewayCodes = "APIGW."

// refusal is an error answer of the open API (open-apis §1.3, §2.6).
type refusal struct {
	status  int
	code    string
	message string
	extra   bool // the answer carries extra_info
}

// The refusals in use. The gateway's message is shortened: which check failed is
// nobody's business.
var (
	refuseGateway   = refusal{http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information", false}
	refuseToken     = refusal{http.StatusUnauthorized, "CBC.0154", "Illegal token", false}
	refuseForeign   = refusal{http.StatusUnauthorized, "CBC.0150", "Illegal operation", true}
	refuseParameter = refusal{http.StatusBadRequest, "CBC.0101", "Invalid parameter", false}
	refuseRequest   = refusal{http.StatusBadRequest, "CBC.0199", "Request parameter error", false}
	refuseValue     = refusal{http.StatusInternalServerError, "CBC.0100", "Failure of input parameter", true}
	refuseInternal  = refusal{http.StatusInternalServerError, "CBC.0999", "System internal error.", false}
	refuseRate      = refusal{http.StatusNotAcceptable, "CBC.0250", "Access frequency overlimit", true}
)

// plain prints the refusal as query order does. The gateway's errors have a shape
// of their own.
func (r refusal) plain(requestID string) reply {
	if strings.HasPrefix(r.code, gatewayCodes) {
		return r.gateway(requestID)
	}
	answer := map[string]string{"resultCode": r.code, "resultMsg": r.message}
	if r.extra {
		answer["extra_info"] = r.message
	}
	return reply{status: r.status, code: r.code, body: answer}
}

// named prints the refusal in the shape of the other open APIs, which is that of
// success, too.
func (r refusal) named(requestID string) reply {
	if strings.HasPrefix(r.code, gatewayCodes) {
		return r.gateway(requestID)
	}
	return reply{status: r.status, code: r.code, body: map[string]string{"error_code": r.code, "error_msg": r.message}}
}

func (r refusal) gateway(requestID string) reply {
	return reply{status: r.status, code: r.code, body: map[string]string{
		"error_code": r.code, "error_msg": r.message, "request_id": requestID,
	}}
}

// refuseOutage stands for an answer that is not the marketplace's.
var refuseOutage = refusal{status: http.StatusServiceUnavailable, message: "Service Unavailable"}

// refusalOf is how a fault is answered.
func refusalOf(f fault.Incident) refusal {
	r := refuseInternal
	if f.Kind == fault.RateLimit {
		r = refuseRate
	}
	if f.Status != 0 {
		r.status = f.Status
	}
	if f.Code != "" {
		r.code, r.message = f.Code, "Injected fault."
	}
	return r
}

// isJSON accepts application/json, also with a charset that no semicolon
// separates, as the documents print it (open-apis §1.2).
func isJSON(contentType string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(contentType)), "application/json")
	return ok && (rest == "" || rest[0] == ';' || rest[0] == ' ')
}
