// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Header names of the SDK-HMAC-SHA256 scheme (open-apis §1.2, §6.1).
const (
	AuthorizationHeader = "Authorization"
	DateHeader          = "X-Sdk-Date"
	SecurityTokenHeader = "X-Security-Token"
	PayloadHashHeader   = "X-Sdk-Content-Sha256"
)

const (
	algorithm  = "SDK-HMAC-SHA256"
	dateLayout = "20060102T150405Z"
	dateLen    = len(dateLayout)

	maxAccessKey     = 128
	maxHeaderName    = 128
	maxAuthorization = 8 << 10
	maxSignedHeaders = 64

	headerContentType   = "content-type"
	headerHost          = "host"
	headerDate          = "x-sdk-date"
	headerSecurityToken = "x-security-token"
)

// SignRequest signs an outgoing request with AK/SK (open-apis §6). It sets
// X-Sdk-Date to now in UTC, X-Security-Token if there is a token, and
// Authorization. body must be the exact bytes that r.Body will yield; r.Body is
// not read. A header X-Sdk-Content-Sha256 on r replaces the hash of body.
//
// Without signedHeaders the request is signed over content-type (if present),
// host, x-sdk-date and x-security-token (if present). With signedHeaders it is
// signed over those and x-sdk-date, which is obligatory. Names ignore case and
// may come in any order. Changing a signed part afterwards breaks the signature.
//
// Errors: ErrCredentials, ErrSignedHeader, ErrRequest. After an error r carries
// no Authorization header.
func SignRequest(r *http.Request, body []byte, c Credentials, now time.Time, signedHeaders ...string) error {
	if r == nil || r.URL == nil {
		return ErrRequest
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Del(AuthorizationHeader)
	if err := c.validate(); err != nil {
		return err
	}
	date := now.UTC().Format(dateLayout)
	if len(date) != dateLen {
		return ErrRequest
	}
	r.Header.Set(DateHeader, date)
	if c.SecurityToken != "" {
		r.Header.Set(SecurityTokenHeader, c.SecurityToken)
	}

	names, err := headerNames(append(defaultHeaders(r, signedHeaders), headerDate))
	if err != nil {
		return err
	}
	canonical, err := canonicalRequest(r, body, names)
	if err != nil {
		return err
	}
	r.Header.Set(AuthorizationHeader, algorithm+
		" Access="+c.AccessKey+
		", SignedHeaders="+strings.Join(names, ";")+
		", Signature="+string(requestSignature(c.SecretKey, date, canonical)))
	return nil
}

// defaultHeaders returns a fresh slice: the given names, or the default choice.
func defaultHeaders(r *http.Request, given []string) []string {
	if len(given) > 0 {
		return append([]string(nil), given...)
	}
	names := []string{headerHost}
	for _, name := range []string{headerContentType, headerSecurityToken} {
		if r.Header.Get(name) != "" {
			names = append(names, name)
		}
	}
	return names
}

// requestSignature is the last step: lower-case hex of
// HMAC(SK, algorithm \n date \n hex(sha256(canonical request))).
func requestSignature(secretKey, date, canonical string) []byte {
	hash := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(secretKey))
	mac.Write([]byte(algorithm + "\n" + date + "\n" + hex.EncodeToString(hash[:])))
	return hex.AppendEncode(nil, mac.Sum(nil))
}
