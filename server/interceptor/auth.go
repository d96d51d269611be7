// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
)

// Public reports whether a method belongs to the services that answer anybody: health checks and reflection.
func Public(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/") || strings.HasPrefix(method, "/grpc.reflection.")
}

// Token lets its bearer act for a seller. A seller may have several at once.
type Token struct {
	Seller string
	Secret string
	Name   string         // names the bearer in records; may be empty
	Scopes []access.Scope // what the bearer may do
	Queues []string       // from which it may lease; empty means every queue of workers
}

// Auth demands that a call shows who makes it, and puts that into the context, where [access.From] finds it. via names the listener.
// Health checks and reflection pass without.
func Auth(known Callers, via string) Pair {
	admit := func(ctx context.Context, method string) (context.Context, error) {
		p, err := callerBy(ctx, known, method)
		if err != nil || p.Seller == "" {
			return ctx, err
		}
		p.Via = via
		return access.With(ctx, p), nil
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			ctx, err := admit(ctx, info.FullMethod)
			if err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			ctx, err := admit(ss.Context(), info.FullMethod)
			if err != nil {
				return err
			}
			return next(srv, StreamUnder{ss, ctx})
		},
	}
}

// key is a token as it is kept.
type key struct {
	sum    [sha256.Size]byte
	bearer access.Principal
}

// Tokens are the bearer tokens that are known.
type Tokens []key

// NewTokens fails when a token names no seller or has no secret, and when two sellers have the same.
func NewTokens(list []Token) (Tokens, error) {
	seen := make(map[[sha256.Size]byte]string, len(list))
	ks := make(Tokens, 0, len(list))
	for _, t := range list {
		if t.Secret == "" || t.Seller == "" {
			return nil, errors.New("interceptor: a token needs a seller and a secret")
		}
		k := key{sum: sha256.Sum256([]byte(t.Secret)), bearer: access.Principal{
			Kind: access.Token, Seller: t.Seller, Subject: t.Name, Scopes: t.Scopes, Queues: t.Queues,
		}}
		if other, dup := seen[k.sum]; dup && other != t.Seller {
			return nil, fmt.Errorf("interceptor: sellers %q and %q have the same token", other, t.Seller)
		}
		seen[k.sum] = t.Seller
		ks = append(ks, k)
	}
	return ks, nil
}

// Caller implements [Callers]; a certificate names nobody here.
func (ks Tokens) Caller(shown Shown) (access.Principal, error) {
	return ks.Authenticate(shown.Authorization)
}

// Authenticate returns the bearer of the token in a call's authorization, all values of it. The time of a refusal does not depend on how much of a token
// was right: every token is compared, by its SHA-256. Errors: TOKEN_INVALID.
func (ks Tokens) Authenticate(authorization []string) (access.Principal, error) {
	secret, ok := bearer(authorization)
	if !ok {
		return access.Principal{}, errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
	}
	sum := sha256.Sum256([]byte(secret))
	found := -1
	for i := range ks {
		if subtle.ConstantTimeCompare(ks[i].sum[:], sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return access.Principal{}, errs.New(errs.Unauthorized, errs.TokenInvalid, "the bearer token is not known")
	}
	return ks[found].bearer, nil
}

// bearer returns the call's only bearer token. A call with two authorization values has no valid token, because proxies
// disagree on which one counts.
func bearer(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	scheme, secret, ok := strings.Cut(values[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, ok && strings.EqualFold(scheme, "bearer") && secret != ""
}
