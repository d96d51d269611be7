// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// A server verifies the bytes as received, before it does anything else.
func ExampleVerifyURL() {
	body := []byte(`{"activity":"queryInstance","instanceId":"10e758d0","testFlag":"1"}`)
	now := time.UnixMilli(1680508237508)
	call, err := sign.SignURL("https://www.isvwebsite.com/saasproduce", "old-key", "9FB42E04", now, body)
	if err != nil {
		fmt.Println(err)
		return
	}

	received, err := url.Parse(call)
	if err != nil {
		fmt.Println(err)
		return
	}
	q := received.Query()
	if _, err := sign.Freshness(now.Add(2*time.Second), q.Get("timestamp"), sign.DefaultSkew); err != nil {
		fmt.Println(err)
		return
	}
	index, form, err := sign.VerifyURL([]string{"new-key", "old-key"}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), body)
	fmt.Println(index, form, err)
	// Output: 1 raw <nil>
}

func ExampleCanonical() {
	sorted, err := sign.Canonical([]byte(`{ "b": "\u00e9 <\/b>", "a": {"z": 1.0, "y": null}, "c": null }`))
	fmt.Println(string(sorted), err)
	// Output: {"a":{"z":1.0,"y":null},"b":"é </b>"} <nil>
}

func ExampleBodySign() {
	header := http.Header{}
	body := []byte(`{"resultCode":"000000","resultMsg":"success."}`)
	header.Set(sign.BodySignHeader, sign.BodySign("xxxxxxx", body))
	fmt.Println(header.Get("Body-Sign"))
	// Output: sign_type="HMAC-SHA256", signature= "YB9MRaDz8ENM8JzoKzW8YT4yUrcMdby3kM31MTz8tO4="
}

func ExampleSignRequest() {
	r, err := http.NewRequest(http.MethodGet,
		"https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/order/query?orderId=MOCKPERIODYEARNEW", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys := sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := sign.SignRequest(r, nil, keys, now); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Header.Get("Authorization"))
	// Output: SDK-HMAC-SHA256 Access=testAK, SignedHeaders=host;x-sdk-date, Signature=fd76505aac618e4789143b204170bd72a4dfe086513511065bee0baba73d0f2d
}

func ExampleVerifyRequest() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r, err := http.NewRequest(http.MethodGet, "https://mkt.example.com/orders?orderId=1", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := sign.SignRequest(r, nil, sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"}, now); err != nil {
		fmt.Println(err)
		return
	}
	lookup := func(accessKey string) (string, bool) { return "testSK", accessKey == "testAK" }
	accessKey, err := sign.VerifyRequest(r, nil, lookup, now.Add(time.Minute), sign.DefaultRequestSkew)
	fmt.Println(accessKey, err)
	// Output: testAK <nil>
}

func ExampleVerifyQuery() {
	call, err := sign.SignQuery("https://www.isvwebsite.com/saasproduce", "old-key", url.Values{
		"activity": {"releaseInstance"}, "instanceId": {"10e758d0"}, "timeStamp": {"20200727073711903"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	received, err := url.Parse(call)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, q, err := sign.VerifyQuery([]string{"new-key", "old-key"}, received.RawQuery)
	fmt.Println(key, q.Params["activity"], q.Repaired, err)
	// Output: 1 releaseInstance false <nil>
}

func ExampleAuthTokenQuery() {
	token, err := sign.AuthTokenQuery("k", "timeStamp=20200727073711903&activity=releaseInstance")
	fmt.Println(token, err)
	// Output: fX3Uqla/54FxHkfXDtV1L7lBgPysLgOCYKkrxxPUXgw= <nil>
}

func ExampleSignQuery() {
	call, err := sign.SignQuery("https://www.isvwebsite.com/saasproduce", "k", url.Values{
		"timeStamp": {"20200727073711903"}, "customerName": {"Zhang San"},
	})
	fmt.Println(call, err)
	// Output: https://www.isvwebsite.com/saasproduce?customerName=Zhang%20San&timeStamp=20200727073711903&authToken=9V3DhODnWhxt9vTHb7s5SJkUL3hG3U6EDHPjpQI4PCU%3D <nil>
}

func ExampleVerifyBody() {
	body := []byte(`{"tenantId":"t-1","flag":1,"parentCode":"","timeStamp":"20220413093539534"}`)
	token, err := sign.AuthTokenBody("old-key", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	header := http.Header{}
	header.Set(sign.AuthTokenHeader, token)
	key, err := sign.VerifyBody([]string{"new-key", "old-key"}, header.Get(sign.AuthTokenHeader), body)
	fmt.Println(key, err)
	// Output: 1 <nil>
}

func ExampleAuthTokenBody() {
	token, err := sign.AuthTokenBody("isvAccessKey-0123456789", []byte(`{"p1":1,"p3":3,"p2":2,"timeStamp":"201706211855321"}`))
	fmt.Println(token, err)
	// Output: PYN3zG3iwh/ik/XR+DyXUEP3PkOeDCeeH7piC62QrwQ= <nil>
}

// The marketplace signs the sorted form of what it sends.
func ExampleVerifyKit() {
	body := []byte(`{"tenantId": "t-1", "flag": 1, "extra": null}`)
	sorted, err := sign.Canonical(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	header := http.Header{}
	header.Set(sign.KitNonceHeader, "9FB42E04")
	header.Set(sign.KitTimestampHeader, "1680508237508")
	header.Set(sign.KitSignHeader, sign.KitSign("old-key", "9FB42E04", "1680508237508", sorted))

	key, form, err := sign.VerifyKit([]string{"new-key", "old-key"},
		header.Get(sign.KitNonceHeader), header.Get(sign.KitTimestampHeader), header.Get(sign.KitSignHeader), body)
	fmt.Println(key, form, err)
	// Output: 1 sorted <nil>
}

func ExampleKitSign() {
	fmt.Println(sign.KitSign("k", "9FB42E04", "1680508237508", []byte(`{"flag":1,"tenantId":"t-1"}`)))
	// Output: 922347a5cf1264e53bb71cb303a62d1caa82a5d3fda858c9f88881bfa738fafe
}
