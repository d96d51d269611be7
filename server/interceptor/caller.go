// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
)

// Callers know who makes a call by what it shows. This is the one place where a principal is found.
type Callers interface {
	// Caller returns who calls. Errors: TOKEN_INVALID, and those of [JWTs].
	Caller(shown Shown) (access.Principal, error)
}

// JWTs know callers by tokens that somebody else has made.
type JWTs interface {
	// Caller returns whom a token names. Errors: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_NOT_MAPPED, ISSUER_UNAVAILABLE.
	Caller(token string) (access.Principal, error)
	// Known returns whom a token names that was verified before and still counts; ok is false when that takes work.
	Known(token string) (p access.Principal, ok bool)
}

// Shown is what a call shows of its caller.
type Shown struct {
	Authorization []string          // all values of the header
	Certificate   *x509.Certificate // of the TLS connection, verified; nil for none
	Weary         time.Duration     // for which nothing dear is done for an address that was refused too often; 0 for any other
}

// Known are the callers that are known by tokens, by certificates and by JWTs of issuers. A token decides where a call shows one, and one
// that is not known is refused whatever the certificate says. Where both are known they must be of one seller. A text is a JWT only when it
// is no token of Koogate's.
type Known struct {
	Tokens       Tokens
	Certificates Certificates
	JWTs         JWTs // nil for none
}

// Caller implements [Callers].
func (k Known) Caller(shown Shown) (access.Principal, error) {
	own, named := k.Certificates.bearer(shown.Certificate)
	if named && len(shown.Authorization) == 0 {
		return own, nil
	}
	p, err := k.Tokens.Authenticate(shown.Authorization)
	if token, ok := bearer(shown.Authorization); err != nil && ok && k.JWTs != nil && strings.Count(token, ".") == 2 {
		p, err = k.jwt(token, shown.Weary)
	}
	if err == nil && named && own.Seller != p.Seller {
		return access.Principal{}, errs.New(errs.Unauthorized, errs.TokenInvalid, "the bearer token is of another seller than the certificate")
	}
	return p, err
}

// jwt returns whom a JWT names. Errors: those of [JWTs], RATE_LIMITED.
func (k Known) jwt(token string, weary time.Duration) (access.Principal, error) {
	if weary == 0 {
		return k.JWTs.Caller(token)
	}
	p, ok := k.JWTs.Known(token)
	if !ok {
		return p, tooManyRefusals(weary)
	}
	return p, nil
}

// Certificate lets its holder act for a seller. Subject is one of the certificate's DNS names, URIs or mail addresses, or its whole
// subject as RFC 2253 writes it.
type Certificate struct {
	Seller  string
	Name    string
	Subject string
	Scopes  []access.Scope
	Queues  []string
}

// Certificates are the certificates that name a caller, by their subjects.
type Certificates map[string]access.Principal

// NewCertificates are those of a list, in which no subject stands twice.
func NewCertificates(list []Certificate) Certificates {
	known := make(Certificates, len(list))
	for _, c := range list {
		known[c.Subject] = access.Principal{Kind: access.Certificate, Seller: c.Seller, Subject: c.Name, Scopes: c.Scopes, Queues: c.Queues}
	}
	return known
}

// bearer returns whom a certificate names; ok is false when it names nobody, or several, since nothing says which one calls.
func (known Certificates) bearer(c *x509.Certificate) (p access.Principal, ok bool) {
	if c == nil || len(known) == 0 {
		return p, false
	}
	names := append([]string{c.Subject.String()}, c.DNSNames...)
	names = append(names, c.EmailAddresses...)
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	for _, name := range names {
		switch found, there := known[name]; {
		case !there:
		case ok && (found.Seller != p.Seller || found.Subject != p.Subject):
			return access.Principal{}, false
		default:
			p, ok = found, true
		}
	}
	return p, ok
}

// callerBy returns who makes a call; the zero Principal for methods that answer anybody. ctx holds the incoming metadata.
func callerBy(ctx context.Context, known Callers, method string, weary time.Duration) (access.Principal, error) {
	if Public(method) {
		return access.Principal{}, nil
	}
	return known.Caller(Shown{Authorization: metadata.ValueFromIncomingContext(ctx, "authorization"), Certificate: certificateOf(ctx), Weary: weary})
}

type connectionKey struct{}

// OverTLS returns the context of a call that came by HTTP, over the connection of a state; nil for one in clear.
func OverTLS(ctx context.Context, state *tls.ConnectionState) context.Context {
	if state == nil {
		return ctx
	}
	return context.WithValue(ctx, connectionKey{}, state)
}

// certificateOf is the verified certificate of the call's connection.
func certificateOf(ctx context.Context) *x509.Certificate {
	state, _ := ctx.Value(connectionKey{}).(*tls.ConnectionState)
	if p, ok := peer.FromContext(ctx); ok && state == nil {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			state = &info.State
		}
	}
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.VerifiedChains[0][0]
}
