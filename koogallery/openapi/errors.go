// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Sentinels. All but ErrArgument and ErrConfig come inside an *Error.
var (
	// ErrArgument says that what is given to a method is unusable. Nothing was
	// sent. The errors of methods that take lists name the element and the field.
	ErrArgument = errors.New("openapi: unusable argument")

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

// Codes of the usage interfaces beside those of query order, as [Error.Suffix]
// returns them (open-apis §3.6). The older generation is printed with MKT or CBC,
// the newer one begins with 9406 and has no prefix. 94060003 and 94060005 were
// not seen.
const (
	SuffixBodySign      = "0102" // 400, the signature over the body is wrong
	SuffixUsageInstance = "9001" // 500, there is no such instance
	SuffixUsageEntities = "9002" // 500, invalid usage entries
	SuffixUsageSize     = "9003" // 500, too many records
	SuffixUsageBegin    = "9004" // 500, a record begins more than 21 days ago
	SuffixUsageOther    = "9005" // named by the documents, not explained

	CodeUsageInternal  = "94060001" // 500, other internal error; retryable
	CodeUsageAuth      = "94060002" // 401, authentication failed
	CodeUsageParameter = "94060004" // 400, parameter error
	CodeUsageAbnormal  = "94060999" // one or more records are abnormal
)

// Codes of the licence code interfaces (saas-v1 §5.2c). All but success are
// answered with HTTP 200 too.
const (
	CodeLicenseSuccess      = "92020000"
	CodeLicenseInternal     = "92020001" // retryable
	CodeLicenseParameter    = "92020002"
	CodeLicenseState        = "92020003" // see IsAlreadyActivated
	CodeLicenseNotReceived  = "92020004" // see IsNotReceived
	CodeLicenseUnknown      = "92020005" // see IsUnknownLicense
	CodeLicenseNotActivated = "92020011" // see IsNotActivated
	CodeLicenseInvalidBatch = "92020020" // see IsInvalidInBatch
)

// Codes of the framework in front of the newer interfaces (saas-v1 §5.2c).
const (
	CodeRequestParameter   = "95000001" // 400, pattern, length or mandatory parameter
	CodeRequestMethod      = "95000002" // 405
	CodeRequestContentType = "95000003" // 415, not application/json
	CodeRequestUnreadable  = "95000004" // 400, the body is not JSON
)

// Codes of the upload interface, which answers them with HTTP 200 (saas-v1 §6.1).
const (
	CodeUploadInvalid = "91381033" // the licence resource is invalid; final. The page cuts the number off: inferred
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
	// network errors, answers that cannot be read, the internal errors 0999,
	// 94060001 and 92020001, rate limits (0250, 406, 429, APIGW.0308), 408 and 5xx
	// without a documented code. It is false for the documented refusals 0100, 0101,
	// 0102, 0199, 0150, 0151, 0154, 9001 to 9005, 94060002, 94060004, 92020002 and
	// above, 95000001 to 95000004, 91381033 to 91381035, redirects and other 4xx.
	// A call that may have taken effect already is no less Retryable: see Sent.
	Retryable bool

	// Unsent says that the call certainly had no effect: see Sent.
	Unsent bool

	// RetryAfter is how long a limited or overloaded server asks to wait, at most
	// MaxRetryAfter. Zero if it does not say.
	RetryAfter time.Duration

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

// Sent reports whether the call may have taken effect at the marketplace. It is
// true, an unknown outcome, after a timeout or a broken connection once a
// connection was there to write to, after 5xx, and after an answer of success
// that cannot be read or carries a code that is not documented. It is false if
// the call was refused before it was sent, if no connection could be made, after
// 3xx and 4xx, and after a documented refusal with whatever status: the older
// usage interface refuses with 500.
func (e *Error) Sent() bool { return !e.Unsent }

// RateLimited reports whether the marketplace or its gateway refused the call
// because there were too many: 429, 406, 0250 or APIGW.0308.
func (e *Error) RateLimited() bool {
	return e.HTTPStatus == http.StatusTooManyRequests || e.HTTPStatus == http.StatusNotAcceptable ||
		e.Code == gatewayThrottled || (!e.Gateway() && e.Suffix() == SuffixRateLimit)
}

// MaxRetryAfter bounds Error.RetryAfter.
const MaxRetryAfter = time.Hour

// RetryAfter returns how long to wait before the next call of any kind, if err
// is an *Error because of a rate limit, or one that names a time to wait. The
// limits are not published and the wait may be zero, unknown: choose one then.
func RetryAfter(err error) (wait time.Duration, ok bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.RetryAfter, e.RetryAfter > 0 || e.RateLimited()
}

// Sent reports whether a call that returned err may have taken effect (see
// Error.Sent). It is false for ErrArgument and ErrConfig. It is true for nil and,
// to be safe, for errors of other packages.
func Sent(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Sent()
	}
	return !errors.Is(err, ErrArgument) && !errors.Is(err, ErrConfig)
}

// HasCode reports whether err is an *Error of the marketplace, not of its
// gateway, whose code has the given suffix: one of the Suffix and Code constants.
func HasCode(err error, suffix string) bool {
	var e *Error
	return errors.As(err, &e) && !e.Gateway() && e.Code != "" && e.Suffix() == suffix
}

// IsAlreadyActivated reports whether the state of a licence code does not allow
// the call (92020003): as a rule it is active already. After an activation with an
// unknown outcome this is what a repeat answers: ask QueryLicense.
func IsAlreadyActivated(err error) bool { return HasCode(err, CodeLicenseState) }

// IsNotReceived reports whether the buyer has not collected the licence code yet
// (92020004), so that it cannot be activated.
func IsNotReceived(err error) bool { return HasCode(err, CodeLicenseNotReceived) }

// IsUnknownLicense reports whether there is no such licence code (92020005).
func IsUnknownLicense(err error) bool { return HasCode(err, CodeLicenseUnknown) }

// IsNotActivated reports whether the licence code has not been activated (92020011).
func IsNotActivated(err error) bool { return HasCode(err, CodeLicenseNotActivated) }

// IsInvalidInBatch reports whether a batch was refused because of a licence code
// in it (92020020).
func IsInvalidInBatch(err error) bool { return HasCode(err, CodeLicenseInvalidBatch) }

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
		case SuffixInternal, SuffixRateLimit, CodeUsageInternal, CodeLicenseInternal:
			return true
		}
		if refusal(code) {
			return false
		}
	}
	return status >= 500
}

// unsent applies the rule in the comment of Error.Sent to an answer.
func unsent(status int, code string) bool {
	if status >= 300 && status < 500 {
		return true
	}
	if strings.HasPrefix(code, gatewayPrefix) {
		return code == gatewayThrottled
	}
	return suffix(code) == SuffixRateLimit || refusal(code)
}

// refusal reports whether the marketplace documents code as a final refusal.
func refusal(code string) bool {
	if strings.HasPrefix(code, gatewayPrefix) {
		return false
	}
	switch suffix(code) {
	case SuffixParameterValue, SuffixParameter, SuffixRequest, SuffixNotPermitted, SuffixNoAuthority, SuffixToken, SuffixBodySign,
		SuffixUsageInstance, SuffixUsageEntities, SuffixUsageSize, SuffixUsageBegin, SuffixUsageOther,
		CodeUsageAuth, CodeUsageParameter,
		CodeLicenseParameter, CodeLicenseState, CodeLicenseNotReceived, CodeLicenseUnknown, CodeLicenseNotActivated, CodeLicenseInvalidBatch,
		CodeRequestParameter, CodeRequestMethod, CodeRequestContentType, CodeRequestUnreadable,
		CodeUploadInvalid, CodeNoApplication, CodeNothingLeft:
		return true
	default:
		return false
	}
}

// retryAfter reads the header Retry-After: seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), MaxRetryAfter)
}
