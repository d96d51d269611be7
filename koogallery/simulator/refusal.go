package simulator

import (
	"net/http"
	"strings"
)

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

// write answers with the refusal. The gateway's errors have a shape of their own.
func (r refusal) write(w http.ResponseWriter, requestID string) {
	w.Header().Set("X-Request-Id", requestID)
	if strings.HasPrefix(r.code, "APIGW.") {
		writeJSON(w, r.status, map[string]string{
			"error_code": r.code, "error_msg": r.message, "request_id": requestID,
		})
		return
	}
	answer := map[string]string{"resultCode": r.code, "resultMsg": r.message}
	if r.extra {
		answer["extra_info"] = r.message
	}
	writeJSON(w, r.status, answer)
}
