// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

// Every reason of the contract arrives with all that Koogate tells of it.
func TestEveryReasonIsTyped(t *testing.T) {
	for number, name := range koogatev1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		guide, ok := errs.GuideTo(errs.Reason(reason))
		if !ok {
			continue // unspecified
		}
		e := errs.New(errs.Invalid, errs.Reason(reason), "a text")
		e.Fields, e.Retry, e.Meta = []errs.Field{{Path: "a.b", Msg: "c"}}, 3*time.Second, map[string]string{"queue": "crm"}
		got, ok := client.AsError(fmt.Errorf("wrapped: %w", guided(e)))
		if !ok || got.Reason != koogatev1.ErrorReason(number) || got.ReasonName != reason || got.Code != codes.InvalidArgument || got.Message != "a text" ||
			got.Retryable != guide.Retryable || got.RetryAfter != 3*time.Second || got.Remedy != guide.Remedy || got.RemedyZH != guide.RemedyZH ||
			!slices.Equal(got.Fields, []client.Field{{Path: "a.b", Message: "c"}}) || !strings.HasSuffix(got.Page, "#"+strings.ToLower(reason)) || got.Metadata["queue"] != "crm" {
			t.Errorf("%s: %+v", reason, got)
		}
		err := fmt.Errorf("leasing: %w", got)
		if !errors.Is(err, &client.Error{Reason: koogatev1.ErrorReason(number)}) || client.ReasonOf(err) != got.Reason || errors.Is(err, &client.Error{}) {
			t.Errorf("%s is not found in a chain", reason)
		}
		if s, ok := status.FromError(got); !ok || s.Code() != codes.InvalidArgument || len(s.Details()) != 6 || got.Error() != "koogate: "+reason+": a text" {
			t.Errorf("%s: %v is no status any more", reason, got)
		}
	}
}

// Errors without a reason go by their code.
func TestErrorsWithoutAReason(t *testing.T) {
	for code, retryable := range map[codes.Code]bool{
		codes.Unavailable: true, codes.ResourceExhausted: true, codes.DeadlineExceeded: true, codes.Canceled: false, codes.Internal: false, codes.Unimplemented: false,
	} {
		e, ok := client.AsError(status.Error(code, "x"))
		if !ok || e.Retryable != retryable || e.Reason != 0 || e.Code != code || e.Error() != "koogate: "+code.String()+": x" {
			t.Errorf("%v: %+v", code, e)
		}
		if errors.Is(e, context.Canceled) != (code == codes.Canceled) || errors.Is(e, context.DeadlineExceeded) != (code == codes.DeadlineExceeded) {
			t.Errorf("%v passes for the end of a context, or does not", code)
		}
	}
	newer := guided(errs.New(errs.NotFound, "NEWER_THAN_THIS", "x"))
	if e, ok := client.AsError(newer); !ok || e.Reason != 0 || e.ReasonName != "NEWER_THAN_THIS" {
		t.Errorf("%+v", e)
	}
	for _, err := range []error{nil, errors.New("x"), context.Canceled} {
		if e, ok := client.AsError(err); ok || client.ReasonOf(err) != 0 {
			t.Errorf("%v is %+v", err, e)
		}
	}
	if s := (&client.Error{Code: codes.NotFound, Message: "x"}).GRPCStatus(); s.Code() != codes.NotFound {
		t.Error(s)
	}
}
