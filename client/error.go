// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Error is a call that failed. Decide by Reason and Retryable; the texts are for people and may change. docs/errors.md has every
// reason. errors.As finds it in a chain, and so does status.FromError. errors.Is matches an &Error{Reason: …} with the same reason,
// and context.Canceled and context.DeadlineExceeded where that is what happened.
type Error struct {
	// Code is the gRPC code.
	Code codes.Code
	// Reason is Koogate's; unspecified when Koogate was not reached, the call was cancelled or late, or the reason is newer than
	// this package: see ReasonName.
	Reason koogatev1.ErrorReason
	// ReasonName is the reason as it came, without the enum's prefix; empty for none.
	ReasonName string
	// Message says what is wrong.
	Message string
	// Fields are those at fault, at most 20.
	Fields []Field
	// Retryable says that the same call may succeed later with nothing else being changed. For an error without a reason it goes by
	// the code: UNAVAILABLE, RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED are.
	Retryable bool
	// RetryAfter is how long to wait first; 0 where Koogate does not say.
	RetryAfter time.Duration
	// Remedy and RemedyZH say what can be done, in English and Chinese; empty without a reason.
	Remedy, RemedyZH string
	// Page is the address of the reason's description; empty without a reason.
	Page string
	// Metadata is what else the reason tells, such as the queue of QUEUE_NOT_FOUND.
	Metadata map[string]string

	status *status.Status
}

// Field is one field at fault.
type Field struct {
	// Path names it as the contract does, such as webhook.url.
	Path string
	// Message says what is wrong with it.
	Message string
}

// domain is ErrorInfo.domain of Koogate's errors.
const domain = "koogate"

// AsError returns the error of a call of any gRPC connection; ok is false for what is no gRPC status.
func AsError(err error) (e *Error, ok bool) {
	if errors.As(err, &e) {
		return e, true
	}
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) || s.GRPCStatus().Code() == codes.OK {
		return nil, false
	}
	return errorOf(s.GRPCStatus()), true
}

// ReasonOf returns the reason of an error of a call; unspecified for every other.
func ReasonOf(err error) koogatev1.ErrorReason {
	if e, ok := AsError(err); ok {
		return e.Reason
	}
	return koogatev1.ErrorReason_ERROR_REASON_UNSPECIFIED
}

// typed is err as an *Error where it is one.
func typed(err error) error {
	if e, ok := AsError(err); ok {
		return e
	}
	return err
}

func errorOf(s *status.Status) *Error {
	e := &Error{Code: s.Code(), Message: s.Message(), status: s}
	said := ""
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() != domain {
				continue
			}
			e.ReasonName, e.Metadata = d.GetReason(), d.GetMetadata()
			e.Reason = koogatev1.ErrorReason(koogatev1.ErrorReason_value["ERROR_REASON_"+d.GetReason()])
			said = d.GetMetadata()["retryable"]
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Fields = append(e.Fields, Field{v.GetField(), v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = max(0, d.GetRetryDelay().AsDuration())
		case *errdetails.LocalizedMessage:
			if strings.HasPrefix(d.GetLocale(), "zh") {
				e.RemedyZH = d.GetMessage()
			} else {
				e.Remedy = d.GetMessage()
			}
		case *errdetails.Help:
			if links := d.GetLinks(); len(links) > 0 {
				e.Page = links[0].GetUrl()
			}
		}
	}
	switch said {
	case "true":
		e.Retryable = true
	case "":
		e.Retryable = e.Code == codes.Unavailable || e.Code == codes.ResourceExhausted || e.Code == codes.DeadlineExceeded
	}
	return e
}

// Error implements error.
func (e *Error) Error() string {
	name := e.ReasonName
	if name == "" {
		name = e.Code.String()
	}
	return "koogate: " + name + ": " + e.Message
}

// Is implements errors.Is.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case *Error:
		return t.Reason != koogatev1.ErrorReason_ERROR_REASON_UNSPECIFIED && t.Reason == e.Reason
	default:
		return target == context.Canceled && e.Code == codes.Canceled ||
			target == context.DeadlineExceeded && e.Code == codes.DeadlineExceeded && e.ReasonName == ""
	}
}

// GRPCStatus is the error as it came, for package status.
func (e *Error) GRPCStatus() *status.Status {
	if e.status == nil {
		return status.New(e.Code, e.Message)
	}
	return e.status
}
