// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	// publishedKey is the placeholder in the marketplace's sample (T1).
	publishedKey = "xxxxxxx"
	uuidKey      = "00000000-1111-2222-3333-444444444444"

	t1Token = "Gzbfjf9LHRBcI3bFVi++sLinCNOBF6qa7is1fvjEgYQ="
	t1Query = "activity=newInstance&businessId=61e834ba-7b97-4418-b8f7-e5345137278c&customerId=68cbc86abc2018ab880d92f36422fa0e" +
		"&expireTime=20200727153156&orderId=CS1906666666ABCDE&productId=00301-666666-0--0&testFlag=1&timeStamp=20200727073711903"

	t5Token = "O9doslTmHAJ1aokRn9WxydRmx7xp8d2HGol5ntVr1T4="
	t5Query = "activity=newInstance&businessId=03pf80c2bae96vc49b80b917bea776d7&customerId=68cbc86abc2018ab880d92f36422fa0e" +
		"&customerName=%E5%BC%A0%E4%B8%89&orderId=CS1906666666ABCDE&skuCode=d0abcd12-1234-5678-ab90-11ab012aaaa1" +
		"&productId=00301-666666-0--0&testFlag=1&trialFlag=0&expireTime=20300727153156&chargingMode=1&periodType=year&periodNumber=1" +
		"&provisionType=1&orderAmount=100.5&amount=10&mobilePhone=0123456789abcdefSkBJHEyx0zU%2BXkC19dbxxw%3D%3D" +
		"&email=0123456789abcdefBG1wC8uIsXDrnETo2Bz%2BWFDyyMzZUKppohguZKUSJpc%3D" +
		"&saasExtendParams=W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifSx7Im5hbWUiOiJ1c2VyTmFtZSIsInZhbHVlIjoiaHVhd2VpMTIzIn0seyJuYW1lIjoiY3VzdEVtYWlsIiwidmFsdWUiOiIxMjNAaHVhd2VpLmNvbSJ9XQ%3D%3D" +
		"&timeStamp=20200727073711903"
)

// T1 is the marketplace's own example, T5 was computed in Go and Python
// (saas-v1 §11).
func TestAuthTokenQueryVectors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, key, query, want string }{
		{"T1", publishedKey, t1Query, t1Token},
		{"T1 in any order", publishedKey, reversed(t1Query), t1Token},
		{"T1 with its token", publishedKey, "authToken=x&" + t1Query, t1Token},
		{"T5", uuidKey, t5Query, t5Token},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.AuthTokenQuery(tt.key, tt.query)
			if err != nil || got != tt.want {
				t.Fatalf("AuthTokenQuery = %s, %v; want %s", got, err, tt.want)
			}
			key, q, err := sign.VerifyQuery([]string{"other", "", tt.key}, tt.query+"&authToken="+url.QueryEscape(tt.want))
			if strings.HasPrefix(tt.query, "authToken") { // the first one counts
				if !errors.Is(err, sign.ErrSignature) {
					t.Errorf("VerifyQuery: %v", err)
				}
				return
			}
			if key != 2 || err != nil || q.Repaired {
				t.Fatalf("VerifyQuery = %d, %+v, %v", key, q, err)
			}
			want, _ := url.ParseQuery(tt.query)
			for name := range want {
				if q.Params[name] != want.Get(name) {
					t.Errorf("%s = %q, want %q", name, q.Params[name], want.Get(name))
				}
			}
			if len(q.Params) != len(want) {
				t.Errorf("%d parameters, want %d", len(q.Params), len(want))
			}
		})
	}
}

func reversed(query string) string {
	var out string
	for part := range strings.SplitSeq(query, "&") {
		out = "&" + part + out
	}
	return out[1:]
}

// Each pair of queries gives the same signed text: right is written in
// canonical form.
func TestQueryCanonicalForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, same string }{
		{"sorted", "timeStamp=1&b=2&a=1", "a=1&b=2&timeStamp=1"},
		{"upper case before lower case", "a=1&B=2&timeStamp=1", "B=2&a=1&timeStamp=1"},
		{"empty value kept", "timeStamp=1&a=", "a=&timeStamp=1"},
		{"no equals sign", "timeStamp=1&a", "a=&timeStamp=1"},
		{"empty parts", "&&timeStamp=1&&a=1&", "a=1&timeStamp=1"},
		{"first of a repeated name", "a=1&timeStamp=1&a=2", "a=1&timeStamp=1"},
		{"first of a repeated name, spelt differently", "%61=1&timeStamp=1&a=2", "a=1&timeStamp=1"},
		{"plus is a blank", "a=x+y&timeStamp=1", "a=x%20y&timeStamp=1"},
		{"decoded once", "a=%2541&timeStamp=1", "a=%2541&timeStamp=1"},
		{"hex in either case", "a=%e5%bc%a0&timeStamp=1", "a=%E5%BC%A0&timeStamp=1"},
		{"equals sign in a value", "a=b=c&timeStamp=1", "a=b%3Dc&timeStamp=1"},
		{"semicolon is data", "a=b;c=d&timeStamp=1", "a=b%3Bc%3Dd&timeStamp=1"},
		{"empty name", "timeStamp=1&=x", "=x&timeStamp=1"},
		{"UTF-16 order", "%EF%BD%9E=1&%F0%9F%98%80=2&timeStamp=1", "timeStamp=1&%F0%9F%98%80=2&%EF%BD%9E=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.AuthTokenQuery("k", tt.in)
			if err != nil {
				t.Fatal(err)
			}
			want, err := sign.AuthTokenQuery("k", tt.same)
			if err != nil || got != want {
				t.Errorf("%q and %q differ: %s, %s, %v", tt.in, tt.same, got, want, err)
			}
		})
	}
	one, _ := sign.AuthTokenQuery("k", "a=%2541&timeStamp=1")
	two, _ := sign.AuthTokenQuery("k", "a=A&timeStamp=1")
	if one == two {
		t.Error("decoded twice")
	}
}

func TestVerifyQuery(t *testing.T) {
	t.Parallel()
	good := t1Query + "&authToken=" + url.QueryEscape(t1Token)
	tests := []struct {
		name  string
		keys  []string
		query string
		key   int
		err   error
	}{
		{"good", []string{publishedKey}, good, 0, nil},
		{"second key", []string{"a", publishedKey}, good, 1, nil},
		{"other key", []string{"a", "b"}, good, -1, sign.ErrSignature},
		{"no keys", nil, good, -1, sign.ErrNoKey},
		{"empty key", []string{""}, good, -1, sign.ErrNoKey},
		{"no token", []string{publishedKey}, t1Query, -1, sign.ErrMissingSignature},
		{"empty token", []string{publishedKey}, t1Query + "&authToken=", -1, sign.ErrMissingSignature},
		{"empty token first", []string{publishedKey}, "authToken=&" + good, -1, sign.ErrMissingSignature},
		{"no timeStamp", []string{publishedKey}, "a=1&authToken=x", -1, sign.ErrMissingTimestamp},
		{"empty timeStamp", []string{publishedKey}, "timeStamp=&authToken=x", -1, sign.ErrMissingTimestamp},
		{"empty query", []string{publishedKey}, "", -1, sign.ErrMissingSignature},
		{"quoted token", []string{publishedKey}, t1Query + "&authToken=%22" + url.QueryEscape(t1Token) + "%22", -1, sign.ErrSignature},
		{"typographic quotes", []string{publishedKey}, t1Query + "&authToken=%E2%80%9C" + url.QueryEscape(t1Token) + "%E2%80%9D", -1, sign.ErrSignature},
		{"short token", []string{publishedKey}, t1Query + "&authToken=" + t1Token[:40], -1, sign.ErrSignature},
		{"other name case", []string{publishedKey}, t1Query + "&authtoken=" + url.QueryEscape(t1Token), -1, sign.ErrMissingSignature},
		{"one parameter more", []string{publishedKey}, good + "&x=1", -1, sign.ErrSignature},
		{"one value changed", []string{publishedKey}, strings.Replace(good, "testFlag=1", "testFlag=0", 1), -1, sign.ErrSignature},
		{"bad escape", []string{publishedKey}, good + "&x=%zz", -1, sign.ErrQuery},
		{"bad escape in a name", []string{publishedKey}, good + "&%4=1", -1, sign.ErrQuery},
		{"cut escape", []string{publishedKey}, good + "&x=%4", -1, sign.ErrQuery},
		{"not UTF-8", []string{publishedKey}, good + "&x=%ff", -1, sign.ErrQuery},
		{"UTF-8 over two parameters", []string{publishedKey}, good + "&x=%e4&%b8%ad=1", -1, sign.ErrQuery},
		{"encoded surrogate", []string{publishedKey}, good + "&x=%ed%a0%80", -1, sign.ErrQuery},
		{"too many", []string{publishedKey}, good + strings.Repeat("&x=1", 1024), -1, sign.ErrQuery},
		{"a repeated name costs nothing but room", []string{publishedKey}, good + strings.Repeat("&orderId=1", 1000), 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, q, err := sign.VerifyQuery(tt.keys, tt.query)
			if key != tt.key || !errors.Is(err, tt.err) || (err == nil) != (q.Params != nil) || q.Repaired {
				t.Errorf("VerifyQuery = %d, %+v, %v; want %d, %v", key, q, err, tt.key, tt.err)
			}
		})
	}
}

func TestVerifyQueryRepairs(t *testing.T) {
	t.Parallel()
	plain := strings.ReplaceAll(t5Query, "%2B", "+")
	plainToken := "&authToken=" + strings.ReplaceAll(t1Token, "=", "%3D") // T1's token has plus signs
	tests := []struct {
		name, key, query string
		repaired         bool
		err              error
	}{
		{"unescaped in the token", publishedKey, t1Query + plainToken, true, nil},
		{"blanks in the token", publishedKey, t1Query + strings.ReplaceAll(plainToken, "+", "%20"), true, nil},
		{"unescaped in the values", uuidKey, plain + "&authToken=" + url.QueryEscape(t5Token), true, nil},
		{"good at once", uuidKey, t5Query + "&authToken=" + url.QueryEscape(t5Token), false, nil},
		{"not in other values", uuidKey, strings.Replace(t5Query, "100.5", "100%205", 1) + "&authToken=" + url.QueryEscape(t5Token), false, sign.ErrSignature},
		{"wrong all the same", publishedKey, plain + plainToken, false, sign.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, q, err := sign.VerifyQuery([]string{"other", tt.key}, tt.query)
			if q.Repaired != tt.repaired || !errors.Is(err, tt.err) {
				t.Fatalf("VerifyQuery = %+v, %v; want repaired %v, %v", q, err, tt.repaired, tt.err)
			}
			if phone := "0123456789abcdefSkBJHEyx0zU+XkC19dbxxw=="; err == nil && tt.key == uuidKey && q.Params["mobilePhone"] != phone {
				t.Errorf("mobilePhone = %q, want %q", q.Params["mobilePhone"], phone)
			}
			if _, ok := q.Params[sign.ParamAuthToken]; ok {
				t.Error("the token is among the parameters")
			}
		})
	}
}

func TestSignQuery(t *testing.T) {
	t.Parallel()
	params, err := url.ParseQuery(t5Query)
	if err != nil {
		t.Fatal(err)
	}
	params.Set("customerName", "a b+&=%é~")
	params.Add("customerName", "second")
	params.Set("authToken", "old")
	params["none"] = nil
	got, err := sign.SignQuery("https://isv.example.com/v1/produce#part", uuidKey, params)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "https://isv.example.com/v1/produce?activity=newInstance&amount=10&") || strings.Contains(got, "#") {
		t.Errorf("SignQuery = %s", got)
	}
	if !strings.Contains(got, "&customerName=a%20b%2B%26%3D%25%C3%A9~&") {
		t.Errorf("SignQuery escapes badly: %s", got)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	_, q, err := sign.VerifyQuery([]string{uuidKey}, u.RawQuery)
	if err != nil || q.Repaired {
		t.Fatalf("VerifyQuery: %+v, %v", q, err)
	}
	want := make(map[string]string)
	for name, values := range params {
		if name != "authToken" && len(values) > 0 {
			want[name] = values[0]
		}
	}
	if !maps.Equal(q.Params, want) {
		t.Errorf("Params = %v, want %v", q.Params, want)
	}
}

func TestSignQueryRefuses(t *testing.T) {
	t.Parallel()
	good := url.Values{"timeStamp": {"20200727073711903"}}
	full := url.Values{"timeStamp": {"1"}}
	for i := range 1023 {
		full.Set(fmt.Sprint(i), "")
	}
	const base = "https://example.com/p"
	tests := []struct {
		name, base, key string
		params          url.Values
		want            error
	}{
		{"no key", base, "", good, sign.ErrMissing},
		{"no timeStamp", base, "k", url.Values{"a": {"1"}}, sign.ErrMissingTimestamp},
		{"query", base + "?a=1", "k", good, sign.ErrURL},
		{"empty query", base + "?", "k", good, sign.ErrURL},
		{"relative", "/p", "k", good, sign.ErrURL},
		{"scheme", "ftp://example.com/p", "k", good, sign.ErrURL},
		{"unparsable", "https://%zz", "k", good, sign.ErrURL},
		{"not UTF-8", base, "k", url.Values{"timeStamp": {"1"}, "a": {"\xff"}}, sign.ErrQuery},
		{"no room for the token", base, "k", full, sign.ErrQuery},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.SignQuery(tt.base, tt.key, tt.params)
			if got != "" || !errors.Is(err, tt.want) {
				t.Errorf("SignQuery = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestAuthTokenQueryRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, key, query string
		want             error
	}{
		{"no key", "", t1Query, sign.ErrMissing},
		{"no timeStamp", "k", "a=1", sign.ErrMissingTimestamp},
		{"bad escape", "k", "a=%", sign.ErrQuery},
	} {
		if got, err := sign.AuthTokenQuery(tt.key, tt.query); got != "" || !errors.Is(err, tt.want) {
			t.Errorf("%s: %q, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}
