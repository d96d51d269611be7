// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultRequestSkew is how far X-Sdk-Date may be off before the gateway
// refuses a request (open-apis §6.1).
const DefaultRequestSkew = 15 * time.Minute

// VerifyRequest checks an AK/SK-signed request as the gateway of the open APIs
// would, and returns the access key that signed it (open-apis §6). It is meant
// for servers that stand in for the marketplace. body is the whole body as
// received; the caller bounds it (the gateway takes at most 12 MB).
//
// lookup returns the secret of an access key; an empty secret counts as
// unknown. A skew of zero or less means [DefaultRequestSkew]; the window is
// symmetrical. x-sdk-date must be among the signed headers, host need not be,
// because the official SDKs leave it out. The comparison takes constant time.
//
// Where it is stricter than the gateway: an X-Sdk-Content-Sha256 must be the
// hash of body, so UNSIGNED-PAYLOAD is refused, and the list of signed headers
// must be in lower case, ascending and free of repetitions.
//
// Errors: ErrMissingAuthorization, ErrAuthorization, ErrMissingTimestamp,
// ErrTimestampMalformed, ErrTimestampStale, ErrTimestampFuture, ErrAccessKey,
// ErrSignedHeader, ErrRequest, ErrPayloadHash, ErrSignature. With an error the
// access key is empty. The clock is judged before the signature.
func VerifyRequest(r *http.Request, body []byte, lookup func(accessKey string) (secret string, ok bool), now time.Time, skew time.Duration) (accessKey string, err error) {
	if r == nil || r.URL == nil {
		return "", ErrRequest
	}
	auth, err := parseAuthorization(r.Header)
	if err != nil {
		return "", err
	}
	date, err := requestDate(r.Header, now, skew)
	if err != nil {
		return "", err
	}
	if values := r.Header.Values(PayloadHashHeader); len(values) > 0 {
		if len(values) != 1 || !strings.EqualFold(strings.TrimSpace(values[0]), payloadHash(body)) {
			return "", ErrPayloadHash
		}
	}
	canonical, err := canonicalRequest(r, body, auth.signedHeaders)
	if err != nil {
		return "", err
	}
	secret, ok := lookup(auth.access)
	if !ok || secret == "" {
		return "", ErrAccessKey
	}
	if subtle.ConstantTimeCompare(requestSignature(secret, date, canonical), auth.signature[:]) != 1 {
		return "", ErrSignature
	}
	return auth.access, nil
}

// requestDate returns X-Sdk-Date if it lies inside the window.
func requestDate(h http.Header, now time.Time, skew time.Duration) (string, error) {
	values := h.Values(DateHeader)
	if len(values) == 0 {
		return "", ErrMissingTimestamp
	}
	date := strings.TrimSpace(values[0])
	// time.Parse accepts a fraction of a second that the layout does not have.
	if len(values) != 1 || len(date) != dateLen {
		return "", ErrTimestampMalformed
	}
	sent, err := time.Parse(dateLayout, date)
	if err != nil {
		return "", ErrTimestampMalformed
	}
	if skew <= 0 {
		skew = DefaultRequestSkew
	}
	return date, within(now, sent, skew)
}

// authorization is a parsed Authorization header.
type authorization struct {
	access        string
	signedHeaders []string
	signature     [signatureLen]byte
}

func parseAuthorization(h http.Header) (authorization, error) {
	var auth authorization
	values := h.Values(AuthorizationHeader)
	if len(values) == 0 || values[0] == "" {
		return auth, ErrMissingAuthorization
	}
	rest, ok := strings.CutPrefix(values[0], algorithm+" ")
	if len(values) != 1 || !ok || len(rest) > maxAuthorization {
		return auth, ErrAuthorization
	}
	parts := strings.Split(rest, ",")
	if len(parts) != 3 {
		return auth, ErrAuthorization
	}
	access, ok := parameter(parts[0], "Access")
	if !ok || !isToken(access) {
		return auth, ErrAuthorization
	}
	headers, ok := parameter(parts[1], "SignedHeaders")
	if !ok {
		return auth, ErrAuthorization
	}
	list := strings.Split(headers, ";")
	names, err := headerNames(list)
	if err != nil || !slices.Equal(names, list) || !slices.Contains(names, headerDate) {
		return auth, ErrAuthorization
	}
	signature, ok := parameter(parts[2], "Signature")
	if !ok {
		return auth, ErrAuthorization
	}
	if auth.signature, ok = foldHex(signature); !ok {
		return auth, ErrAuthorization
	}
	auth.access, auth.signedHeaders = access, names
	return auth, nil
}

// parameter returns the value of one name=value.
func parameter(s, name string) (string, bool) {
	key, value, ok := strings.Cut(strings.TrimSpace(s), "=")
	return value, ok && key == name
}
