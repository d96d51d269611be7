// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// Headers of a signed V2 Kit call (kit §A.10).
const (
	KitSignHeader      = "x-sign"
	KitTimestampHeader = "x-timestamp"
	KitNonceHeader     = "x-nonce"
)

// KitSign returns the x-sign of a V2 Kit call in lower-case hex: the HMAC, with
// key as key, over key, nonce, timestamp and body (kit §A.10). Unlike
// [URLSignature] it does not hash the body first. The marketplace signs
// [Canonical] of a body; KitSign takes the bytes as given.
func KitSign(key, nonce, timestamp string, body []byte) string {
	return string(kitSign(key, nonce, timestamp, body))
}

func kitSign(key, nonce, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(key + nonce + timestamp))
	mac.Write(body)
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// VerifyKit checks the x-sign of a V2 Kit call against the candidate keys and
// reports which one fits and over which form of the body (kit §A.10). Empty keys
// are skipped. The marketplace binds a key of its own to the Kit, which may
// differ from that of the production interface.
//
// The bytes as received are tried with every key first, because that is cheap,
// then the sorted form, over which the marketplace computes its signature. A body
// that has no sorted form, or is no JSON at all, can still fit as received. The comparison takes
// constant time and ignores the case of the hex digits.
//
// Neither the age of the timestamp nor the novelty of the nonce is judged here:
// see [Freshness] and [ReplayKey].
//
// Errors: ErrMissingTimestamp, ErrMissingNonce, ErrMissingSignature (checked in
// this order, as the marketplace's sample does), ErrNonce, ErrNoKey,
// ErrSignature. With an error key is -1 and form is FormNone.
func VerifyKit(keys []string, nonce, timestamp, signature string, body []byte) (key int, form Form, err error) {
	if err := CheckForm(nonce, timestamp, signature); err != nil {
		return -1, FormNone, err
	}
	want, _ := foldHex(signature)

	index, usable := matchKit(keys, nonce, timestamp, want[:], body)
	switch {
	case index >= 0:
		return index, FormRaw, nil
	case !usable:
		return -1, FormNone, ErrNoKey
	}
	if sorted, err := Canonical(body); err == nil && !bytes.Equal(sorted, body) {
		if index, _ = matchKit(keys, nonce, timestamp, want[:], sorted); index >= 0 {
			return index, FormSorted, nil
		}
	}
	return -1, FormNone, ErrSignature
}

// matchKit is matchKey for an x-sign.
func matchKit(keys []string, nonce, timestamp string, want, body []byte) (index int, usable bool) {
	for i, key := range keys {
		if key == "" {
			continue
		}
		usable = true
		if subtle.ConstantTimeCompare(kitSign(key, nonce, timestamp, body), want) == 1 {
			return i, true
		}
	}
	return -1, usable
}
