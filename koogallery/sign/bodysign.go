// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// BodySignHeader is the name of the response header that carries a seller's
// signature (saas-v2 §3).
const BodySignHeader = "Body-Sign"

const (
	bodySignType = "HMAC-SHA256"

	// maxBodySign bounds a received header; a genuine one has 82 bytes.
	maxBodySign = 256
)

// BodySign returns the value of the header Body-Sign for an answer with the
// given body (saas-v2 §3):
//
//	sign_type="HMAC-SHA256", signature= "<base64>"
//
// The blank after signature= is the documentation's. The body must be the exact
// bytes that are sent, leading and trailing blanks included. V1.0 requires the
// header; for V2.0 it is optional and undocumented.
func BodySign(key string, body []byte) string {
	return `sign_type="` + bodySignType + `", signature= "` + base64.StdEncoding.EncodeToString(bodyMAC(key, body)) + `"`
}

// VerifyBodySign reports whether header is a Body-Sign value that key makes over
// body. Blanks around the equals signs and the comma are optional; both values
// must be in double quotes. An empty key never verifies. The comparison takes
// constant time.
func VerifyBodySign(key, header string, body []byte) bool {
	if key == "" || len(header) > maxBodySign {
		return false
	}
	left, right, ok := strings.Cut(header, ",")
	if !ok {
		return false
	}
	signType, ok := quotedParam(left, "sign_type")
	if !ok || !strings.EqualFold(signType, bodySignType) {
		return false
	}
	signature, ok := quotedParam(right, "signature")
	if !ok || strings.ContainsAny(signature, "\r\n") {
		return false
	}
	got, err := base64.StdEncoding.Strict().DecodeString(signature)
	return err == nil && hmac.Equal(got, bodyMAC(key, body))
}

func bodyMAC(key string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return mac.Sum(nil)
}

// quotedParam returns the value of one `name = "value"` parameter.
func quotedParam(s, name string) (string, bool) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || strings.Trim(key, " \t") != name {
		return "", false
	}
	value = strings.Trim(value, " \t")
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	return value[1 : len(value)-1], true
}
