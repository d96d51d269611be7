// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Headers of a usage push to the new interface (open-apis §3.1). HTTP ignores
// their case.
const (
	UsageSignatureHeader = "signature"
	UsageTSHeader        = "ts"
	UsageNonceHeader     = "nonce"
)

// maxUsageSign bounds a received signature, in bytes; a genuine one has 44.
const maxUsageSign = 1000

// UsageSign returns the header signature of a usage push (open-apis §3.2): the
// Base64 form of the HMAC-SHA256, with key as key, over
//
//	ts={ts}&nonce={nonce}&body={body}
//
// key is the access key that the seller bound to the base interface, the one
// that verifies production-interface calls, and not the SK of [Credentials]. ts
// is the Unix time in milliseconds. The marketplace is said to sort the body
// before it signs, so send exactly these bytes: compact JSON with sorted names.
func UsageSign(key, ts, nonce string, body []byte) string {
	return base64.StdEncoding.EncodeToString(usageMAC(key, ts, nonce, body))
}

// VerifyUsage checks the header signature of a usage push against the candidate
// keys and reports which one fits (open-apis §3.2). It is meant for servers that
// stand in for the marketplace. body is the body as received and is taken as it
// is, unsorted. Empty keys are skipped. The comparison takes constant time.
//
// Neither the age of ts nor the novelty of the nonce is judged here: the
// documents name no window, see [Freshness] and [ReplayKey].
//
// Errors: ErrMissingTimestamp, ErrMissingNonce, ErrMissingSignature (checked in
// this order), ErrNonce, ErrNoKey, ErrSignature. With an error key is -1.
func VerifyUsage(keys []string, ts, nonce, signature string, body []byte) (key int, err error) {
	switch {
	case ts == "":
		return -1, ErrMissingTimestamp
	case nonce == "":
		return -1, ErrMissingNonce
	case signature == "":
		return -1, ErrMissingSignature
	case len(nonce) > MaxNonce:
		return -1, ErrNonce
	case len(signature) > maxUsageSign || strings.ContainsAny(signature, "\r\n"):
		return -1, ErrSignature
	}
	want, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return -1, ErrSignature
	}
	usable := false
	for i, candidate := range keys {
		if candidate == "" {
			continue
		}
		usable = true
		if hmac.Equal(usageMAC(candidate, ts, nonce, body), want) {
			return i, nil
		}
	}
	if !usable {
		return -1, ErrNoKey
	}
	return -1, ErrSignature
}

func usageMAC(key, ts, nonce string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("ts=" + ts + "&nonce=" + nonce + "&body="))
	mac.Write(body)
	return mac.Sum(nil)
}
