// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// akskVector is one row of open-apis §6.2. V1 to V3 come from public SDK tests
// and clients, V4 was computed with the code that matched those.
type akskVector struct {
	name, method, url, body, date string
	headers                       map[string]string
	credentials                   sign.Credentials
	signed                        []string
	canonical, hash               string
	wantSigned, wantSignature     string
}

func akskVectors() []akskVector {
	testKeys := sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"}
	sdkKeys := sign.Credentials{AccessKey: "AccessKey", SecretKey: "SecretKey"}
	return []akskVector{
		{
			name: "V1", method: "GET", date: "20191115T033655Z", credentials: testKeys,
			url:     "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
			headers: map[string]string{"Content-Type": "application/json"},
			canonical: "GET\n/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs/\nlimit=2&marker=13551d6b-755d-4757-b956-536f674975c0\n" +
				"content-type:application/json\nhost:service.region.example.com\nx-sdk-date:20191115T033655Z\n\n" +
				"content-type;host;x-sdk-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			hash:       "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
			wantSigned: "content-type;host;x-sdk-date", wantSignature: "1ce02ffed91dfc294aed8863aaf0fec29ccbf2f45ddcca7f120baabddba29782",
		},
		{
			name: "V2", method: "GET", date: "20060102T150405Z", credentials: sdkKeys,
			url: "https://example.huaweicloud.com/path?limit=1", signed: []string{"X-Sdk-Date"},
			wantSigned: "x-sdk-date", wantSignature: "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624",
		},
		{
			name: "V2b", method: "POST", date: "20060102T150405Z", credentials: sdkKeys,
			url: "https://example.huaweicloud.com/path?key=value", signed: []string{"x-sdk-date"},
			body: `{"Name":"test","Id":1}` + "\n", headers: map[string]string{"Content-Type": "application/json", "TEST_UNDERSCORE": "x"},
			wantSigned: "x-sdk-date", wantSignature: "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
		},
		{
			name: "V3", method: "POST", date: "20240317T144237Z", credentials: sign.Credentials{AccessKey: "test", SecretKey: "123"},
			url:        "https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/license/activate",
			headers:    map[string]string{"x-stage": "RELEASE", "Content-Type": "application/json"},
			signed:     []string{"x-stage", "Content-Type", "Host"},
			wantSigned: "content-type;host;x-sdk-date;x-stage", wantSignature: "77595ad624b6e4e49990b8c4e84bf1c287457fca61069c4e60b9b6765b52053d",
		},
		{
			name: "V4", method: "GET", date: "20260101T000000Z", credentials: testKeys,
			url:        "https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/order/query?orderId=MOCKPERIODYEARNEW&orderLineId=MOCKPERIODYEARNEW-000001",
			headers:    map[string]string{"Content-Type": "application/json;charset=UTF-8"},
			hash:       "b309bdc571fb386b2aa38ebfd2cd37b8ccaef16447b44040fa17285db72611de",
			wantSigned: "content-type;host;x-sdk-date", wantSignature: "6d0b6c87fe6d513403e2e3938739195644b5a8d1037110dfcf0746b4068f88f3",
		},
		{
			name: "V4 without content type", method: "GET", date: "20260101T000000Z", credentials: testKeys,
			url:        "https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/order/query?orderId=MOCKPERIODYEARNEW",
			hash:       "c9ac0b38ed65841cbf02394fbe3a525a0c339b1e05a9466ca516bb7dec4c1b76",
			wantSigned: "host;x-sdk-date", wantSignature: "fd76505aac618e4789143b204170bd72a4dfe086513511065bee0baba73d0f2d",
		},
	}
}

func date(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func request(t testing.TB, method, rawURL string, headers map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, rawURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func TestSignRequestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range akskVectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			now := date(t, v.date)
			r := request(t, v.method, v.url, v.headers)
			if err := sign.SignRequest(r, []byte(v.body), v.credentials, now.In(time.FixedZone("", 8*3600)), v.signed...); err != nil {
				t.Fatal(err)
			}
			want := "SDK-HMAC-SHA256 Access=" + v.credentials.AccessKey + ", SignedHeaders=" + v.wantSigned + ", Signature=" + v.wantSignature
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("Authorization\n got %s\nwant %s", got, want)
			}
			if got := r.Header.Get("X-Sdk-Date"); got != v.date {
				t.Errorf("X-Sdk-Date = %s, want %s", got, v.date)
			}
			canonical, err := sign.CanonicalRequest(r, []byte(v.body), strings.Split(v.wantSigned, ";"))
			if err != nil {
				t.Fatal(err)
			}
			if v.canonical != "" && canonical != v.canonical {
				t.Errorf("canonical request\n got %q\nwant %q", canonical, v.canonical)
			}
			if sum := sha256.Sum256([]byte(canonical)); v.hash != "" && hex.EncodeToString(sum[:]) != v.hash {
				t.Errorf("canonical hash = %x, want %s", sum, v.hash)
			}
			access, err := sign.VerifyRequest(r, []byte(v.body), lookup(v.credentials), now, 0)
			if access != v.credentials.AccessKey || err != nil {
				t.Errorf("VerifyRequest = %q, %v", access, err)
			}
		})
	}
}

func lookup(c sign.Credentials) func(string) (string, bool) {
	return func(access string) (string, bool) { return c.SecretKey, access == c.AccessKey }
}

// V5 of open-apis §6.2.
func TestCanonicalQuery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		query url.Values
		want  string
	}{
		{"empty", nil, ""},
		{
			"V5",
			url.Values{"limit": {"1"}, "enable": {"true"}, "test": {"一 (&=?!#%.*)"}, "path": {"/tmp/123"}, "multi": {"3", "1", "2"}},
			"enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29",
		},
		{"empty value", url.Values{"a": {""}, "": {"b"}}, "=b&a="},
		{"unreserved", url.Values{"A-Z._~": {"az09"}}, "A-Z._~=az09"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := sign.CanonicalQuery(tt.query); got != tt.want {
				t.Errorf("CanonicalQuery = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCanonicalPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":            "/",
		"/":           "/",
		"/a/b":        "/a/b/",
		"/a/b/":       "/a/b/",
		"/a b/c+d":    "/a%20b/c%2Bd/",
		"/%E4%B8%AD":  "/%E4%B8%AD/",
		"/a%2Fb/c":    "/a%2Fb/c/",
		"/~x_y-z.1/*": "/~x_y-z.1/%2A/",
		"//a":         "//a/",
	} {
		r := request(t, "GET", "https://example.com/", nil)
		u, err := url.Parse("https://example.com" + path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		canonical, err := sign.CanonicalRequest(r, nil, []string{"host"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(canonical, "\n")[1]; got != want {
			t.Errorf("path %q became %q, want %q", path, got, want)
		}
	}
}

func TestSignRequestHeaders(t *testing.T) {
	t.Parallel()
	now := date(t, "20260101T000000Z")
	token := sign.Credentials{AccessKey: "ak", SecretKey: "sk", SecurityToken: "token"}

	r := request(t, "POST", "https://example.com/p", map[string]string{"Content-Type": " text/plain "})
	if err := sign.SignRequest(r, []byte("body"), token, now); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Header.Get("Authorization"), "SignedHeaders=content-type;host;x-sdk-date;x-security-token,") {
		t.Errorf("token is not signed: %s", r.Header.Get("Authorization"))
	}
	if r.Header.Get("X-Security-Token") != "token" {
		t.Error("token is not sent")
	}
	if _, err := sign.VerifyRequest(r, []byte("body"), lookup(token), now, 0); err != nil {
		t.Errorf("VerifyRequest: %v", err)
	}

	r = request(t, "POST", "https://example.com/p", map[string]string{"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"})
	if err := sign.SignRequest(r, []byte("body"), token, now); err != nil {
		t.Fatal(err)
	}
	canonical, err := sign.CanonicalRequest(r, []byte("body"), []string{"host"})
	if err != nil || !strings.HasSuffix(canonical, "\nUNSIGNED-PAYLOAD") {
		t.Errorf("canonical request %q, %v", canonical, err)
	}
	if _, err := sign.VerifyRequest(r, []byte("body"), lookup(token), now, 0); !errors.Is(err, sign.ErrPayloadHash) || !errors.Is(err, sign.ErrSignature) {
		t.Errorf("VerifyRequest = %v, want ErrPayloadHash", err)
	}

	sum := sha256.Sum256([]byte("body"))
	r.Header.Set("X-Sdk-Content-Sha256", hex.EncodeToString(sum[:]))
	if err := sign.SignRequest(r, []byte("body"), token, now); err != nil {
		t.Fatal(err)
	}
	if _, err := sign.VerifyRequest(r, []byte("body"), lookup(token), now, 0); err != nil {
		t.Errorf("VerifyRequest with a true payload hash: %v", err)
	}
}

func TestSignRequestRefuses(t *testing.T) {
	t.Parallel()
	good := sign.Credentials{AccessKey: "ak", SecretKey: "sk"}
	now := date(t, "20260101T000000Z")
	tests := []struct {
		name   string
		change func(*http.Request)
		keys   sign.Credentials
		now    time.Time
		signed []string
		want   error
	}{
		{"no access key", nil, sign.Credentials{SecretKey: "sk"}, now, nil, sign.ErrCredentials},
		{"no secret key", nil, sign.Credentials{AccessKey: "ak"}, now, nil, sign.ErrCredentials},
		{"line break in access key", nil, sign.Credentials{AccessKey: "a\r\nX: y", SecretKey: "sk"}, now, nil, sign.ErrCredentials},
		{"comma in access key", nil, sign.Credentials{AccessKey: "a,b", SecretKey: "sk"}, now, nil, sign.ErrCredentials},
		{"blank in token", nil, sign.Credentials{AccessKey: "ak", SecretKey: "sk", SecurityToken: "a b"}, now, nil, sign.ErrCredentials},
		{"absent header", nil, good, now, []string{"x-absent"}, sign.ErrSignedHeader},
		{"bad header name", nil, good, now, []string{"x:y"}, sign.ErrSignedHeader},
		{"empty header name", nil, good, now, []string{""}, sign.ErrSignedHeader},
		{"too many names", nil, good, now, make([]string, 100), sign.ErrSignedHeader},
		{"repeated header", func(r *http.Request) { r.Header["X-A"] = []string{"1", "2"} }, good, now, []string{"x-a"}, sign.ErrSignedHeader},
		{"line break in header", func(r *http.Request) { r.Header["X-A"] = []string{"1\n2"} }, good, now, []string{"x-a"}, sign.ErrSignedHeader},
		{"bad query", func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, good, now, nil, sign.ErrRequest},
		{"opaque", func(r *http.Request) { r.URL = &url.URL{Opaque: "x"} }, good, now, nil, sign.ErrRequest},
		{"no URL", func(r *http.Request) { r.URL = nil }, good, now, nil, sign.ErrRequest},
		{"year 10000", nil, good, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), nil, sign.ErrRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "GET", "https://example.com/p", map[string]string{"Authorization": "old"})
			if tt.change != nil {
				tt.change(r)
			}
			err := sign.SignRequest(r, nil, tt.keys, tt.now, tt.signed...)
			if !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
			if r.URL != nil && r.Header.Get("Authorization") != "" {
				t.Error("an Authorization header is left")
			}
		})
	}
	if err := sign.SignRequest(nil, nil, good, now); !errors.Is(err, sign.ErrRequest) {
		t.Errorf("nil request: %v", err)
	}
	if _, err := sign.CanonicalRequest(nil, nil, nil); !errors.Is(err, sign.ErrRequest) {
		t.Errorf("nil request: %v", err)
	}
}

func TestVerifyRequestRefuses(t *testing.T) {
	t.Parallel()
	keys := sign.Credentials{AccessKey: "ak", SecretKey: "sk"}
	now := date(t, "20260101T000000Z")
	auth := func(f func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", f(r.Header.Get("Authorization"))) }
	}
	replace := func(old, new string) func(*http.Request) {
		return auth(func(s string) string { return strings.Replace(s, old, new, 1) })
	}
	tests := []struct {
		name   string
		change func(*http.Request)
		body   string
		shift  time.Duration
		want   error
	}{
		{"good", nil, "body", 0, nil},
		{"early edge", nil, "body", -sign.DefaultRequestSkew, nil},
		{"late edge", nil, "body", sign.DefaultRequestSkew, nil},
		{"too late", nil, "body", sign.DefaultRequestSkew + 1, sign.ErrTimestampStale},
		{"too early", nil, "body", -sign.DefaultRequestSkew - 1, sign.ErrTimestampFuture},
		{"no authorization", func(r *http.Request) { r.Header.Del("Authorization") }, "body", 0, sign.ErrMissingAuthorization},
		{"two authorizations", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, "body", 0, sign.ErrAuthorization},
		{"other scheme", replace("SDK-HMAC-SHA256", "SDK-HMAC-SM3"), "body", 0, sign.ErrAuthorization},
		{"comma after scheme", replace("SHA256 ", "SHA256, "), "body", 0, sign.ErrAuthorization},
		{"no access", replace("Access=ak", "Access="), "body", 0, sign.ErrAuthorization},
		{"unknown access", replace("Access=ak", "Access=zz"), "body", 0, sign.ErrAccessKey},
		{"known access without secret", replace("Access=ak", "Access=nosecret"), "body", 0, sign.ErrAccessKey},
		{"parameter name", replace("Signature=", "Sig="), "body", 0, sign.ErrAuthorization},
		{"headers name", replace("SignedHeaders=", "Headers="), "body", 0, sign.ErrAuthorization},
		{"no signed headers", replace("SignedHeaders=host;x-sdk-date", "SignedHeaders="), "body", 0, sign.ErrAuthorization},
		{"date not signed", replace("host;x-sdk-date", "host"), "body", 0, sign.ErrAuthorization},
		{"not ascending", replace("host;x-sdk-date", "x-sdk-date;host"), "body", 0, sign.ErrAuthorization},
		{"upper case", replace("host;x-sdk-date", "Host;x-sdk-date"), "body", 0, sign.ErrAuthorization},
		{"repeated", replace("host;x-sdk-date", "host;host;x-sdk-date"), "body", 0, sign.ErrAuthorization},
		{"absent signed header", replace("host;x-sdk-date", "host;x-a;x-sdk-date"), "body", 0, sign.ErrSignedHeader},
		{"fourth parameter", auth(func(s string) string { return s + ", Extra=1" }), "body", 0, sign.ErrAuthorization},
		{"short signature", auth(func(s string) string { return s[:len(s)-1] }), "body", 0, sign.ErrAuthorization},
		{"wrong signature", auth(func(s string) string { return s[:len(s)-64] + strings.Repeat("0", 64) }), "body", 0, sign.ErrSignature},
		{"huge", auth(func(s string) string { return s + strings.Repeat(" ", 1<<20) }), "body", 0, sign.ErrAuthorization},
		{"no date", func(r *http.Request) { r.Header.Del("X-Sdk-Date") }, "body", 0, sign.ErrMissingTimestamp},
		{"two dates", func(r *http.Request) { r.Header.Add("X-Sdk-Date", "20260101T000000Z") }, "body", 0, sign.ErrTimestampMalformed},
		{"date with fraction", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20260101T000000.5Z") }, "body", 0, sign.ErrTimestampMalformed},
		{"impossible date", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20260230T000000Z") }, "body", 0, sign.ErrTimestampMalformed},
		{"date changed", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20260101T000001Z") }, "body", 0, sign.ErrSignature},
		{"body changed", nil, "Body", 0, sign.ErrSignature},
		{"method changed", func(r *http.Request) { r.Method = "PUT" }, "body", 0, sign.ErrSignature},
		{"path changed", func(r *http.Request) { r.URL.Path = "/q" }, "body", 0, sign.ErrSignature},
		{"query changed", func(r *http.Request) { r.URL.RawQuery = "a=2" }, "body", 0, sign.ErrSignature},
		{"query broken", func(r *http.Request) { r.URL.RawQuery = "a=%" }, "body", 0, sign.ErrRequest},
		{"host changed", func(r *http.Request) { r.Host = "evil.example.com" }, "body", 0, sign.ErrSignature},
		{"false payload hash", func(r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", strings.Repeat("0", 64)) }, "body", 0, sign.ErrPayloadHash},
		{"no URL", func(r *http.Request) { r.URL = nil }, "body", 0, sign.ErrRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "POST", "https://example.com/p?a=1", nil)
			if err := sign.SignRequest(r, []byte("body"), keys, now); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(r)
			}
			find := func(access string) (string, bool) {
				switch access {
				case "ak":
					return "sk", true
				case "nosecret":
					return "", true
				}
				return "", false
			}
			access, err := sign.VerifyRequest(r, []byte(tt.body), find, now.Add(tt.shift), 0)
			if !errors.Is(err, tt.want) || (err == nil) != (access == "ak") || (err != nil && access != "") {
				t.Errorf("VerifyRequest = %q, %v; want %v", access, err, tt.want)
			}
		})
	}
}

func TestCredentialsAreRedacted(t *testing.T) {
	t.Parallel()
	c := sign.Credentials{AccessKey: "canary-ak", SecretKey: "canary-sk", SecurityToken: "canary-token"}
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "c", c, "p", &c, "in", struct{ C sign.Credentials }{c})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", c, "in", struct{ C sign.Credentials }{c})
	encoded, err := json.Marshal(map[string]any{"c": c})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(encoded), c.String(), c.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, []sign.Credentials{c}), fmt.Sprintf(verb, struct{ C sign.Credentials }{c}))
	}
	for _, text := range texts {
		if strings.Contains(text, "canary") || strings.Contains(text, hex.EncodeToString([]byte("canary"))) {
			t.Errorf("leaked in %s", text)
		}
	}
}
