// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"context"
	"errors"
	"maps"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is ErrorInfo.domain of every error of Koogate.
const Domain = "koogate"

// internalText is all that a caller learns of a fault inside Koogate.
const internalText = "internal error"

// Code returns the gRPC code of a kind; an unknown kind is INTERNAL.
func (k Kind) Code() codes.Code {
	switch k {
	case Invalid:
		return codes.InvalidArgument
	case NotFound:
		return codes.NotFound
	case Conflict:
		return codes.Aborted
	case Precondition:
		return codes.FailedPrecondition
	case Unauthorized:
		return codes.Unauthenticated
	case Unavailable:
		return codes.Unavailable
	case Forbidden:
		return codes.PermissionDenied
	case Exhausted:
		return codes.ResourceExhausted
	case TooSlow:
		return codes.DeadlineExceeded
	case Unserved:
		return codes.Unimplemented
	case Internal:
	}
	return codes.Internal
}

// ToStatus returns the status that a caller may see: of an *Error its message, reason, fields and retry delay, never its
// cause; of a context error CANCELLED or DEADLINE_EXCEEDED; of an error that is a gRPC status, that status. Everything
// else, also a status that something was wrapped around, is INTERNAL with a constant text. A nil error is OK.
func ToStatus(err error) *status.Status {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e.status()
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the call was not done in time")
	}
	if own, ok := err.(interface{ GRPCStatus() *status.Status }); ok { // not errors.As: a wrapper's text is private
		return own.GRPCStatus()
	}
	return (&Error{Kind: Internal, Reason: InternalFault, Msg: internalText}).status()
}

// Expected reports whether ToStatus tells the caller what happened. Of the others a log has to keep the cause.
func Expected(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind != Internal
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	own, ok := err.(interface{ GRPCStatus() *status.Status })
	return ok && own.GRPCStatus().Code() != codes.Internal && own.GRPCStatus().Code() != codes.Unknown
}

func (e *Error) status() *status.Status {
	s := &spb.Status{Code: int32(e.Kind.Code()), Message: valid(e.Msg)}
	info := &errdetails.ErrorInfo{Reason: string(e.Reason), Domain: Domain}
	if len(e.Meta) > 0 {
		info.Metadata = maps.Clone(e.Meta)
		for k, v := range info.Metadata {
			info.Metadata[k] = valid(v)
		}
	}
	s.Details = appendDetail(s.Details, info)
	if len(e.Fields) > 0 {
		bad := &errdetails.BadRequest{FieldViolations: make([]*errdetails.BadRequest_FieldViolation, len(e.Fields))}
		for i, f := range e.Fields {
			bad.FieldViolations[i] = &errdetails.BadRequest_FieldViolation{Field: valid(f.Path), Description: valid(f.Msg)}
		}
		s.Details = appendDetail(s.Details, bad)
	}
	if e.Retry > 0 {
		s.Details = appendDetail(s.Details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.Retry)})
	}
	return status.FromProto(s)
}

// appendDetail adds a detail; one that cannot be encoded is left out, because the error itself matters more.
func appendDetail(list []*anypb.Any, m proto.Message) []*anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		return list
	}
	return append(list, a)
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
