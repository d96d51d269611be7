// SPDX-License-Identifier: Apache-2.0

package outbound

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins a secret as it is shown; the rest is the key in base64.
const secretPrefix = "whsec_"

// The sizes of a key in bytes: what Koogate makes, and what Standard Webhooks allows.
const (
	keySize                = 32
	minKeySize, maxKeySize = 24, 64
)

// NewSecret makes a secret of Standard Webhooks: whsec_ and a random key in base64.
func NewSecret() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// errSecret does not repeat the secret.
var errSecret = errors.New("outbound: a secret is whsec_ and 24 to 64 bytes in base64")

// Key reads a secret of Standard Webhooks. Errors: that it is none; they never repeat it.
func Key(secret string) ([]byte, error) {
	text, prefixed := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !prefixed || len(key) < minKeySize || len(key) > maxKeySize {
		return nil, errSecret
	}
	return key, nil
}

// Sign puts the headers of Standard Webhooks on a call: the message's identity, the time of the attempt, and a signature by each key. The time is
// that of the attempt, because receivers refuse what is older than some minutes.
func Sign(h http.Header, id string, now time.Time, body []byte, keys [][]byte) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}
