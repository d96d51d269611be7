// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"slices"
)

// Kind is by what a caller is known.
type Kind int

// The kinds of caller.
const (
	Token       Kind = iota + 1 // by a bearer token
	Signature                   // the marketplace, by the signature of an endpoint's key
	Job                         // Koogate itself, in a job of its own
	Process                     // a command or a test that calls a service in its own process
	Certificate                 // by the certificate of its TLS connection
	OIDC                        // by a JWT of an issuer that the configuration names
)

// String is the kind as an audit row names it.
func (k Kind) String() string {
	switch k {
	case Token:
		return "token"
	case Signature:
		return "signature"
	case Job:
		return "job"
	case Process:
		return "process"
	case Certificate:
		return "certificate"
	case OIDC:
		return "oidc"
	}
	return ""
}

// Principal is who makes a call.
type Principal struct {
	Kind    Kind
	Seller  string   // whose data the caller may touch; empty for a job, which works for all
	Subject string   // the token's, the certificate's or the endpoint's name, or what its issuer calls it; empty for a token without one
	Issuer  string   // whose JWT names the caller, a URL; empty for any other kind
	Scopes  []Scope  // what the caller may do
	Queues  []string // from which it may lease; empty means every queue of workers
	Via     string   // the listener that it came by; empty inside the process
}

// Has says whether the caller has a scope. Where the production interface is served to tokens, one with [Admin] acts as the
// marketplace.
func (p Principal) Has(s Scope) bool {
	return slices.Contains(p.Scopes, s) || s == Marketplace && slices.Contains(p.Scopes, Admin)
}

// Lacks returns the first of the scopes that the caller has not; ok is false when it has all.
func (p Principal) Lacks(scopes []Scope) (s Scope, ok bool) {
	for _, s := range scopes {
		if !p.Has(s) {
			return s, true
		}
	}
	return "", false
}

// Serves says whether the caller may lease from a queue, as far as its token decides that.
func (p Principal) Serves(queue string) bool {
	return len(p.Queues) == 0 || slices.Contains(p.Queues, queue)
}

// Name is how a record names the bearer of a token.
func (p Principal) Name() string {
	if p.Kind == Token && p.Subject == "" {
		return "api token"
	}
	return p.Subject
}

// Actor is how an event names the caller. A token cannot be mistaken for another kind, whatever its name.
func (p Principal) Actor() string {
	switch p.Kind {
	case Token:
		if p.Subject != "" {
			return "token " + p.Subject
		}
		return p.Name()
	case Signature:
		return "marketplace endpoint " + p.Subject
	case Job:
		return "koogate"
	case Process:
		return "process " + p.Subject
	case Certificate:
		return "certificate " + p.Subject
	case OIDC:
		return "oidc " + p.Issuer + " " + p.Subject
	}
	return ""
}

type key struct{}

// With returns a context whose call is made by p.
func With(ctx context.Context, p Principal) context.Context { return context.WithValue(ctx, key{}, &p) }

// From returns who makes the context's call; ok is false when nobody has been authenticated.
func From(ctx context.Context) (p Principal, ok bool) {
	if known, ok := ctx.Value(key{}).(*Principal); ok {
		return *known, true
	}
	return Principal{}, false
}

// Own returns the context of Koogate's own jobs.
func Own(ctx context.Context) context.Context { return With(ctx, Principal{Kind: Job}) }

// Actor names who makes the context's call, as an event does; empty when nobody is known.
func Actor(ctx context.Context) string {
	if known, ok := ctx.Value(key{}).(*Principal); ok {
		return known.Actor()
	}
	return ""
}
