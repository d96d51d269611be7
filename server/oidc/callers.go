// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/memo"
)

// Metrics are told of tokens and keys. issuer is an issuer's URL, empty for a token of none that is known.
type Metrics interface {
	OIDCRefused(issuer, cause string)
	OIDCFetched(issuer string, ok bool)
}

// Deps are what callers are found with; TLS may be nil, for the default.
type Deps struct {
	// Clock is this machine's. It may decide here although no other rule goes by it (ADR 23): it judges who may call at this moment and not
	// what is true. Nothing of it is kept; at worst a token counts as much longer or shorter as the clock is wrong, and readiness tells when
	// that is more than a few seconds. The database's clock would cost a caller that nobody knows yet a question to the database.
	Clock   clock.Clock
	Sellers func(name string) bool // says whether there is such a seller now
	Others  Caller                 // calls what an issuer refers to
	TLS     *tls.Config
	Metrics Metrics
	Log     *slog.Logger
}

// Callers know callers by tokens of issuers. Safe for concurrent use.
type Callers struct {
	deps    Deps
	rings   map[string]*ring // by issuer
	allowed []jose.SignatureAlgorithm
	seen    *memo.Cache[digest, verified]
	end     context.CancelFunc
}

// New returns callers of issuers that the configuration has checked. Their keys are fetched when a call needs them, and before that
// where Run runs.
func New(issuers []Issuer, d Deps) *Callers {
	base, end := context.WithCancel(context.Background())
	c := &Callers{deps: d, rings: make(map[string]*ring, len(issuers)), seen: memo.New[digest, verified](mostSeen), end: end}
	for _, i := range issuers {
		i = i.filled()
		c.rings[i.Issuer] = &ring{
			issuer: i, fetch: newFetcher(i, d.Others, d.TLS).keys, clock: d.Clock, log: d.Log, base: base,
			told: func(ok bool) { d.Metrics.OIDCFetched(i.Issuer, ok) },
		}
	}
	for _, a := range algorithms {
		if slices.ContainsFunc(issuers, func(i Issuer) bool { return i.filled().signs(string(a)) }) {
			c.allowed = append(c.allowed, a)
		}
	}
	return c
}

// Run fetches the issuers' keys again and again until ctx ends. It is called once.
func (c *Callers) Run(ctx context.Context) {
	defer c.end()
	var all sync.WaitGroup
	for _, r := range c.rings {
		all.Go(func() { r.follow(ctx) })
	}
	all.Wait()
}

// Ages tells how long ago each issuer has told its keys; one that never has is left out.
func (c *Callers) Ages() map[string]time.Duration {
	ages := make(map[string]time.Duration, len(c.rings))
	for name, r := range c.rings {
		if r.keys.Load() != nil {
			ages[name] = r.age()
		}
	}
	return ages
}

// maxToken is longer than the tokens of services that put groups of hundreds into them; what is longer is not looked at.
const maxToken = 16 << 10

// Why a token is refused, as metrics name it.
const (
	tooLong     = "too_long"
	malformed   = "malformed"
	algorithm   = "algorithm"
	critical    = "crit"
	unknownKey  = "key"
	signature   = "signature"
	unknown     = "issuer"
	unavailable = "issuer_unavailable"
	expired     = "expired"
	early       = "not_yet_valid"
	audience    = "audience"
	unnamed     = "subject"
	unmapped    = "not_mapped"
	ambiguous   = "two_sellers"
)

// refusal is why a token is refused, for its bearer and for the metrics. Neither shows anything of the token.
type refusal struct {
	*errs.Error
	cause, issuer string
}

func refuse(cause, issuer string, e *errs.Error) *refusal { return &refusal{e, cause, issuer} }

func invalid(cause, issuer, format string, args ...any) *refusal {
	return refuse(cause, issuer, errs.New(errs.Unauthorized, errs.TokenInvalid, format, args...))
}

// Caller returns whom a token names. What it says of itself is told to its bearer only once its signature has held. Errors: TOKEN_INVALID,
// TOKEN_EXPIRED, TOKEN_NOT_MAPPED, ISSUER_UNAVAILABLE.
func (c *Callers) Caller(token string) (access.Principal, error) {
	p, why := c.caller(token)
	if why != nil {
		c.deps.Metrics.OIDCRefused(why.issuer, why.cause)
		return access.Principal{}, why.Error
	}
	return p, nil
}

func (c *Callers) caller(token string) (access.Principal, *refusal) {
	if len(token) > maxToken {
		return access.Principal{}, invalid(tooLong, "", "the token is longer than %d bytes", maxToken)
	}
	now := c.deps.Clock.Now()
	sum := digest(sha256.Sum256([]byte(token)))
	v, ok := c.remembered(sum, now)
	if !ok {
		var why *refusal
		if v, why = c.verify(token, now); why != nil {
			return access.Principal{}, why
		}
		c.seen.Put(sum, v)
	}
	if !c.deps.Sellers(v.caller.Seller) {
		return access.Principal{}, refuse(unmapped, v.caller.Issuer,
			errs.New(errs.Forbidden, errs.TokenNotMapped, "the token is good, but the seller of its rule does not exist any more"))
	}
	return v.caller, nil
}

// remembered returns a token that was verified before and still counts.
func (c *Callers) remembered(sum digest, now time.Time) (v verified, ok bool) {
	v, ok = c.seen.Get(sum)
	return v, ok && v.keys == v.ring.known() && !now.After(v.until)
}

// Known returns whom a token names that was verified before and still counts; ok is false when only work could tell.
func (c *Callers) Known(token string) (p access.Principal, ok bool) {
	if len(token) > maxToken {
		return p, false
	}
	v, ok := c.remembered(sha256.Sum256([]byte(token)), c.deps.Clock.Now())
	if !ok || !c.deps.Sellers(v.caller.Seller) {
		return p, false
	}
	return v.caller, true
}

// verify finds out whether a token counts now, and whom it names.
func (c *Callers) verify(token string, now time.Time) (v verified, why *refusal) {
	parsed, r, why := c.issued(token)
	if why != nil {
		return v, why
	}
	name, header := r.issuer.Issuer, parsed.Headers[0]
	var made struct {
		At *jwt.NumericDate `json:"iat"`
	}
	_ = parsed.UnsafeClaimsWithoutVerification(&made) // decides only whether it is of use to come again
	keys, list, later := r.find(header.KeyID, header.Algorithm, made.At.Time())
	switch {
	case later > 0:
		e := errs.New(errs.Unavailable, errs.IssuerUnavailable, "the key of the token is not known yet, and its issuer has not told it so far")
		e.Retry = later
		return v, refuse(unavailable, name, e)
	case len(list) == 0:
		return v, invalid(unknownKey, name, "the token is signed with a key that its issuer does not have")
	}
	var standard validity
	all := claims{}
	err := jose.ErrCryptoFailure
	for i := 0; i < len(list) && errors.Is(err, jose.ErrCryptoFailure); i++ {
		err = parsed.Claims(list[i].Key, &standard, &all)
	}
	switch {
	case errors.Is(err, jose.ErrCryptoFailure):
		return v, invalid(signature, name, "the signature of the token does not hold")
	case err != nil:
		return v, invalid(malformed, name, "the claims of the token have not the form that RFC 7519 gives them")
	}
	if why := r.holds(standard, now); why != nil {
		return v, why
	}
	p, why := r.issuer.principal(all)
	if why != nil {
		return v, why
	}
	return verified{caller: p, ring: r, keys: keys, until: standard.Expiry.Time().Add(r.issuer.Leeway)}, nil
}

// issued reads a token as far as it can be read without a key, and finds its issuer.
func (c *Callers) issued(token string) (*jwt.JSONWebToken, *ring, *refusal) {
	parsed, err := jwt.ParseSigned(token, c.allowed)
	var other *jose.ErrUnexpectedSignatureAlgorithm
	var said struct {
		Issuer string `json:"iss"`
	}
	switch {
	case errors.As(err, &other):
		return nil, nil, invalid(algorithm, "", "the token is signed by an algorithm that is not allowed")
	case err != nil, len(parsed.Headers) != 1, parsed.UnsafeClaimsWithoutVerification(&said) != nil:
		return nil, nil, invalid(malformed, "", "the token is neither one of Koogate's nor a JWT that can be read")
	}
	r := c.rings[said.Issuer]
	if r == nil {
		return nil, nil, invalid(unknown, "", "the issuer of the token is none of access.oidc")
	}
	if !r.issuer.signs(parsed.Headers[0].Algorithm) {
		return nil, nil, invalid(algorithm, said.Issuer, "the token is signed by an algorithm that is not allowed")
	}
	if _, ok := parsed.Headers[0].ExtraHeaders["crit"]; ok { // no extension is understood here (RFC 7515 §4.1.11)
		return nil, nil, invalid(critical, said.Issuer, "the token demands an extension that is not understood (crit)")
	}
	return parsed, r, nil
}

// validity are the claims that say for whom and when a token counts. Whatever else is in it is nobody's business but the rules'.
type validity struct {
	Issuer    string           `json:"iss"`
	Audience  jwt.Audience     `json:"aud"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
}

// holds judges them.
func (r *ring) holds(v validity, now time.Time) *refusal {
	i, said := r.issuer, jwt.Claims{Issuer: v.Issuer, Audience: v.Audience, Expiry: v.Expiry, NotBefore: v.NotBefore, IssuedAt: v.IssuedAt}
	if said.Expiry == nil {
		return invalid(malformed, i.Issuer, "the token has no time of expiry (exp)")
	}
	switch err := said.ValidateWithLeeway(jwt.Expected{Issuer: i.Issuer, AnyAudience: i.Audiences, Time: now}, i.Leeway); {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return refuse(expired, i.Issuer, errs.New(errs.Unauthorized, errs.TokenExpired, "the token has expired"))
	case errors.Is(err, jwt.ErrInvalidAudience):
		return invalid(audience, i.Issuer, "the token is not meant for Koogate: its audience (aud) is none of the issuer's audiences in access.oidc")
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return invalid(early, i.Issuer, "the token is not valid yet (nbf or iat): compare the clocks of its issuer and of Koogate")
	}
	return invalid(malformed, i.Issuer, "the claims of the token do not hold")
}

// principal is whom the claims name.
func (i Issuer) principal(said claims) (access.Principal, *refusal) {
	subject, ok := said.subject(i.Subject)
	if !ok {
		return access.Principal{}, invalid(unnamed, i.Issuer, "the token does not name its bearer: the claim %s must be a text of 1 to %d characters", i.Subject, longestSubject)
	}
	p, sellers := said.grant(i.Rules)
	switch {
	case sellers == 0:
		return p, refuse(unmapped, i.Issuer, errs.New(errs.Forbidden, errs.TokenNotMapped, "the token is good, but no rule of its issuer in access.oidc fits its claims"))
	case sellers > 1:
		return p, refuse(ambiguous, i.Issuer, errs.New(errs.Forbidden, errs.TokenNotMapped, "the token is good, but rules of more than one seller fit its claims: it must be of one"))
	}
	p.Kind, p.Issuer, p.Subject = access.OIDC, i.Issuer, subject
	return p, nil
}
