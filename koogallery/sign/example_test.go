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
