package sign_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

func FuzzVerifyURL(f *testing.F) {
	f.Add(ownKey, newInstanceNonce, newInstanceTime, newInstanceSign, []byte(newInstanceBody))
	f.Add(ownKey, newInstanceNonce, newInstanceTime, newInstanceSign, []byte(`{"b":1,"a":null}`))
	f.Add("", "n", "1", strings.Repeat("0", 64), []byte("{"))
	f.Add("k", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, key, nonce, timestamp, signature string, body []byte) {
		index, form, err := sign.VerifyURL([]string{"decoy", key}, nonce, timestamp, signature, body)
		if (err == nil) != (index >= 0) || (err == nil) != (form != sign.FormNone) {
			t.Fatalf("inconsistent: %d, %s, %v", index, form, err)
		}
		if err != nil && !errors.Is(err, sign.ErrSignature) && !errors.Is(err, sign.ErrMissing) && !errors.Is(err, sign.ErrNonce) {
			t.Fatalf("not a sentinel: %v", err)
		}
		if key == "" || nonce == "" || timestamp == "" || len(nonce) > sign.MaxNonce {
			return
		}
		good := sign.URLSignature(key, nonce, timestamp, body)
		if _, form, err = sign.VerifyURL([]string{"decoy", key}, nonce, timestamp, strings.ToUpper(good), body); err != nil || form != sign.FormRaw {
			t.Fatalf("own signature refused: %s, %v", form, err)
		}
		sorted, err := sign.Canonical(body)
		if err != nil {
			return
		}
		good = sign.URLSignature(key, nonce, timestamp, sorted)
		if _, _, err = sign.VerifyURL([]string{"decoy", key}, nonce, timestamp, good, body); err != nil {
			t.Fatalf("signature over the sorted form refused: %v", err)
		}
	})
}

func FuzzFreshness(f *testing.F) {
	f.Add(int64(1680508066618), "1680508066618", int64(0))
	f.Add(int64(1680508066618), "1680508066", int64(time.Minute))
	f.Add(int64(-1), "0000000000000", int64(-1))
	f.Add(int64(1)<<62, "9999999999999", int64(1)<<62)
	f.Fuzz(func(t *testing.T, nowMillis int64, timestamp string, skew int64) {
		now := time.UnixMilli(nowMillis)
		sent, err := sign.Freshness(now, timestamp, time.Duration(skew))
		switch {
		case err == nil:
			limit := time.Duration(skew)
			if limit <= 0 {
				limit = sign.DefaultSkew
			}
			if now.Sub(sent).Abs() > limit {
				t.Fatalf("accepted %s at %s with %s", sent, now, limit)
			}
		case errors.Is(err, sign.ErrTimestampStale):
			if sent.IsZero() {
				t.Fatal("stale without a time")
			}
		case errors.Is(err, sign.ErrTimestampMalformed), errors.Is(err, sign.ErrMissing):
			if !sent.IsZero() {
				t.Fatal("malformed with a time")
			}
		default:
			t.Fatalf("not a sentinel: %v", err)
		}
	})
}

func FuzzVerifyRequest(f *testing.F) {
	for _, v := range akskVectors() {
		f.Add(v.method, v.url, "SDK-HMAC-SHA256 Access="+v.credentials.AccessKey+", SignedHeaders="+v.wantSigned+", Signature="+v.wantSignature,
			v.date, v.headers["Content-Type"], []byte(v.body))
	}
	f.Add("GET", "*", "SDK-HMAC-SHA256 Access=,,,", "20260101T000000Z", "", []byte(nil))
	now := date(f, "20260101T000000Z")
	keys := sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"}
	f.Fuzz(func(t *testing.T, method, rawURL, authorization, sent, contentType string, body []byte) {
		u, err := url.Parse(rawURL)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{
			"Authorization": {authorization}, "X-Sdk-Date": {sent}, "Content-Type": {contentType},
		}}
		access, err := sign.VerifyRequest(r, body, lookup(keys), now, 0)
		if (err == nil) != (access != "") {
			t.Fatalf("inconsistent: %q, %v", access, err)
		}
		// Whatever can be signed verifies, and a changed body does not.
		if err := sign.SignRequest(r, body, keys, now); err != nil {
			return
		}
		if _, err := sign.VerifyRequest(r, body, lookup(keys), now, 0); err != nil {
			t.Fatalf("own signature refused: %v", err)
		}
		if _, err := sign.VerifyRequest(r, append(body, 'x'), lookup(keys), now, 0); !errors.Is(err, sign.ErrSignature) {
			t.Fatalf("changed body: %v", err)
		}
	})
}
