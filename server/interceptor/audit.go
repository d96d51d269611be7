// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
)

// RequestID is the header in which a caller may name a call, and in which the answer names it. Audit rows have it.
const RequestID = "x-request-id"

// requestID is what a caller may name a call.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Audit has the changes of a call leave audit rows, unless the contract says that the call leaves none or that events take their
// place. The request's field reason is the row's, where it has one. newID names calls that nobody has named.
func Audit(newID func() string) Pair {
	var known sync.Map // what methods leave, by full method
	begin := func(ctx context.Context, method string, req any) context.Context {
		leaves, ok := known.Load(method)
		if !ok {
			leaves, _ = known.LoadOrStore(method, Leaves(method))
		}
		if leaves == koogatev1.Audit_AUDIT_NONE || leaves == koogatev1.Audit_AUDIT_EVENTS || Public(method) {
			return ctx
		}
		id := newID()
		if told := metadata.ValueFromIncomingContext(ctx, RequestID); len(told) == 1 && requestID.MatchString(told[0]) {
			id = told[0]
		}
		_ = grpc.SetHeader(ctx, metadata.Pairs(RequestID, id)) // which fails only where there is nobody to tell
		return access.Audited(ctx, strings.TrimPrefix(method, "/"), reasonOf(req), id)
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			return next(begin(ctx, info.FullMethod, req), req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return next(srv, StreamUnder{ss, begin(ss.Context(), info.FullMethod, nil)})
		},
	}
}

// reasonOf is why a caller calls, where the request has a field for it.
func reasonOf(req any) string {
	m, ok := req.(proto.Message)
	if !ok {
		return ""
	}
	d := m.ProtoReflect().Descriptor().Fields().ByName("reason")
	if d == nil || d.Kind() != protoreflect.StringKind || d.IsList() {
		return ""
	}
	return m.ProtoReflect().Get(d).String()
}

// Leaves returns what the contract declares that a method, /package.Service/Method, leaves in the audit.
func Leaves(method string) koogatev1.Audit {
	m := methodOf(method)
	if m == nil {
		return koogatev1.Audit_AUDIT_UNSPECIFIED
	}
	if proto.HasExtension(m.Options(), koogatev1.E_Audit) {
		leaves, _ := proto.GetExtension(m.Options(), koogatev1.E_Audit).(koogatev1.Audit)
		return leaves
	}
	leaves, _ := proto.GetExtension(m.Parent().Options(), koogatev1.E_ServiceAudit).(koogatev1.Audit)
	return leaves
}
