// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

const usageBody = `{"usage_records":[{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z","instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001","record_time":"20220809T091000Z","usage_value":"99"}]}`

// No complete vector is published. These were computed with Python's hmac, the
// second also with openssl; nonce and time of the first are the documents' (open-apis §3.2).
func TestUsageSignVectors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, key, ts, nonce, body, want string }{
		{"documented nonce and time", "isvAccessKey-0123456789", "1709690865879", "6c63c221-1f6b-4141-8ff4-22f5dfe82b65", usageBody, "50gUSMgWUyjxOd96k1hNTuKqC4Nn4YwwymL3qQ+1nbU="},
		{"empty body", "k", "0", "n", "", "M3TV9NTLC2+h/gCaAslL500vEcOifWwY0i5xusquAbA="},
		{"not ASCII", "密钥", "1709690865879", "n", `{"a":"用量&body=x"}`, "1g9qrfG8KbNNQeZKyA7VOyR47tSq18Ercznlqpc/huw="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign.UsageSign(tt.key, tt.ts, tt.nonce, []byte(tt.body))
			if got != tt.want {
				t.Fatalf("UsageSign = %s, want %s", got, tt.want)
			}
			key, err := sign.VerifyUsage([]string{"", "decoy", tt.key}, tt.ts, tt.nonce, got, []byte(tt.body))
			if key != 2 || err != nil {
				t.Errorf("VerifyUsage = %d, %v", key, err)
			}
		})
	}
}

func TestVerifyUsage(t *testing.T) {
	t.Parallel()
	const (
		ts    = "1709690865879"
		nonce = "6c63c221-1f6b-4141-8ff4-22f5dfe82b65"
	)
	body := []byte(usageBody)
	good := sign.UsageSign("a", ts, nonce, body)
	tests := []struct {
		name                 string
		keys                 []string
		ts, nonce, signature string
		body                 []byte
		want                 error
	}{
		{"good", []string{"a"}, ts, nonce, good, body, nil},
		{"no time", []string{"a"}, "", "", "", body, sign.ErrMissingTimestamp},
		{"no nonce", []string{"a"}, ts, "", "", body, sign.ErrMissingNonce},
		{"no signature", []string{"a"}, ts, nonce, "", body, sign.ErrMissingSignature},
		{"long nonce", []string{"a"}, ts, strings.Repeat("n", sign.MaxNonce+1), good, body, sign.ErrNonce},
		{"other key", []string{"b"}, ts, nonce, good, body, sign.ErrSignature},
		{"no key", nil, ts, nonce, good, body, sign.ErrNoKey},
		{"empty key", []string{""}, ts, nonce, sign.UsageSign("", ts, nonce, body), body, sign.ErrNoKey},
		{"other time", []string{"a"}, "1709690865880", nonce, good, body, sign.ErrSignature},
		{"other nonce", []string{"a"}, ts, "n", good, body, sign.ErrSignature},
		{"other body", []string{"a"}, ts, nonce, good, append([]byte(" "), body...), sign.ErrSignature},
		{"not Base64", []string{"a"}, ts, nonce, "%" + good[1:], body, sign.ErrSignature},
		{"line break", []string{"a"}, ts, nonce, good[:4] + "\n" + good[4:], body, sign.ErrSignature},
		{"prefix", []string{"a"}, ts, nonce, good[:8], body, sign.ErrSignature},
		{"URL alphabet", []string{"a"}, ts, nonce, strings.NewReplacer("+", "-", "/", "_", "=", "-").Replace(good), body, sign.ErrSignature},
		{"huge", []string{"a"}, ts, nonce, strings.Repeat("A", 1<<20), body, sign.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, err := sign.VerifyUsage(tt.keys, tt.ts, tt.nonce, tt.signature, tt.body)
			if !errors.Is(err, tt.want) || (err == nil) != (key == 0) || (err != nil) != (key == -1) {
				t.Errorf("VerifyUsage = %d, %v; want %v", key, err, tt.want)
			}
		})
	}
}

func FuzzVerifyUsage(f *testing.F) {
	f.Add("k", "1709690865879", "n", "M3TV9NTLC2+h/gCaAslL500vEcOifWwY0i5xusquAbA=", []byte(usageBody))
	f.Add("", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, key, ts, nonce, signature string, body []byte) {
		index, err := sign.VerifyUsage([]string{"decoy", key}, ts, nonce, signature, body)
		if (err == nil) != (index >= 0) {
			t.Fatalf("inconsistent: %d, %v", index, err)
		}
		if err != nil && !errors.Is(err, sign.ErrSignature) && !errors.Is(err, sign.ErrMissing) && !errors.Is(err, sign.ErrNonce) {
			t.Fatalf("not a sentinel: %v", err)
		}
		own := sign.UsageSign(key, ts, nonce, body)
		if raw, err := base64.StdEncoding.DecodeString(own); err != nil || len(raw) != 32 {
			t.Fatalf("%q is no signature", own)
		}
		if key == "" || ts == "" || nonce == "" || len(nonce) > sign.MaxNonce {
			return
		}
		if _, err := sign.VerifyUsage([]string{"decoy", key}, ts, nonce, own, body); err != nil {
			t.Fatalf("own signature refused: %v", err)
		}
	})
}
