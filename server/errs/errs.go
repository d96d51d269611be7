// SPDX-License-Identifier: Apache-2.0

// Package errs is how domains say what went wrong: a kind, a reason from the contract's ErrorReason list, a text that is
// safe to show, and a cause that is not. [ToStatus] turns it into a gRPC status, once, in an interceptor; the facade's
// result-code table reads the same errors.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of an error.
type Kind int

// The kinds, each with the gRPC code that it becomes.
const (
	Internal     Kind = iota // INTERNAL
	Invalid                  // INVALID_ARGUMENT
	NotFound                 // NOT_FOUND
	Conflict                 // ABORTED: the same key with other parameters, or a lease that is over
	Precondition             // FAILED_PRECONDITION: the state does not allow it
	Unauthorized             // UNAUTHENTICATED
	Unavailable              // UNAVAILABLE: may be repeated
	Forbidden                // PERMISSION_DENIED: the caller is known and may not
	Exhausted                // RESOURCE_EXHAUSTED: the caller asks for more at once than it may
	TooSlow                  // DEADLINE_EXCEEDED: stopped, since it took too long
	Unserved                 // UNIMPLEMENTED: no such method is served here
)

// Reason is a value of the contract's ErrorReason enum without its prefix.
type Reason string

// MetaScope is the key under which the metadata of a SCOPE_MISSING names the scope.
const MetaScope = "scope"

// The reasons; each is documented at its enum value in proto/koogate/v1/error_reason.proto.
const (
	InvalidField      Reason = "INVALID_FIELD"
	UnknownEnumValue  Reason = "UNKNOWN_ENUM_VALUE"
	OrderNotFound     Reason = "ORDER_NOT_FOUND"
	InstanceNotFound  Reason = "INSTANCE_NOT_FOUND"
	TaskNotFound      Reason = "TASK_NOT_FOUND"
	FencingTokenStale Reason = "FENCING_TOKEN_STALE"
	ConflictingRepeat Reason = "CONFLICTING_REPEAT"
	StateConflict     Reason = "STATE_CONFLICT"
	DeadlinePassed    Reason = "DEADLINE_PASSED"
	EtagMismatch      Reason = "ETAG_MISMATCH"
	PageTokenInvalid  Reason = "PAGE_TOKEN_INVALID"
	FilterInvalid     Reason = "FILTER_INVALID"
	TokenInvalid      Reason = "TOKEN_INVALID"
	ScopeMissing      Reason = "SCOPE_MISSING"
	ScopeNotHeld      Reason = "SCOPE_NOT_HELD"
	QueueNotFound     Reason = "QUEUE_NOT_FOUND"
	StoreUnavailable  Reason = "STORE_UNAVAILABLE"
	ResultInvalid     Reason = "RESULT_INVALID"
	EndpointNotFound  Reason = "ENDPOINT_NOT_FOUND"
	InternalFault     Reason = "INTERNAL"
	DirectoryNotFound Reason = "DIRECTORY_NOT_FOUND"
	ListBusy          Reason = "LIST_BUSY"
	ListTooSlow       Reason = "LIST_TOO_SLOW"

	QueueNotForWorkers     Reason = "QUEUE_NOT_FOR_WORKERS"
	UsageNotFound          Reason = "USAGE_NOT_FOUND"
	UsageSettled           Reason = "USAGE_SETTLED"
	QuotaExhausted         Reason = "QUOTA_EXHAUSTED"
	ReservationNotFound    Reason = "RESERVATION_NOT_FOUND"
	LicenceUnknown         Reason = "LICENCE_UNKNOWN"
	LicenceState           Reason = "LICENCE_STATE"
	MarketplaceUnavailable Reason = "MARKETPLACE_UNAVAILABLE"
	RestoreGap             Reason = "RESTORE_GAP"
	ManagedByFile          Reason = "MANAGED_BY_FILE"
	SettingNotFound        Reason = "SETTING_NOT_FOUND"
	PathNotFound           Reason = "PATH_NOT_FOUND"
	MethodNotAllowed       Reason = "METHOD_NOT_ALLOWED"
	CallNotFound           Reason = "CALL_NOT_FOUND"
	CallNotKept            Reason = "CALL_NOT_KEPT"
	ReplayNeedsForce       Reason = "REPLAY_NEEDS_FORCE"
	ServerStopping         Reason = "SERVER_STOPPING"
	DeliveryNotFound       Reason = "DELIVERY_NOT_FOUND"
	TargetForbidden        Reason = "TARGET_FORBIDDEN"
	RateLimited            Reason = "RATE_LIMITED"
	TokenExpired           Reason = "TOKEN_EXPIRED"
	TokenNotMapped         Reason = "TOKEN_NOT_MAPPED"
	IssuerUnavailable      Reason = "ISSUER_UNAVAILABLE"
	ForwardFailed          Reason = "FORWARD_FAILED"
	InstanceUnconfirmed    Reason = "INSTANCE_UNCONFIRMED"

	LoginApplicationNotFound Reason = "LOGIN_APPLICATION_NOT_FOUND"
	LoginNotFound            Reason = "LOGIN_NOT_FOUND"
	LoginSessionNotFound     Reason = "LOGIN_SESSION_NOT_FOUND"
	TicketRefused            Reason = "TICKET_REFUSED"
	LoginNotServed           Reason = "LOGIN_NOT_SERVED"
)

// Error is an error with a reason.
type Error struct {
	Kind   Kind
	Reason Reason
	Msg    string            // for the caller; no secrets, no personal data
	Meta   map[string]string // ErrorInfo metadata; no secrets
	Fields []Field           // BadRequest field violations
	Retry  time.Duration     // RetryInfo; 0 for none
	Cause  error             // for the log only
}

// Field is one field that breaks its bounds.
type Field struct{ Path, Msg string }

// Error implements error; the cause is not part of it.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error without a cause.
func New(k Kind, r Reason, format string, args ...any) *Error {
	return &Error{Kind: k, Reason: r, Msg: fmt.Sprintf(format, args...)}
}

// Wrap returns an error that keeps its cause for the log.
func Wrap(cause error, k Kind, r Reason, format string, args ...any) *Error {
	e := New(k, r, format, args...)
	e.Cause = cause
	return e
}

// BadField is INVALID_FIELD for a field that the caller named, by its path in the request.
func BadField(path, format string, args ...any) *Error {
	return BadFieldOf(InvalidField, path, format, args...)
}

// BadFieldOf is BadField with a reason of its own.
func BadFieldOf(r Reason, path, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	e := New(Invalid, r, "%s: %s", path, msg)
	e.Fields = []Field{{Path: path, Msg: msg}}
	return e
}

// As returns the *Error in err's chain, or an internal one that keeps err as its cause.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Reason: InternalFault, Msg: "internal error", Cause: err}
}
