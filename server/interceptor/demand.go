// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
)

// Demand refuses a call whose caller lacks a scope that the contract declares at the rpc. An rpc that declares none is refused to
// everybody. Health checks and reflection pass. The log says who lacked what. Errors: TOKEN_INVALID for a call of nobody, SCOPE_MISSING.
func Demand(log *slog.Logger) Pair {
	var known sync.Map // the declared scopes by full method
	demand := func(ctx context.Context, method string) error {
		if Public(method) {
			return nil
		}
		p, ok := access.From(ctx)
		if !ok {
			return errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
		}
		declared, ok := known.Load(method)
		if !ok {
			declared, _ = known.LoadOrStore(method, Declared(method))
		}
		scopes, _ := declared.([]access.Scope)
		if len(scopes) == 0 {
			return errs.New(errs.Forbidden, errs.ScopeMissing, "the contract declares no scope for this call, so nobody may make it")
		}
		if lacks, ok := p.Lacks(scopes); ok {
			log.InfoContext(ctx, "a call was refused: its caller lacks a scope", "method", method, "scope", lacks, "caller", p.Actor(), "seller", p.Seller, "listener", p.Via)
			return missing(lacks)
		}
		return nil
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := demand(ctx, info.FullMethod); err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := demand(ss.Context(), info.FullMethod); err != nil {
				return err
			}
			return next(srv, ss)
		},
	}
}

func missing(s access.Scope) error {
	e := errs.New(errs.Forbidden, errs.ScopeMissing, "the token lacks the scope %s", s)
	e.Meta = map[string]string{errs.MetaScope: string(s)}
	return e
}

// Declared returns the scopes that the contract declares for a method, /package.Service/Method; none when it declares none or
// does not know the method.
func Declared(method string) []access.Scope {
	m := methodOf(method)
	if m == nil {
		return nil
	}
	values, _ := proto.GetExtension(m.Options(), koogatev1.E_Scopes).([]koogatev1.Scope)
	if len(values) == 0 {
		values, _ = proto.GetExtension(m.Parent().Options(), koogatev1.E_ServiceScopes).([]koogatev1.Scope)
	}
	scopes := make([]access.Scope, len(values))
	for i, v := range values {
		scopes[i] = access.Scope(strings.ToLower(strings.TrimPrefix(v.String(), "SCOPE_")))
	}
	return scopes
}

// methodOf returns the descriptor of a method, nil when the contract does not know it.
func methodOf(method string) protoreflect.MethodDescriptor {
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	m, _ := d.(protoreflect.MethodDescriptor)
	return m
}
