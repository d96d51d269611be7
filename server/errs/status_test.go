// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "canary-3f1c-secret"

func TestToStatusCodes(t *testing.T) {
	cause := errors.New(canary)
	for name, c := range map[string]struct {
		err  error
		code codes.Code
		text string
	}{
		"internal":          {errs.Wrap(cause, errs.Internal, errs.InternalFault, "internal error"), codes.Internal, "internal error"},
		"invalid":           {errs.New(errs.Invalid, errs.InvalidField, "a: b"), codes.InvalidArgument, "a: b"},
		"not found":         {errs.New(errs.NotFound, errs.OrderNotFound, "no order"), codes.NotFound, "no order"},
		"conflict":          {errs.New(errs.Conflict, errs.FencingTokenStale, "over"), codes.Aborted, "over"},
		"precondition":      {errs.New(errs.Precondition, errs.StateConflict, "released"), codes.FailedPrecondition, "released"},
		"unauthorized":      {errs.New(errs.Unauthorized, errs.TokenInvalid, "no token"), codes.Unauthenticated, "no token"},
		"unavailable":       {errs.Wrap(cause, errs.Unavailable, errs.StoreUnavailable, "later"), codes.Unavailable, "later"},
		"kind out of range": {errs.New(errs.Kind(99), errs.InternalFault, "?"), codes.Internal, "?"},
		"wrapped":           {fmt.Errorf("%s: %w", canary, errs.New(errs.NotFound, errs.TaskNotFound, "no task")), codes.NotFound, "no task"},
		"cancelled":         {fmt.Errorf("%s: %w", canary, context.Canceled), codes.Canceled, "the call was cancelled"},
		"deadline":          {fmt.Errorf("%s: %w", canary, context.DeadlineExceeded), codes.DeadlineExceeded, "the call was not done in time"},
		"domain over context": {
			errs.Wrap(context.DeadlineExceeded, errs.Unavailable, errs.StoreUnavailable, "later"), codes.Unavailable, "later",
		},
		"unknown":          {cause, codes.Internal, "internal error"},
		"a status":         {status.Error(codes.Unimplemented, "no such method"), codes.Unimplemented, "no such method"},
		"a wrapped status": {fmt.Errorf("%s: %w", canary, status.Error(codes.NotFound, canary)), codes.Internal, "internal error"},
		"invalid UTF-8":    {errs.New(errs.Invalid, errs.InvalidField, "a\xff"), codes.InvalidArgument, "a\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			s := errs.ToStatus(c.err)
			if s.Code() != c.code || s.Message() != c.text {
				t.Fatalf("got %v %q, want %v %q", s.Code(), s.Message(), c.code, c.text)
			}
			if text := prototext.Format(s.Proto()); strings.Contains(text, canary) {
				t.Fatalf("the cause leaks: %s", text)
			}
		})
	}
	if s := errs.ToStatus(nil); s.Code() != codes.OK {
		t.Fatalf("nil became %v", s)
	}
}

func TestToStatusDetails(t *testing.T) {
	e := errs.New(errs.Invalid, errs.InvalidField, "two fields")
	e.Meta = map[string]string{"field": "scene", "value": "a\xff"}
	e.Fields = []errs.Field{{Path: "order_id", Msg: "required"}, {Path: "scene", Msg: "unknown"}}
	e.Retry = 1500 * time.Millisecond
	details := errs.ToStatus(e).Details()
	if len(details) != 3 {
		t.Fatalf("%d details", len(details))
	}
	info, ok := details[0].(*errdetails.ErrorInfo)
	if !ok || info.GetDomain() != "koogate" || info.GetReason() != "INVALID_FIELD" ||
		info.GetMetadata()["field"] != "scene" || info.GetMetadata()["value"] != "a\uFFFD" {
		t.Errorf("ErrorInfo: %v", details[0])
	}
	bad, ok := details[1].(*errdetails.BadRequest)
	if !ok || len(bad.GetFieldViolations()) != 2 || bad.GetFieldViolations()[0].GetField() != "order_id" ||
		bad.GetFieldViolations()[1].GetDescription() != "unknown" {
		t.Errorf("BadRequest: %v", details[1])
	}
	if retry, ok := details[2].(*errdetails.RetryInfo); !ok || retry.GetRetryDelay().AsDuration() != e.Retry {
		t.Errorf("RetryInfo: %v", details[2])
	}
	if e.Meta["value"] != "a\xff" {
		t.Error("the error's own metadata changed")
	}
}

func TestExpected(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{errs.New(errs.NotFound, errs.OrderNotFound, "x"), true},
		{errs.New(errs.Internal, errs.InternalFault, "x"), false},
		{errors.New("x"), false},
		{context.Canceled, true},
		{status.Error(codes.NotFound, "x"), true},
		{status.Error(codes.Internal, "x"), false},
		{fmt.Errorf("x: %w", status.Error(codes.NotFound, "x")), false},
	} {
		if got := errs.Expected(c.err); got != c.want {
			t.Errorf("Expected(%v) = %v", c.err, got)
		}
	}
}

// TestReasonsMatchTheContract holds the constants of errs.go and the proto enum to each other, both ways.
func TestReasonsMatchTheContract(t *testing.T) {
	const prefix = "ERROR_REASON_"
	var inProto []string
	for _, name := range koogatev1.ErrorReason_name {
		if name = strings.TrimPrefix(name, prefix); name != "UNSPECIFIED" {
			inProto = append(inProto, name)
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "errs.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var inGo []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Reason" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		inGo = append(inGo, text)
		return true
	})
	slices.Sort(inProto)
	slices.Sort(inGo)
	if !slices.Equal(inProto, inGo) {
		t.Fatalf("errs.go has\n%v\nthe proto enum has\n%v", inGo, inProto)
	}
}
