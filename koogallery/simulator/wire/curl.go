// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// CurlExample returns a signed newInstance as one curl command, to drive a
// seller by hand. It is good for 60 seconds from now and for one use, because a
// seller may refuse old timestamps and repeated nonces. The order id is that of
// the minute, so the seller can query it at a simulator that is not strict. Errors: those of sign.SignURL.
func CurlExample(base, accessKey string, now time.Time) (string, error) {
	seed := base + now.UTC().Format(time.RFC3339Nano)
	order := catalogue.ExampleOrderID(now)
	body, err := encode(map[string]any{
		"activity": string(judge.ActivityNew), "businessId": catalogue.UUID(seed), "orderId": order, "orderLineId": order + catalogue.FirstLine,
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte("nonce\x00" + seed))
	signed, err := sign.SignURL(base, accessKey, strings.ToUpper(hex.EncodeToString(sum[:])), now, body)
	if err != nil {
		return "", err
	}
	return "curl -sS -X POST " + shellQuote(signed) + " \\\n" +
		"  -H 'Accept: application/json' -H 'Content-Type: application/json;charset=utf8' \\\n" +
		"  --data-binary " + shellQuote(string(body)) + "\n", nil
}

// shellQuote quotes a word for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
