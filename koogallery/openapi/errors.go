package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Sentinels. All but ErrArgument and ErrConfig come inside an *Error.
var (
	// ErrArgument says that an id given to QueryOrder, or what is given to
	// UploadLicence, is unusable.
	ErrArgument = errors.New("openapi: unusable id or upload")

	// ErrNetwork says that no complete answer arrived. The cause matches too,
	// for instance context.DeadlineExceeded.
	ErrNetwork = errors.New("openapi: no answer")

	// ErrResponseSize says that an answer is larger than Config.MaxResponse.
	ErrResponseSize = errors.New("openapi: answer too large")

	// ErrResponse says that an answer is not JSON of the documented kind.
	ErrResponse = errors.New("openapi: answer not understood")

	// ErrNoOrder says that an answer reports success but holds no order.
	ErrNoOrder = errors.New("openapi: answer without an order")
)

// Codes of the query order interface, as [Error.Suffix] returns them (open-apis §2.6).
const (
	SuffixSuccess        = "0000" // 200
	SuffixInternal       = "0999" // 500, other internal error; retryable
	SuffixParameterValue = "0100" // 500, value out of range, illegal or badly formatted
	SuffixParameter      = "0101" // 400, unknown parameter, or a mandatory one missing
	SuffixRequest        = "0199" // 400, other parameter error
	SuffixNotPermitted   = "0150" // 401, for instance the product belongs to another seller
	SuffixNoAuthority    = "0151" // 401, the caller has no seller role
	SuffixToken          = "0154" // 401, authentication failed
	SuffixRateLimit      = "0250" // 406, called too often; retryable
)

// Codes of the upload interface, which answers them with HTTP 200 (saas-v1 §6.1).
const (
	CodeNoApplication = "91381034" // there is no such licence application; final
	CodeNothingLeft   = "91381035" // the period has no remaining amount; final
)

// gatewayPrefix begins the codes of the API gateway in front of the interface.
const gatewayPrefix = "APIGW."

// gatewayThrottled is the gateway's code for too many requests (open-apis §1.3).
const gatewayThrottled = "APIGW.0308"

// Error is the failure of a call. It holds no key and no buyer data.
type Error struct {
	// HTTPStatus is the status of the answer, 0 if none arrived.
	HTTPStatus int

	// Code is the code in the answer, "" if there was none. Codes that the
	// documents print with either prefix, MKT.0101 or CBC.0101, are normalised
	// to MKT; gateway codes keep their prefix APIGW.
	Code string

	// Message is the server's text or a text of this package: at most 256
	// characters, without control characters, with keys, mail addresses and long
	// runs of digits masked.
	Message string

	// Retryable says whether the same call may succeed later. It is true for
	// network errors, answers that cannot be read, 0999, rate limits (0250, 406,
	// 429, APIGW.0308), 408 and 5xx without a documented code. It is false for the
	// documented refusals 0100, 0101, 0199, 0150, 0151, 0154, 9001 to 9005, 91381034
	// and 91381035, redirects and other 4xx.
	Retryable bool

	// RequestID is the gateway's id of the request, for a support case. May be "".
	RequestID string

	call string
	err  error
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("openapi: " + cmp.Or(e.call, callQuery))
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.HTTPStatus)
	}
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the sentinel and cause behind the error, or nil.
func (e *Error) Unwrap() error { return e.err }

// Suffix returns what follows the last dot of Code. Match on it, because the
// documents print the same code with different prefixes, but see Gateway first.
func (e *Error) Suffix() string { return suffix(e.Code) }

// Gateway reports whether Code is one of the API gateway's own. Their numbers
// are unrelated to the marketplace's.
func (e *Error) Gateway() bool { return strings.HasPrefix(e.Code, gatewayPrefix) }

// Retryable reports whether err, or an error it wraps, is an *Error worth
// repeating. A nil error is not.
func Retryable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Retryable
}

// suffix cuts the prefix off a code.
func suffix(code string) string { return code[strings.LastIndexByte(code, '.')+1:] }

// normalise gives the marketplace's codes one spelling.
func normalise(code string) string {
	code = strings.ToUpper(code)
	if strings.HasPrefix(code, "CBC.") {
		return "MKT." + code[len("CBC."):]
	}
	if len(code) == len(SuffixSuccess) && strings.Trim(code, "0123456789") == "" {
		return "MKT." + code
	}
	return code
}

// retryable applies the table in the comment of Error.Retryable.
func retryable(status int, code string) bool {
	switch status {
	case http.StatusNotAcceptable, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	}
	if code == gatewayThrottled {
		return true
	}
	if !strings.HasPrefix(code, gatewayPrefix) {
		switch suffix(code) {
		case SuffixInternal, SuffixRateLimit:
			return true
		case SuffixParameterValue, SuffixParameter, SuffixRequest, SuffixNotPermitted, SuffixNoAuthority, SuffixToken,
			"9001", "9002", "9003", "9004", "9005", CodeNoApplication, CodeNothingLeft:
			return false
		}
	}
	return status >= 500
}
