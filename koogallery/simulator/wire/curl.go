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
// seller may refuse old timestamps and repeated nonces; [CurlScript] is not. The
// order id is that of the minute, so the seller can query it at a simulator that
// is not strict. Errors: those of sign.SignURL.
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

// CurlScript returns a POSIX shell script that signs a newInstance with openssl
// at the time it runs and sends it with curl, so it never goes stale. Its
// optional argument is an order id: give the same one twice to see that the
// instance id stays the same. openssl gets the key as an argument, which other
// users of the machine can see: meant for test keys. Errors: those of
// sign.SignURL.
func CurlScript(base, accessKey string) (string, error) {
	if _, err := sign.SignURL(base, accessKey, "nonce", time.Unix(2_000_000_000, 0), nil); err != nil {
		return "", err
	}
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	return strings.NewReplacer("@URL@", shellQuote(base+separator), "@KEY@", shellQuote(accessKey)).Replace(script), nil
}

// script is POSIX sh. China has no summer time, so CST-8 needs no zone database.
const script = `#!/bin/sh
set -eu
url=@URL@
key=@KEY@
order=${1:-CS$(TZ=CST-8 date +%y%m%d%H%M)DEMO1}
hmac() { openssl dgst -sha256 -hmac "$key" | sed 's/^.*= *//'; }
business=$(openssl rand -hex 16)
nonce=$(openssl rand -hex 32 | tr a-f A-F)
timestamp=$(date +%s)000
body='{"activity":"newInstance","businessId":"'$business'","orderId":"'$order'","orderLineId":"'$order'-000001"}'
mac=$(printf %s "$body" | hmac)
signature=$(printf %s "$key$nonce$timestamp$mac" | hmac | tr a-f A-F)
curl -sS -X POST "${url}signature=$signature&timestamp=$timestamp&nonce=$nonce" \
  -H 'Accept: application/json' -H 'Content-Type: application/json;charset=utf8' \
  --data-binary "$body"
echo
`

// shellQuote quotes a word for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
