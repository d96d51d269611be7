// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CanonicalRequest returns the text whose SHA-256 hash is signed (open-apis
// §6.1). It serves outgoing requests and requests received by a server alike.
// Names in signedHeaders ignore case and may come in any order or repeat.
//
// Errors: ErrSignedHeader if a named header is absent, occurs more than once or
// is no header name; ErrRequest if path or query cannot be decoded.
func CanonicalRequest(r *http.Request, body []byte, signedHeaders []string) (string, error) {
	if r == nil || r.URL == nil {
		return "", ErrRequest
	}
	names, err := headerNames(signedHeaders)
	if err != nil {
		return "", err
	}
	return canonicalRequest(r, body, names)
}

// canonicalRequest expects names as headerNames returns them.
func canonicalRequest(r *http.Request, body []byte, names []string) (string, error) {
	path, err := canonicalPath(r.URL)
	if err != nil {
		return "", err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", ErrRequest
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}

	var b strings.Builder
	b.WriteString(method + "\n" + path + "\n" + CanonicalQuery(query) + "\n")
	for _, name := range names {
		value, ok := headerValue(r, name)
		if !ok {
			return "", ErrSignedHeader
		}
		b.WriteString(name + ":" + value + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n")
	if hash := strings.TrimSpace(r.Header.Get(PayloadHashHeader)); hash != "" {
		b.WriteString(hash)
	} else {
		b.WriteString(payloadHash(body))
	}
	return b.String(), nil
}

// CanonicalQuery returns the query string in signed form (open-apis §6.1):
// sorted by name, then by value, both percent-encoded after RFC 3986 with %20
// for a blank. It is empty if there are no parameters.
func CanonicalQuery(query url.Values) string {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)

	var b []byte
	for _, name := range names {
		values := slices.Clone(query[name])
		slices.Sort(values)
		for _, value := range values {
			if len(b) > 0 {
				b = append(b, '&')
			}
			b = appendEscaped(b, name)
			b = append(b, '=')
			b = appendEscaped(b, value)
		}
	}
	return string(b)
}

// canonicalPath encodes each segment and ends with a slash, which the URL that
// is sent need not have.
func canonicalPath(u *url.URL) (string, error) {
	if u.Opaque != "" {
		return "", ErrRequest
	}
	var b []byte
	for i, segment := range strings.Split(u.EscapedPath(), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "", ErrRequest
		}
		if i > 0 {
			b = append(b, '/')
		}
		b = appendEscaped(b, plain)
	}
	if len(b) == 0 || b[len(b)-1] != '/' {
		b = append(b, '/')
	}
	return string(b), nil
}

// headerNames returns the names in lower case, ascending, each once.
func headerNames(names []string) ([]string, error) {
	if len(names) > maxSignedHeaders {
		return nil, ErrSignedHeader
	}
	list := make([]string, 0, len(names))
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if !isHeaderName(name) {
			return nil, ErrSignedHeader
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// headerValue returns the one value of a header. A repeated header is refused:
// signer and verifier could read it differently.
func headerValue(r *http.Request, name string) (string, bool) {
	if name == headerHost {
		host := r.Host
		if host == "" {
			host = r.URL.Host
		}
		return host, host != ""
	}
	values := r.Header.Values(name)
	if len(values) != 1 || strings.ContainsAny(values[0], "\r\n") {
		return "", false
	}
	return strings.TrimSpace(values[0]), true
}

// isHeaderName accepts lower-case tokens of RFC 9110.
func isHeaderName(name string) bool {
	if name == "" || len(name) > maxHeaderName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if ('a' <= c && c <= 'z') || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			continue
		}
		return false
	}
	return true
}

// payloadHash is the lower-case hex SHA-256 of a body.
func payloadHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// appendEscaped percent-encodes everything but the unreserved characters of RFC 3986.
func appendEscaped(b []byte, s string) []byte {
	const upper = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', isDigit(c), c == '-', c == '.', c == '_', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', upper[c>>4], upper[c&0xF])
		}
	}
	return b
}
