// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

// Vectors computed with invented keys: saas-v2 §3 and T6 of saas-v1-and-license.
func TestBodySignVectors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, key, body, want string }{
		{"saas-v2 §3", ownKey, `{"resultCode":"000000","resultMsg":"success","instanceId":"03pf80c2bae96vc49b80b917bea776d7"}`, "cK1TYWp1jY5uLhyADPQE+Rmy8yGJTo0RSAmgy6aXBfc="},
		{"T6 first", "00000000-1111-2222-3333-444444444444", `{"resultCode":"000000","resultMsg":"success."}`, "wd1JabGmHPwqq+/pu2hy00t74rTgYioCEzR6Mm27LbU="},
		{"T6 second", "xxxxxxx", `{"resultCode":"000000","resultMsg":"success."}`, "YB9MRaDz8ENM8JzoKzW8YT4yUrcMdby3kM31MTz8tO4="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := `sign_type="HMAC-SHA256", signature= "` + tt.want + `"`
			got := sign.BodySign(tt.key, []byte(tt.body))
			if got != want {
				t.Fatalf("BodySign = %s, want %s", got, want)
			}
			if !sign.VerifyBodySign(tt.key, got, []byte(tt.body)) {
				t.Error("own header does not verify")
			}
		})
	}
}

func TestVerifyBodySign(t *testing.T) {
	t.Parallel()
	body := []byte(`{"resultCode":"000000","resultMsg":"success."}`)
	const b64 = "YB9MRaDz8ENM8JzoKzW8YT4yUrcMdby3kM31MTz8tO4="
	tests := []struct {
		name, key, header string
		want              bool
	}{
		{"blank after equals", "xxxxxxx", `sign_type="HMAC-SHA256", signature= "` + b64 + `"`, true},
		{"no blank", "xxxxxxx", `sign_type="HMAC-SHA256",signature="` + b64 + `"`, true},
		{"many blanks", "xxxxxxx", "  sign_type = \"hmac-sha256\" ,\tsignature =  \"" + b64 + `" `, true},
		{"other key", "yyyyyyy", `sign_type="HMAC-SHA256", signature="` + b64 + `"`, false},
		{"empty key", "", sign.BodySign("", body), false},
		{"empty", "xxxxxxx", "", false},
		{"other type", "xxxxxxx", `sign_type="HMAC-SHA1", signature="` + b64 + `"`, false},
		{"no quotes", "xxxxxxx", `sign_type="HMAC-SHA256", signature=` + b64, false},
		{"one quote", "xxxxxxx", `sign_type="HMAC-SHA256", signature="`, false},
		{"no signature", "xxxxxxx", `sign_type="HMAC-SHA256"`, false},
		{"no equals", "xxxxxxx", `sign_type, signature`, false},
		{"wrong order", "xxxxxxx", `signature="` + b64 + `", sign_type="HMAC-SHA256"`, false},
		{"hex", "xxxxxxx", `sign_type="HMAC-SHA256", signature="` + strings.Repeat("ab", 32) + `"`, false},
		{"line break inside", "xxxxxxx", "sign_type=\"HMAC-SHA256\", signature=\"YB9M\nRaDz8ENM8JzoKzW8YT4yUrcMdby3kM31MTz8tO4=\"", false},
		{"loose trailing bits", "xxxxxxx", `sign_type="HMAC-SHA256", signature="YB9MRaDz8ENM8JzoKzW8YT4yUrcMdby3kM31MTz8tO5="`, false},
		{"prefix of the digest", "xxxxxxx", `sign_type="HMAC-SHA256", signature="YB9MRaDz"`, false},
		{"huge", "xxxxxxx", `sign_type="HMAC-SHA256", signature= "` + strings.Repeat("A", 1<<20) + `"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := sign.VerifyBodySign(tt.key, tt.header, body); got != tt.want {
				t.Errorf("VerifyBodySign = %v, want %v", got, tt.want)
			}
		})
	}
	if sign.VerifyBodySign("xxxxxxx", sign.BodySign("xxxxxxx", body), append(body, '\n')) {
		t.Error("a trailing line break must not verify: the whole body is signed")
	}
}
