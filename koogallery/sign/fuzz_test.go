// SPDX-License-Identifier: Apache-2.0

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

func FuzzVerifyQuery(f *testing.F) {
	f.Add(publishedKey, t1Query+"&authToken="+url.QueryEscape(t1Token), "customerName", "a b+")
	f.Add(uuidKey, strings.ReplaceAll(t5Query, "%2B", "+")+"&authToken="+t5Token, "email", "x y")
	f.Add("k", "timeStamp=1&a=1&a=2&b&=&;&%F0%9F%98%80=1&%EF%BD%9E", "\u00e9&=", "%")
	f.Add("", "timeStamp=%ff&authToken=%zz", "", "\xff")
	f.Fuzz(func(t *testing.T, key, rawQuery, name, value string) {
		index, q, err := sign.VerifyQuery([]string{"decoy", key}, rawQuery)
		if (err == nil) != (index >= 0) || (err == nil) != (q.Params != nil) {
			t.Fatalf("inconsistent: %d, %+v, %v", index, q, err)
		}
		if err != nil && !errors.Is(err, sign.ErrSignature) && !errors.Is(err, sign.ErrMissing) && !errors.Is(err, sign.ErrQuery) {
			t.Fatalf("not a sentinel: %v", err)
		}
		checkFuzzed(t, len(key)+len(rawQuery), func() { _, _, _ = sign.VerifyQuery([]string{"decoy", key}, rawQuery) })
		// Whatever has a token verifies with it, appended or in front.
		if token, err := sign.AuthTokenQuery(key, rawQuery); err == nil && strings.Count(rawQuery, "&") < 1000 {
			if _, q, err = sign.VerifyQuery([]string{"decoy", key}, "authToken="+url.QueryEscape(token)+"&"+rawQuery); err != nil || q.Repaired {
				t.Fatalf("own token refused: %+v, %v", q, err)
			}
		}
		params := url.Values{"timeStamp": {"20200727073711903"}, name: {value}}
		call, err := sign.SignQuery("https://example.com/p", key, params)
		if err != nil {
			return
		}
		_, raw, _ := strings.Cut(call, "?")
		_, q, err = sign.VerifyQuery([]string{key}, raw)
		if err != nil || q.Repaired || (name != "authToken" && q.Params[name] != value) {
			t.Fatalf("own call refused or changed: %+v, %v", q, err)
		}
	})
}

func FuzzAuthTokenBody(f *testing.F) {
	for _, seed := range []string{
		tenantSyncBody, `{"timeStamp":"1","a":null,"b":" ","c":1.50,"d":true,"c":"\u00e9\ud83d\ude00"}`,
		`{"timeStamp":1,"a":[]}`, `{"timeStamp":{}}`, `{`, "{\"timeStamp\":\"\xff\"}", `{"timeStamp":"1",}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkFuzzed(t, len(body), func() { _, _ = sign.AuthTokenBody("k", body) })
		token, err := sign.AuthTokenBody("k", body)
		if err != nil {
			if token != "" || !errors.Is(err, sign.ErrJSON) && !errors.Is(err, sign.ErrMissing) {
				t.Fatalf("%q, not a sentinel: %v", token, err)
			}
			return
		}
		if key, err := sign.VerifyBody([]string{"decoy", "k"}, "\u201c"+token+"\u201d", body); key != 1 || err != nil {
			t.Fatalf("own token refused: %d, %v", key, err)
		}
		// The sorted form of a body has the same members.
		sorted, err := sign.Canonical(body)
		if err != nil {
			t.Fatalf("signed what is no JSON: %v", err)
		}
		if again, err := sign.AuthTokenBody("k", sorted); err != nil || again != token {
			t.Fatalf("sorted form: %s, %v; want %s", again, err, token)
		}
	})
}

func FuzzKit(f *testing.F) {
	f.Add(kitKey, newInstanceNonce, newInstanceTime, kitTenantSign, []byte(kitTenantBody))
	f.Add(kitKey, newInstanceNonce, newInstanceTime, kitAuthSign, []byte(kitAuthWire))
	f.Add("k", "n", "1", strings.Repeat("F", 64), []byte(`{"a":{"x":1,"y":[{"z":1,"z":2}],"x":3}}`))
	f.Add("", "", "", "", []byte("{"))
	f.Fuzz(func(t *testing.T, key, nonce, timestamp, signature string, body []byte) {
		index, form, err := sign.VerifyKit([]string{"decoy", key}, nonce, timestamp, signature, body)
		if (err == nil) != (index >= 0) || (err == nil) != (form != sign.FormNone) {
			t.Fatalf("inconsistent: %d, %s, %v", index, form, err)
		}
		if err != nil && !errors.Is(err, sign.ErrSignature) && !errors.Is(err, sign.ErrMissing) && !errors.Is(err, sign.ErrNonce) {
			t.Fatalf("not a sentinel: %v", err)
		}
		checkFuzzed(t, len(key)+len(nonce)+len(timestamp)+len(body), func() {
			_, _, _ = sign.VerifyKit([]string{"decoy", key}, nonce, timestamp, signature, body)
		})
		if key == "" || nonce == "" || timestamp == "" || len(nonce) > sign.MaxNonce {
			return
		}
		good := sign.KitSign(key, nonce, timestamp, body)
		if _, form, err = sign.VerifyKit([]string{key}, nonce, timestamp, strings.ToUpper(good), body); err != nil || form != sign.FormRaw {
			t.Fatalf("signature over the received bytes refused: %s, %v", form, err)
		}
		sorted, err := sign.Canonical(body)
		if err != nil {
			return
		}
		good = sign.KitSign(key, nonce, timestamp, sorted)
		if _, _, err = sign.VerifyKit([]string{key}, nonce, timestamp, good, body); err != nil {
			t.Fatalf("signature over the sorted form refused: %v", err)
		}
	})
}
