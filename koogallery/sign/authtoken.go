// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
)

// Names of the V1 generation: query parameters of a GET call, body members of a
// POST call, and the header that carries a POST call's token (saas-v1 §2.1, §2.2).
const (
	ParamAuthToken  = "authToken"
	ParamTimeStamp  = "timeStamp"
	AuthTokenHeader = "authToken"
)

const (
	// maxParams bounds the parameters of a call; the longest documented one has 26.
	maxParams = 1024

	// authTokenLen is the length of the Base64 of an HMAC-SHA256.
	authTokenLen = (sha256.Size + 2) / 3 * 4
)

// pair is one name=value of a text to be signed, and where its name ends.
type pair struct {
	text string
	name int
}

func newPair(name, value string) pair { return pair{name + "=" + value, len(name)} }

func (p pair) key() string   { return p.text[:p.name] }
func (p pair) value() string { return p.text[p.name+1:] }

// firstOfEach sorts pairs by UTF-16 code unit of their names, as a Java TreeMap
// does, and keeps the first of each name.
func firstOfEach(pairs []pair) []pair {
	slices.SortStableFunc(pairs, func(a, b pair) int { return compareUTF16(a.key(), b.key()) })
	return slices.CompactFunc(pairs, func(a, b pair) bool { return a.key() == b.key() })
}

// lookup returns the value of a name that occurs at most once.
func lookup(pairs []pair, name string) (value string, ok bool) {
	for _, p := range pairs {
		if p.key() == name {
			return p.value(), true
		}
	}
	return "", false
}

// join writes the text to be signed.
func join(pairs []pair) []byte {
	size := 0
	for _, p := range pairs {
		size += len(p.text) + 1
	}
	b := make([]byte, 0, size)
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.text...)
	}
	return b
}

// authToken is the Base64 of the HMAC whose key is the access key followed by
// the timeStamp (saas-v1 §2.1 step 4).
func authToken(key, timeStamp string, joined []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key+timeStamp))
	mac.Write(joined)
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}

// matchToken is matchKey for an authToken.
func matchToken(keys []string, token, timeStamp string, joined []byte) (index int, usable bool) {
	for i, key := range keys {
		if key == "" {
			continue
		}
		usable = true
		if subtle.ConstantTimeCompare(authToken(key, timeStamp, joined), []byte(token)) == 1 {
			return i, true
		}
	}
	return -1, usable
}

// AuthTokenBody returns the authToken of a V1 POST call with the given JSON body
// (saas-v1 §2.2, kit §A.9). The text that is signed joins name=value with & in
// UTF-16 order of the names, where a value is
//
//   - a string as it is after un-escaping, JSON in a string included;
//   - a number, true or false as written;
//   - left out with its name if it is null, empty or only white space.
//
// The last of a repeated name counts. Members named authToken or class are
// signed like any other: the token travels in a header, and the sample only
// removes what its bean library adds. The HMAC key is key followed by the body's
// timeStamp.
//
// Errors: ErrMissing if key is empty, ErrMissingTimestamp, ErrNested for an array
// or object as value (what the marketplace would sign is undefined), ErrJSON,
// also beyond 1024 members.
func AuthTokenBody(key string, body []byte) (string, error) {
	if key == "" {
		return "", ErrMissing
	}
	joined, timeStamp, err := bodyText(body)
	if err != nil {
		return "", err
	}
	return string(authToken(key, timeStamp, joined)), nil
}

// VerifyBody checks the header authToken of a V1 POST call against the candidate
// keys and reports which one fits (saas-v1 §2.2, kit §A.9). Empty keys are
// skipped. One pair of quotation marks around the token, plain or typographic, is
// dropped, because the documentation prints it so. The comparison takes constant
// time.
//
// The joined text does not escape & and =, so a signature does not tell one value
// "x&b=y" from the members x and b=y. Check what a call needs, and remember
// tokens to refuse a replay: every genuine call has another timeStamp.
//
// Errors: ErrMissingSignature, those of [AuthTokenBody], ErrNoKey, ErrSignature.
// With an error key is -1.
func VerifyBody(keys []string, authToken string, body []byte) (key int, err error) {
	if err := CheckToken(authToken); err != nil {
		return -1, err
	}
	token := plainToken(unquote(authToken))
	joined, timeStamp, err := bodyText(body)
	if err != nil {
		return -1, err
	}
	index, usable := matchToken(keys, token, timeStamp, joined)
	switch {
	case index >= 0:
		return index, nil
	case !usable:
		return -1, ErrNoKey
	default:
		return -1, ErrSignature
	}
}

// CheckToken returns the error that [VerifyBody] would give for the header
// authToken alone, whatever the body and the keys are: ErrMissingSignature or
// ErrSignature.
func CheckToken(authToken string) error {
	switch token := plainToken(unquote(authToken)); {
	case token == "":
		return ErrMissingSignature
	case len(token) != authTokenLen:
		return ErrSignature
	}
	return nil
}

// plainToken decodes a token that is still percent-encoded, as a sender that encodes twice leaves it. The token is only
// compared, so no other token fits by it.
func plainToken(token string) string {
	if len(token) == authTokenLen || !strings.Contains(token, "%") || len(token) > 3*authTokenLen {
		return token
	}
	var b strings.Builder
	if !unescape(&b, strings.ReplaceAll(token, "+", "%2B")) {
		return token
	}
	return b.String()
}

// unquote drops one pair of quotation marks, of whichever kinds.
func unquote(s string) string {
	for _, mark := range []string{`"`, "“", "”"} {
		rest, ok := strings.CutPrefix(s, mark)
		if !ok {
			continue
		}
		for _, mark := range []string{`"`, "”", "“"} {
			if inner, ok := strings.CutSuffix(rest, mark); ok {
				return inner
			}
		}
	}
	return s
}

// bodyText returns the text that is signed and the timeStamp in it.
func bodyText(body []byte) (joined []byte, timeStamp string, err error) {
	s := scanner{in: body}
	pairs, err := s.pairs()
	if err != nil {
		return nil, "", err
	}
	slices.Reverse(pairs)
	pairs = slices.DeleteFunc(firstOfEach(pairs), func(p pair) bool { return isBlank(p.value()) })
	timeStamp, ok := lookup(pairs, ParamTimeStamp)
	if !ok {
		return nil, "", ErrMissingTimestamp
	}
	return join(pairs), timeStamp, nil
}

// pairs reads a whole body whose values are not nested. The pairs are in the
// order received, null has an empty value.
func (s *scanner) pairs() ([]pair, error) {
	s.space()
	if !s.accept('{') {
		return nil, ErrJSON
	}
	list := make([]pair, 0, min(len(s.in)/memberLen+1, maxParams))
	var text strings.Builder
	text.Grow(len(s.in)) // no member is longer than its spelling, so this never moves
	s.space()
	for more := !s.accept('}'); more; more = !s.accept('}') {
		if len(list) > 0 && !s.accept(',') || len(list) == maxParams {
			return nil, ErrJSON
		}
		s.space()
		begin := text.Len()
		content, err := s.content()
		if err != nil {
			return nil, err
		}
		text.Write(content)
		name := text.Len() - begin
		s.space()
		if !s.accept(':') {
			return nil, ErrJSON
		}
		text.WriteByte('=')
		if err := s.flat(&text); err != nil {
			return nil, err
		}
		list = append(list, pair{text.String()[begin:], name})
		s.space()
	}
	s.space()
	if s.pos != len(s.in) {
		return nil, ErrJSON
	}
	return list, nil
}

// flat appends the text of one value that is neither object nor array.
func (s *scanner) flat(text *strings.Builder) error {
	s.space()
	if s.pos >= len(s.in) {
		return ErrJSON
	}
	switch s.in[s.pos] {
	case '{', '[':
		return ErrNested
	case '"':
		content, err := s.content()
		text.Write(content)
		return err
	}
	s.out = s.out[:0]
	null, err := s.value(1)
	if err == nil && !null {
		text.Write(s.out)
	}
	return err
}

// isBlank tells what the sample's StringUtils.isBlank does: nothing, or only
// characters that Java's Character.isWhitespace holds for white space. A
// no-break space is not one.
func isBlank(s string) bool {
	for _, r := range s {
		switch {
		case '\t' <= r && r <= '\r', 0x1C <= r && r <= ' ':
		case r == 0x1680, 0x2000 <= r && r <= 0x2006, 0x2008 <= r && r <= 0x200A:
		case r == 0x2028, r == 0x2029, r == 0x205F, r == 0x3000:
		default:
			return false
		}
	}
	return true
}
