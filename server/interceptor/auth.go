package interceptor

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

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
	Name   string   // names the bearer in records; may be empty
	Scopes []string // what the bearer may do beyond the ordinary
}

// ScopePersonalData lets a token read personal data outside a lease.
const ScopePersonalData = "personal_data"

// Scopes are the scopes that there are.
func Scopes() []string { return []string{ScopePersonalData} }

type bearerKey struct{}

// NameFrom returns the name of the call's token; "api token" when it has none, empty without a token.
func NameFrom(ctx context.Context) string {
	k, ok := ctx.Value(bearerKey{}).(key)
	if ok && k.name == "" {
		return "api token"
	}
	return k.name
}

// HasScope says whether the call's token has a scope.
func HasScope(ctx context.Context, scope string) bool {
	k, _ := ctx.Value(bearerKey{}).(key)
	return slices.Contains(k.scopes, scope)
}

// Auth demands `authorization: Bearer …` with one of the tokens and puts the token's seller into the context, where
// [SellerFrom] finds it. Health checks and reflection pass without. The time of a refusal does not depend on how much of a
// token was right: every token is compared, by its SHA-256.
func Auth(tokens []Token) (Pair, error) {
	ring, err := newKeyRing(tokens)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			ctx, err := ring.admit(ctx, info.FullMethod)
			if err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			ctx, err := ring.admit(ss.Context(), info.FullMethod)
			if err != nil {
				return err
			}
			return next(srv, streamWith{ss, ctx})
		},
	}, nil
}

// Admission returns what [Auth] decides on a call by its headers alone, for who stands before the interceptors and refuses a
// call before its messages are read. ctx holds the incoming metadata.
func Admission(tokens []Token) (func(ctx context.Context, method string) error, error) {
	ring, err := newKeyRing(tokens)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, method string) error {
		_, err := ring.admit(ctx, method)
		return err
	}, nil
}

type sellerKey struct{}

// SellerFrom returns the seller of the call's token; ok is false when the call carried none, because no Auth stood before
// the handler.
func SellerFrom(ctx context.Context) (seller string, ok bool) {
	seller, ok = ctx.Value(sellerKey{}).(string)
	return seller, ok
}

// WithSeller returns a context for which [SellerFrom] answers with seller. It is for callers in this process that have
// authenticated the seller by other means.
func WithSeller(ctx context.Context, seller string) context.Context {
	return context.WithValue(ctx, sellerKey{}, seller)
}

// key is a token as it is kept.
type key struct {
	sum    [sha256.Size]byte
	seller string
	name   string
	scopes []string
}

type keyRing []key

func newKeyRing(tokens []Token) (keyRing, error) {
	seen := make(map[[sha256.Size]byte]string, len(tokens))
	ks := make(keyRing, 0, len(tokens))
	for _, t := range tokens {
		if t.Secret == "" || t.Seller == "" {
			return nil, errors.New("interceptor: a token needs a seller and a secret")
		}
		k := key{sum: sha256.Sum256([]byte(t.Secret)), seller: t.Seller, name: t.Name, scopes: t.Scopes}
		if other, dup := seen[k.sum]; dup && other != k.seller {
			return nil, fmt.Errorf("interceptor: sellers %q and %q have the same token", other, k.seller)
		}
		seen[k.sum] = k.seller
		ks = append(ks, k)
	}
	return ks, nil
}

func (ks keyRing) admit(ctx context.Context, method string) (context.Context, error) {
	if Public(method) {
		return ctx, nil
	}
	secret, ok := bearer(ctx)
	if !ok {
		return nil, errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
	}
	sum := sha256.Sum256([]byte(secret))
	var found key
	for i := range ks {
		if subtle.ConstantTimeCompare(ks[i].sum[:], sum[:]) == 1 {
			found = ks[i]
		}
	}
	if found.seller == "" {
		return nil, errs.New(errs.Unauthorized, errs.TokenInvalid, "the bearer token is not known")
	}
	return WithSeller(context.WithValue(ctx, bearerKey{}, found), found.seller), nil
}

// bearer returns the call's only bearer token. A call with two authorization values has no valid token, because proxies
// disagree on which one counts.
func bearer(ctx context.Context) (string, bool) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, secret, ok := strings.Cut(values[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, ok && strings.EqualFold(scheme, "bearer") && secret != ""
}
