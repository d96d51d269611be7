// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Names of the query parameters of a signed call (saas-v2 §1).
const (
	ParamSignature = "signature"
	ParamTimestamp = "timestamp"
	ParamNonce     = "nonce"
)

// MaxNonce is the longest nonce that is accepted, in bytes. The longest
// documented one has 64.
const MaxNonce = 256

// signatureLen is the length of a hexadecimal HMAC-SHA256.
const signatureLen = 2 * sha256.Size

// Form tells which form of a body a signature was computed over.
type Form int

const (
	// FormNone is the value that accompanies an error.
	FormNone Form = iota

	// FormRaw means the bytes exactly as received.
	FormRaw

	// FormSorted means the bytes that Canonical makes of the body. A caller
	// should then interpret Canonical(body) rather than body, so that what
	// was verified is what is acted upon.
	FormSorted
)

// String returns "none", "raw" or "sorted".
func (f Form) String() string {
	switch f {
	case FormRaw:
		return "raw"
	case FormSorted:
		return "sorted"
	default:
		return "none"
	}
}

// URLSignature returns the signature of a production-interface call in
// lower-case hex (saas-v2 §2.1). The key of both HMACs is accessKey, timestamp
// is the text that is sent, body the bytes that are sent.
//
// It signs whatever it is given; use [SignURL] to build a complete call.
func URLSignature(accessKey, nonce, timestamp string, body []byte) string {
	return string(urlSignature(accessKey, nonce, timestamp, body))
}

func urlSignature(accessKey, nonce, timestamp string, body []byte) []byte {
	key := []byte(accessKey)
	inner := hmac.New(sha256.New, key)
	inner.Write(body)

	outer := hmac.New(sha256.New, key)
	outer.Write(key)
	outer.Write([]byte(nonce))
	outer.Write([]byte(timestamp))
	outer.Write(hex.AppendEncode(nil, inner.Sum(nil)))
	return hex.AppendEncode(nil, outer.Sum(nil))
}

// VerifyURL checks the signature of a production-interface call against the
// candidate keys and reports which key fits and over which form of the body
// (saas-v2 §2.1). The wire carries no key id, so a key ring in rotation is
// passed whole, most likely key first. Empty keys are skipped.
//
// The raw bytes are tried with every key first, then the sorted form with every
// key; the sorted form is computed at most once, and only when it differs. The
// comparison takes constant time and ignores the case of the hex digits.
//
// Neither the age of the timestamp nor the novelty of the nonce is judged here:
// see [Freshness] and [ReplayKey].
//
// Errors: ErrMissingTimestamp, ErrMissingNonce, ErrMissingSignature (checked in
// this order, as the marketplace's sample does), ErrNonce, ErrNoKey,
// ErrSignature. With an error keyIndex is -1 and form is FormNone. A body that
// has no sorted form is not an error by itself.
func VerifyURL(keys []string, nonce, timestamp, signature string, body []byte) (keyIndex int, form Form, err error) {
	if err := CheckForm(nonce, timestamp, signature); err != nil {
		return -1, FormNone, err
	}
	want, _ := foldHex(signature)

	index, usable := matchKey(keys, nonce, timestamp, want[:], body)
	if index >= 0 {
		return index, FormRaw, nil
	}
	if !usable {
		return -1, FormNone, ErrNoKey
	}
	sorted, err := Canonical(body)
	if err != nil || bytes.Equal(sorted, body) {
		return -1, FormNone, ErrSignature
	}
	if index, _ = matchKey(keys, nonce, timestamp, want[:], sorted); index >= 0 {
		return index, FormSorted, nil
	}
	return -1, FormNone, ErrSignature
}

// CheckForm returns the error that [VerifyURL] and [VerifyKit] would give for
// nonce, timestamp and signature alone, whatever the body and the keys are. It
// spares a server the body of a call that cannot be verified.
//
// Errors: ErrMissingTimestamp, ErrMissingNonce, ErrMissingSignature (checked in
// this order, as the marketplace's sample does), ErrNonce, ErrSignature.
func CheckForm(nonce, timestamp, signature string) error {
	switch {
	case timestamp == "":
		return ErrMissingTimestamp
	case nonce == "":
		return ErrMissingNonce
	case signature == "":
		return ErrMissingSignature
	case len(nonce) > MaxNonce:
		return ErrNonce
	}
	if _, ok := foldHex(signature); !ok {
		return ErrSignature
	}
	return nil
}

// matchKey returns the index of the first key that fits, or -1, and whether
// there was any key to try. Stopping at the first match tells an observer only
// the position of a key they already know.
func matchKey(keys []string, nonce, timestamp string, want, body []byte) (index int, usable bool) {
	for i, key := range keys {
		if key == "" {
			continue
		}
		usable = true
		if subtle.ConstantTimeCompare(urlSignature(key, nonce, timestamp, body), want) == 1 {
			return i, true
		}
	}
	return -1, usable
}

// foldHex lowers the case of a received signature. It reports false for
// anything that is not 64 hexadecimal digits.
func foldHex(s string) (folded [signatureLen]byte, ok bool) {
	if len(s) != signatureLen {
		return folded, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
			folded[i] = c
		case 'A' <= c && c <= 'F':
			folded[i] = c + ('a' - 'A')
		default:
			return folded, false
		}
	}
	return folded, true
}

// ReplayKey returns the string under which a verified call should be
// remembered to refuse a replay: the signature in lower case.
//
// Remembering the nonce alone is weaker. Nonce and timestamp are signed without
// a separator, so one signature can fit two splits of the same characters, and
// the case of a signature and, in the sorted form, the white space of a body
// can be altered without the key. The signature is the same in all these
// variants. Keep it for at least twice the accepted skew (saas-v2 §2.3). A
// marketplace retry is a new call with a new nonce and is not affected.
func ReplayKey(signature string) string {
	return strings.ToLower(signature)
}

// SignURL returns the complete URL of a production-interface call: base with
// the query parameters signature (upper-case hex, as the wire examples show),
// timestamp (milliseconds) and nonce (saas-v2 §1, §2). Other parameters of base
// are kept, an earlier signature is replaced, a fragment is dropped.
//
// Errors: ErrMissing if accessKey is empty, ErrMissingNonce, ErrNonce,
// ErrTimestampMalformed if now has no timestamp of 13 digits (years 2001 to
// 2286), ErrURL if base is not an absolute http or https URL.
func SignURL(base, accessKey, nonce string, now time.Time, body []byte) (string, error) {
	switch {
	case accessKey == "":
		return "", ErrMissing
	case nonce == "":
		return "", ErrMissingNonce
	case len(nonce) > MaxNonce:
		return "", ErrNonce
	}
	timestamp := strconv.FormatInt(now.UnixMilli(), 10)
	if !digits(timestamp) || len(timestamp) != millisLen {
		return "", ErrTimestampMalformed
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", ErrURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", ErrURL
	}
	query.Del(ParamSignature)
	query.Del(ParamTimestamp)
	query.Del(ParamNonce)

	var raw strings.Builder
	raw.WriteString(query.Encode())
	if raw.Len() > 0 {
		raw.WriteByte('&')
	}
	raw.WriteString(ParamSignature + "=" + strings.ToUpper(URLSignature(accessKey, nonce, timestamp, body)))
	raw.WriteString("&" + ParamTimestamp + "=" + timestamp)
	raw.WriteString("&" + ParamNonce + "=" + url.QueryEscape(nonce))
	u.RawQuery = raw.String()
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}
