// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
)

// Public reports whether a method belongs to the services that answer anybody: health checks and reflection.
func Public(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/") || strings.HasPrefix(method, "/grpc.reflection.")
}

// Token lets its bearer act for a seller. A seller may have several at once.
type Token struct {
	Seller string
	Secret string         // in clear; empty where the digest is known
	Digest string         // the secret's SHA-256, in hex
	Name   string         // names the bearer in records; may be empty
	Scopes []access.Scope // what the bearer may do
	Queues []string       // from which it may lease; empty means every queue of workers
	Used   func()         // is told of every call with the token; nil for nobody
}

// Auth demands that a call shows who makes it, and puts that into the context, where [access.From] finds it. via names the listener.
// Health checks and reflection pass without.
func Auth(known Callers, via string) Pair {
	admit := func(ctx context.Context, method string) (context.Context, error) {
		p, err := callerBy(ctx, known, method, 0)
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
			if !info.IsServerStream || Public(info.FullMethod) {
				return next(srv, StreamUnder{ss, ctx})
			}
			ctx, end := stillKnown(ctx, known, info.FullMethod)
			defer end()
			err = next(srv, StreamUnder{ss, ctx})
			if gone := (*lost)(nil); errors.As(context.Cause(ctx), &gone) {
				return gone.error
			}
			return err
		},
	}
}

// knownAgain is how often a stream of responses looks whether its caller is still known.
const knownAgain = 5 * time.Second

// lost is why a stream ends whose caller may not have it any more.
type lost struct{ error }

// stillKnown is a context that ends once the call's caller is no longer known, is another seller's, or has lost a scope that the method needs.
func stillKnown(ctx context.Context, known Callers, method string) (_ context.Context, end func()) {
	first, _ := access.From(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for clock.Sleep(ctx, clock.System{}, knownAgain) == nil {
			p, err := callerBy(ctx, known, method, 0)
			if err == nil && p.Seller != first.Seller {
				err = errs.New(errs.Unauthorized, errs.TokenInvalid, "the bearer token is not known")
			}
			if errs.As(err).Reason == errs.IssuerUnavailable { // which says nothing about the caller
				continue
			}
			if lacks, ok := p.Lacks(Declared(method)); err == nil && ok {
				err = missing(lacks)
			}
			if err != nil {
				cancel(&lost{err})
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// bearerOf is a token as it is kept.
type bearerOf struct {
	bearer access.Principal
	used   func() // nil when nobody asks
}

// Tokens are the bearer tokens that are known, by their SHA-256. Nobody may change them.
type Tokens map[[sha256.Size]byte]bearerOf

// NewTokens fails when a token names no seller or has no secret, and when two sellers have the same.
func NewTokens(list []Token) (Tokens, error) {
	ks := make(Tokens, len(list))
	for _, t := range list {
		sum := sha256.Sum256([]byte(t.Secret))
		if t.Digest != "" {
			raw, err := hex.DecodeString(t.Digest)
			if err != nil || len(raw) != len(sum) {
				return nil, errors.New("interceptor: a token's digest is no SHA-256 in hex")
			}
			copy(sum[:], raw)
		}
		if t.Secret == "" && t.Digest == "" || t.Seller == "" {
			return nil, errors.New("interceptor: a token needs a seller and a secret")
		}
		if other, dup := ks[sum]; dup && other.bearer.Seller != t.Seller {
			return nil, fmt.Errorf("interceptor: sellers %q and %q have the same token", other.bearer.Seller, t.Seller)
		}
		ks[sum] = bearerOf{used: t.Used, bearer: access.Principal{
			Kind: access.Token, Seller: t.Seller, Subject: t.Name, Scopes: t.Scopes, Queues: t.Queues,
		}}
	}
	return ks, nil
}

// Caller implements [Callers]; a certificate names nobody here.
func (ks Tokens) Caller(shown Shown) (access.Principal, error) {
	return ks.Authenticate(shown.Authorization)
}

// Authenticate returns the bearer of the token in a call's authorization, all values of it. The time of a refusal does not depend on
// how much of a token was right: what is looked up is its SHA-256. Errors: TOKEN_INVALID.
func (ks Tokens) Authenticate(authorization []string) (access.Principal, error) {
	secret, ok := bearer(authorization)
	if !ok {
		return access.Principal{}, errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
	}
	found, ok := ks[sha256.Sum256([]byte(secret))]
	if !ok {
		return access.Principal{}, errs.New(errs.Unauthorized, errs.TokenInvalid, "the bearer token is not known")
	}
	if found.used != nil {
		found.used()
	}
	return found.bearer, nil
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

// Now are the callers that a function tells, for those that change.
type Now func() Callers

// Caller implements [Callers].
func (n Now) Caller(shown Shown) (access.Principal, error) { return n().Caller(shown) }
