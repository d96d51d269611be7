// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// UsagePusher is the call that reports usage; *openapi.Client is one.
type UsagePusher interface {
	PushUsage(ctx context.Context, records []openapi.UsageRecord) (openapi.UsageResult, error)
}

var _ usage.Pusher = (*Marketplace)(nil)

// The words that stand for a record code of the marketplace.
const (
	CodeUnclear = "UNCLEAR" // the answer does not say what became of the record; sent again
	CodeNoCode  = "NO_CODE" // the answer names the record as bad and not why; refused
)

// PushUsage implements usage.Pusher over the new interface (open-apis §3). Every error is a *usage.PushError.
func (m *Marketplace) PushUsage(ctx context.Context, seller string, records []store.UsageRecord) ([]usage.Verdict, error) {
	p, ok := m.sellers()[seller].(UsagePusher)
	if !ok {
		return nil, &usage.PushError{Class: usage.PushUnsent, Code: CodeSeller}
	}
	list := make([]openapi.UsageRecord, len(records))
	for i := range records {
		r := &records[i]
		list[i] = openapi.UsageRecord{
			InstanceID: r.InstanceID, RecordTime: r.CreatedAt, BeginTime: r.Told(), EndTime: r.EndAt,
			UsageValue: usage.FormatAmount(r.Value), MeteringSN: r.ID, RelatePkgInstance: r.PackageID,
		}
	}
	ctx, heard := listen(ctx)
	defer heard()
	result, err := p.PushUsage(ctx, list)
	if err != nil {
		return nil, pushFault(err)
	}
	verdicts := make([]usage.Verdict, len(result.Records))
	for i, r := range result.Records {
		verdicts[i] = verdict(r)
	}
	return verdicts, nil
}

// verdict reads what the answer says of a record. A code that the documents do not know refuses it: an operator decides.
func verdict(r openapi.RecordOutcome) usage.Verdict {
	code := string(r.Code)
	switch r.Outcome {
	case openapi.OutcomeAccepted:
		return usage.Verdict{Kind: usage.VerdictAccepted}
	case openapi.OutcomeRejected:
	default:
		return usage.Verdict{Kind: usage.VerdictAgain, Code: CodeUnclear}
	}
	switch r.Code.Class() {
	case openapi.ClassDuplicate:
		return usage.Verdict{Kind: usage.VerdictDuplicate, Code: code}
	case openapi.ClassRetryable:
		return usage.Verdict{Kind: usage.VerdictAgain, Code: code}
	}
	if code == "" {
		code = CodeNoCode
	}
	return usage.Verdict{Kind: usage.VerdictRefused, Code: code}
}

// contentCodes refuse a call because of a record in it (open-apis §3.6).
var contentCodes = map[string]bool{
	openapi.SuffixParameter: true, openapi.SuffixRequest: true, openapi.SuffixUsageInstance: true, openapi.SuffixUsageEntities: true,
	openapi.SuffixUsageSize: true, openapi.SuffixUsageBegin: true, openapi.CodeUsageParameter: true, openapi.CodeRequestParameter: true,
}

// suspectCodes may do so, or may speak of the caller: a record that one refuses alone is sent again later.
var suspectCodes = map[string]bool{
	openapi.SuffixParameterValue: true, openapi.SuffixNotPermitted: true, openapi.SuffixUsageOther: true,
	openapi.CodeRequestUnreadable: true,
}

// pushFault turns a client's error into the domain's.
func pushFault(err error) *usage.PushError {
	f := &usage.PushError{Class: usage.PushUnknown, Code: CodeNetwork, Cause: err}
	if wait, ok := openapi.RetryAfter(err); ok {
		f.RetryAfter = wait
	}
	var e *openapi.Error
	switch {
	case errors.Is(err, openapi.ErrArgument): // one of our records cannot be written
		f.Class, f.Code = usage.PushContent, CodeArgument
	case errors.Is(err, openapi.ErrConfig): // the usage key is missing
		f.Class, f.Code = usage.PushDenied, CodeUsageKey
	case !errors.As(err, &e):
	case errors.Is(err, openapi.ErrNetwork):
		if !e.Sent() {
			f.Class = usage.PushUnsent
		}
	default:
		f.Code = e.Code
		if f.Code == "" {
			f.Code = "HTTP_" + strconv.Itoa(e.HTTPStatus)
		}
		if errors.Is(err, openapi.ErrResponse) || errors.Is(err, openapi.ErrResponseSize) {
			f.Code = CodeAnswer
		}
		f.Class = pushClass(e)
	}
	return f
}

// pushClass reads an answer that refuses the call as a whole.
func pushClass(e *openapi.Error) usage.PushClass {
	suffix := e.Suffix()
	known := !e.Gateway() && e.Code != ""
	switch {
	case e.RateLimited():
		return usage.PushLimited
	case known && contentCodes[suffix]:
		return usage.PushContent
	case known && suspectCodes[suffix]:
		return usage.PushSuspect
	case e.HTTPStatus >= http.StatusInternalServerError, e.Sent():
		return usage.PushFailed
	case e.HTTPStatus == http.StatusBadRequest && suffix != openapi.SuffixBodySign,
		e.HTTPStatus == http.StatusRequestEntityTooLarge, e.HTTPStatus == http.StatusUnprocessableEntity:
		return usage.PushSuspect
	default:
		return usage.PushDenied
	}
}
