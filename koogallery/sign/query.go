// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Query is what a verified V1 GET call says.
type Query struct {
	// Params are the decoded parameters without authToken, the first value of
	// each name.
	Params map[string]string

	// Repaired says that the signature fitted only after blanks were read as
	// plus signs. Params then hold the repaired values. It is worth a log line.
	Repaired bool
}

// repairable tells the parameters that hold Base64, in which an unescaped plus
// sign arrives as a blank (saas-v1 §2.1).
func repairable(name string) bool {
	switch name {
	case ParamAuthToken, "mobilePhone", "email", "saasExtendParams":
		return true
	default:
		return false
	}
}

// AuthTokenQuery returns the authToken of a V1 GET call (saas-v1 §2.1). The text
// that is signed joins name=value with & in UTF-16 order of the names, taken from
// rawQuery: every parameter but authToken, decoded once (%XX, and + for a blank),
// the first of a repeated name, empty values included. A parameter without an
// equals sign has an empty value. The HMAC key is key followed by timeStamp.
//
// Errors: ErrMissing if key is empty, ErrQuery, ErrMissingTimestamp.
func AuthTokenQuery(key, rawQuery string) (string, error) {
	if key == "" {
		return "", ErrMissing
	}
	pairs, _, err := queryPairs(rawQuery)
	if err != nil {
		return "", err
	}
	timeStamp, _ := lookup(pairs, ParamTimeStamp)
	if timeStamp == "" {
		return "", ErrMissingTimestamp
	}
	return string(authToken(key, timeStamp, join(pairs))), nil
}

// VerifyQuery checks the authToken of a V1 GET call against the candidate keys
// and reports which one fits and what was signed (saas-v1 §2.1). rawQuery is the
// query as received. Empty keys are skipped. The comparison takes constant time.
//
// If no key fits, there is one second chance: blanks become plus signs in
// authToken, mobilePhone, email and saasExtendParams, which hold Base64 that the
// marketplace's own examples print unescaped.
//
// A token that was percent-encoded twice is decoded twice; no other parameter is.
//
// The joined text does not escape & and =, so a signature does not tell one value
// "x&b=y" from the parameters x and b=y. Check what a call needs, and remember
// tokens (with plus signs for blanks) to refuse a replay: every genuine call,
// a marketplace retry too, has another timeStamp. No age limit is documented.
//
// Errors: ErrQuery, ErrMissingSignature, ErrMissingTimestamp, ErrNoKey,
// ErrSignature. With an error key is -1 and q is empty.
func VerifyQuery(keys []string, rawQuery string) (key int, q Query, err error) {
	pairs, token, err := queryPairs(rawQuery)
	if err != nil {
		return -1, Query{}, err
	}
	if token == "" {
		return -1, Query{}, ErrMissingSignature
	}
	timeStamp, _ := lookup(pairs, ParamTimeStamp)
	if timeStamp == "" {
		return -1, Query{}, ErrMissingTimestamp
	}
	if token = plainToken(token); len(token) != authTokenLen {
		return -1, Query{}, ErrSignature
	}
	index, usable := matchToken(keys, token, timeStamp, join(pairs))
	if !usable {
		return -1, Query{}, ErrNoKey
	}
	if index < 0 {
		q.Repaired = repair(pairs, &token)
		if !q.Repaired {
			return -1, Query{}, ErrSignature
		}
		if index, _ = matchToken(keys, token, timeStamp, join(pairs)); index < 0 {
			return -1, Query{}, ErrSignature
		}
	}
	q.Params = make(map[string]string, len(pairs))
	for _, p := range pairs {
		q.Params[p.key()] = p.value()
	}
	return index, q, nil
}

// repair reads blanks as plus signs where they cannot be meant, and reports
// whether there were any.
func repair(pairs []pair, token *string) (changed bool) {
	plus := func(s string) string {
		changed = changed || strings.Contains(s, " ")
		return strings.ReplaceAll(s, " ", "+")
	}
	*token = plus(*token)
	for i, p := range pairs {
		if repairable(p.key()) {
			pairs[i].text = plus(p.text)
		}
	}
	return changed
}

// queryPairs returns the parameters to be signed, and authToken apart.
func queryPairs(rawQuery string) (pairs []pair, token string, err error) {
	count := strings.Count(rawQuery, "&") + 1
	if count > maxParams {
		return nil, "", ErrQuery
	}
	pairs = make([]pair, 0, min(count, len(rawQuery)/2+1)) // an empty part counts but makes no pair
	var text strings.Builder
	text.Grow(len(rawQuery) + count) // an equals sign may be added to each, so this never moves
	for part := range strings.SplitSeq(rawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		begin := text.Len()
		if !unescape(&text, name) {
			return nil, "", ErrQuery
		}
		end := text.Len()
		text.WriteByte('=')
		if !unescape(&text, value) || !utf8.ValidString(text.String()[begin:]) {
			return nil, "", ErrQuery
		}
		pairs = append(pairs, pair{text.String()[begin:], end - begin})
	}
	pairs = firstOfEach(pairs)
	for i, p := range pairs {
		if p.key() == ParamAuthToken {
			return append(pairs[:i], pairs[i+1:]...), p.value(), nil
		}
	}
	return pairs, "", nil
}

// unescape appends s decoded, and reports false for a bad escape.
func unescape(text *strings.Builder, s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if len(s)-i < 3 {
				return false
			}
			high, ok := hexDigit(s[i+1])
			low, also := hexDigit(s[i+2])
			if !ok || !also {
				return false
			}
			c = high<<4 | low
			i += 2
		}
		text.WriteByte(c)
	}
	return true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	default:
		return 0, false
	}
}

// SignQuery returns the complete URL of a V1 GET call: base with params and
// their authToken (saas-v1 §2.1). base may have a path; a fragment is dropped. Of
// each name the first value is sent, and an authToken in params is ignored.
// Everything but unreserved characters is percent-encoded, a blank as %20. The
// order is that of the signed text, authToken comes last.
//
// Errors: ErrMissing if key is empty, ErrURL if base is not an absolute http or
// https URL or has a query, ErrMissingTimestamp, ErrQuery if params are more than
// 1024 or not valid UTF-8.
func SignQuery(base, key string, params url.Values) (string, error) {
	if key == "" {
		return "", ErrMissing
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.ForceQuery {
		return "", ErrURL
	}
	pairs := make([]pair, 0, len(params))
	for name, values := range params {
		if name != ParamAuthToken && len(values) > 0 {
			pairs = append(pairs, newPair(name, values[0]))
		}
	}
	var raw []byte
	for _, p := range firstOfEach(pairs) {
		raw = appendParam(raw, p.key(), p.value())
	}
	token, err := AuthTokenQuery(key, string(raw))
	if err != nil {
		return "", err
	}
	// The token is one parameter more, which VerifyQuery counts too.
	if len(pairs) == maxParams {
		return "", ErrQuery
	}
	u.RawQuery = string(appendParam(raw, ParamAuthToken, token))
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

func appendParam(raw []byte, name, value string) []byte {
	if len(raw) > 0 {
		raw = append(raw, '&')
	}
	raw = append(appendEscaped(raw, name), '=')
	return appendEscaped(raw, value)
}
