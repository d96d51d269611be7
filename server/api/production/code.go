// SPDX-License-Identifier: Apache-2.0

package production

import (
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
)

// codeOf is the table from reasons to result codes (saas-v2 §7). A reason that is not in it is 000005.
func codeOf(r errs.Reason) resultcode.Code {
	switch r {
	case errs.TokenInvalid, errs.TokenExpired, errs.TokenNotMapped:
		return resultcode.AuthFailed
	case errs.InvalidField, errs.UnknownEnumValue, errs.ConflictingRepeat, errs.EndpointNotFound,
		errs.PageTokenInvalid, errs.FilterInvalid:
		return resultcode.InvalidParam
	case errs.InstanceNotFound:
		return resultcode.InstanceNotFound
	case errs.OrderNotFound, errs.TaskNotFound, errs.FencingTokenStale, errs.StateConflict, errs.DeadlinePassed, errs.EtagMismatch, errs.ScopeMissing, errs.ScopeNotHeld, errs.QueueNotFound, errs.QueueNotForWorkers, errs.StoreUnavailable,
		errs.ResultInvalid, errs.InternalFault, errs.DirectoryNotFound, errs.UsageNotFound, errs.UsageSettled, errs.QuotaExhausted,
		errs.ReservationNotFound, errs.LicenceUnknown, errs.LicenceState, errs.MarketplaceUnavailable,
		errs.ListBusy, errs.ListTooSlow, errs.RestoreGap,
		errs.ManagedByFile, errs.SettingNotFound, errs.CallNotFound, errs.CallNotKept, errs.ReplayNeedsForce, errs.DeliveryNotFound, errs.TargetForbidden, errs.PathNotFound, errs.MethodNotAllowed, errs.ServerStopping,
		errs.IssuerUnavailable, errs.RateLimited, errs.ForwardFailed, errs.InstanceUnconfirmed,
		errs.LoginApplicationNotFound, errs.LoginNotFound, errs.LoginSessionNotFound, errs.TicketRefused, errs.LoginNotServed:
	}
	return resultcode.Internal
}

// CodeOf returns the result code and the resultMsg for an error of the domains or of gRPC. The message is never empty and
// holds only what errs.ToStatus would show. Without a reason a status decides by its code: INVALID_ARGUMENT is 000002,
// UNAUTHENTICATED and PERMISSION_DENIED are 000001, anything else is 000005.
func CodeOf(err error) (resultcode.Code, string) {
	r := Refused(err)
	return r.Code, r.Message
}

// Refusal is an error as the marketplace sees it.
type Refusal struct {
	Code    resultcode.Code
	Message string      // resultMsg
	Reason  errs.Reason // empty when the error has none
	Meta    map[string]string
}

// Refused is [CodeOf] with the reason and its metadata, for callers that act on them.
func Refused(err error) Refusal {
	var e *errs.Error
	if errors.As(err, &e) {
		return refusal(e.Reason, e.Msg, e.Meta, e.Fields)
	}
	s := errs.ToStatus(err)
	var info *errdetails.ErrorInfo
	var fields []errs.Field
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == errs.Domain {
				info = d
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, errs.Field{Path: v.GetField(), Msg: v.GetDescription()})
			}
		}
	}
	if info != nil {
		return refusal(errs.Reason(info.GetReason()), s.Message(), info.GetMetadata(), fields)
	}
	r := Refusal{Code: resultcode.Internal}
	detail := ""
	switch s.Code() {
	case codes.InvalidArgument:
		r.Code, detail = resultcode.InvalidParam, s.Message()
	case codes.Unauthenticated, codes.PermissionDenied:
		r.Code = resultcode.AuthFailed
	case codes.DeadlineExceeded, codes.Canceled:
		detail = "the call was not done in time; repeat it"
	default: // the text of other statuses is for gRPC callers
	}
	r.Message = resultcode.Message(r.Code, detail)
	return r
}

func refusal(reason errs.Reason, msg string, meta map[string]string, fields []errs.Field) Refusal {
	r := Refusal{Code: codeOf(reason), Reason: reason, Meta: meta}
	if len(fields) > 0 {
		msg = fieldText(fields)
	}
	if reason == errs.InternalFault {
		msg = "" // the code says it all
	}
	r.Message = resultcode.Message(r.Code, msg)
	return r
}

// fieldText lists violations under the names that the fields have on the wire.
func fieldText(fields []errs.Field) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Path != "" {
			b.WriteString(WireName(f.Path) + ": ")
		}
		b.WriteString(f.Msg)
	}
	return b.String()
}

// WireName turns a field's path in the proto into the wire's: order_line_id becomes orderLineId.
func WireName(path string) string {
	var b strings.Builder
	up := false
	for _, c := range path {
		switch {
		case c == '_':
			up = true
			continue
		case up && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		up = false
		b.WriteRune(c)
	}
	return b.String()
}
