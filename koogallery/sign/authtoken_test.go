// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	kitKey = "isvAccessKey-0123456789"

	tenantSyncBody = `{"instanceId":"huaiweitest123456","orderId":"CS1906666666ABCDE","tenantId":"68cbc86abcdef0123456880d92f36422fa0e",` +
		`"tenantCode":"huawei","name":"huaiweitest","domainName":"https:\/\/example.tenantaccount.com","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`
	tenantSyncToken = "nfO9agdEZ4iz4diPjoOxRRsFP1qTNw27CDxGsR2dKy8="
)

// kit §E.1. V1-b is the order that the documentation supposes for its example;
// nothing signs so.
func TestAuthTokenBodyVectors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"V1-a", `{"p1":"1","p3":"3","p2":"2","timeStamp":"201706211855321"}`, "PYN3zG3iwh/ik/XR+DyXUEP3PkOeDCeeH7piC62QrwQ="},
		{"V1-a, numbers", `{"p3":3,"p1":1,"timeStamp":201706211855321,"p2":2}`, "PYN3zG3iwh/ik/XR+DyXUEP3PkOeDCeeH7piC62QrwQ="},
		{"V1-c", tenantSyncBody, tenantSyncToken},
		{
			"V1-d", `{"instanceId":"","orderId":"","tenantId":"68cbc86abcdef0123456880d92f36422fa0e","tenantCode":"huawei","name":"huaiweitest",` +
				`"domainName":"https://example.tenantaccount.com","flag":1,"testFlag":1,"timeStamp":"20220413093539534"}`,
			"JCC23WKHbDrVVjyVR+56CMHu3aKUF+IYltsp9V6wlH8=",
		},
		{
			"V1-e", `{"appId":"KSIDJF1234456","instanceId":"huaiweitest123456","tenantId":"68cbc86abcdef0123456880d92f36422fa0e","flag":1,"testFlag":0,` +
				`"userList":"[{\"userName\":\"zhangsan01\",\"name\":\"\u5f20三\",\"position\":\"系统管理员\",\"orgCode\":\"123456789\",\"role\":\"admin\",\"enable\":\"true\",\"employeeCode\":\"\",\"mobile\":\"\",\"email\":\"\",\"extension\":{\"entryDate\":\"2022-11-9\",\"employeeType\":\"4\",\"workPlace\":\"南京\"}}]",` +
				`"currentSyncTime":"20220413093539534","timeStamp":"20220413093539534"}`,
			"KAn053hrLhbDMjzDy0aPwF5fAuNZr1py+WQwZNsMIVs=",
		},
		{
			"V1-f", ` { "orgName" : "开发部", "orgCode":"10000", "parentCode":"", "flag":1, "testFlag":0, "tenantId":"t-1", "instanceId":"i-1", "timeStamp":"20220413093539534" } `,
			"xRuHJAiK6KkdsAmIMpVcIWVG0rki1yVrBobkBMhGwVg=",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.AuthTokenBody(kitKey, []byte(tt.body))
			if err != nil || got != tt.want {
				t.Fatalf("AuthTokenBody = %s, %v; want %s", got, err, tt.want)
			}
			if key, err := sign.VerifyBody([]string{"other", kitKey}, tt.want, []byte(tt.body)); key != 1 || err != nil {
				t.Errorf("VerifyBody = %d, %v", key, err)
			}
		})
	}

	const supposed = "N6QubgBLrjKKOVqZP6qRetkZKSN2AuMjPWXDmxLadmc="
	if key, err := sign.VerifyBody([]string{kitKey}, supposed, []byte(tests[0].body)); key != -1 || !errors.Is(err, sign.ErrSignature) {
		t.Errorf("V1-b: VerifyBody = %d, %v; want ErrSignature", key, err)
	}
	const header = `sign_type="HMAC-SHA256", signature= "27rR0I6504nVNJRvKVlNWIN/XFNP4OebLhgZ+xQCqH0="`
	if got := sign.BodySign(kitKey, []byte(`{"resultCode":"000000","resultMsg":"Success"}`)); got != header {
		t.Errorf("BodySign = %s, want %s", got, header)
	}
}

// Bodies with the same signed text.
// A sender that percent-encodes the token twice is still the one that has the key; nothing else is decoded twice.
func TestTokenEncodedTwice(t *testing.T) {
	t.Parallel()
	const query = "activity=x&timeStamp=20260314150926000&n=a%252Bb"
	for _, key := range []string{"k1", "k2", "k3", "k4", "k5", "k6", "k7"} { // some tokens hold a plus or a slash
		token, err := sign.AuthTokenQuery(key, query)
		if err != nil {
			t.Fatal(err)
		}
		twice := url.QueryEscape(url.QueryEscape(token))
		if _, q, err := sign.VerifyQuery([]string{key}, query+"&authToken="+twice); err != nil || q.Params["n"] != "a%2Bb" {
			t.Errorf("%s: %v %q", twice, err, q.Params["n"])
		}
		if _, _, err := sign.VerifyQuery([]string{key + "x"}, query+"&authToken="+twice); !errors.Is(err, sign.ErrSignature) {
			t.Errorf("another key: %v", err)
		}
		const body = `{"timeStamp":"20260314150926000","a":"b"}`
		token, err = sign.AuthTokenBody(key, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sign.VerifyBody([]string{key}, url.QueryEscape(token), []byte(body)); err != nil {
			t.Errorf("header: %v", err)
		}
	}
}

func TestBodyCanonicalForm(t *testing.T) {
	t.Parallel()
	const blanks = `\u0009\u000b\u001c\u001f \u1680\u2000\u2006\u2008\u200a\u2028\u2029\u205f\u3000`
	tests := []struct {
		name, in, other string
		same            bool
	}{
		{"null is skipped", `{"timeStamp":"1","a":null}`, `{"timeStamp":"1"}`, true},
		{"blank is skipped", `{"timeStamp":"1","a":"` + blanks + `"}`, `{"timeStamp":"1"}`, true},
		{"no-break spaces are not blank", `{"timeStamp":"1","a":"\u00a0\u2007\u202f\u200b"}`, `{"timeStamp":"1"}`, false},
		{"blanks around a text stay", `{"timeStamp":"1","a":" x "}`, `{"timeStamp":"1","a":"x"}`, false},
		{"last wins", `{"timeStamp":"1","a":"x","a":"y"}`, `{"timeStamp":"1","a":"y"}`, true},
		{"last wins, spelt differently", `{"timeStamp":"1","a":"x","\u0061":"y"}`, `{"timeStamp":"1","a":"y"}`, true},
		{"last wins, null", `{"timeStamp":"1","a":"x","a":null}`, `{"timeStamp":"1"}`, true},
		{"last timeStamp", `{"timeStamp":"0","timeStamp":"1"}`, `{"timeStamp":"1"}`, true},
		{"number text is kept", `{"timeStamp":"1","a":1.50}`, `{"timeStamp":"1","a":"1.50"}`, true},
		{"truth", `{"timeStamp":"1","a":true,"b":false}`, `{"timeStamp":"1","b":"false","a":"true"}`, true},
		{"authToken is signed", `{"timeStamp":"1","authToken":"x"}`, `{"timeStamp":"1"}`, false},
		{"class is signed", `{"timeStamp":"1","class":"x"}`, `{"timeStamp":"1"}`, false},
		{"UTF-16 order", `{"timeStamp":"1","～":"a","😀":"b"}`, `{"😀":"b","～":"a","timeStamp":"1"}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, err := sign.AuthTokenBody("k", []byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			two, err := sign.AuthTokenBody("k", []byte(tt.other))
			if err != nil || (one == two) != tt.same {
				t.Errorf("%s and %s: same = %v, %v", tt.in, tt.other, one == two, err)
			}
		})
	}
}

func TestVerifyBody(t *testing.T) {
	t.Parallel()
	keys := []string{"", kitKey}
	tests := []struct {
		name        string
		keys        []string
		token, body string
		key         int
		err         error
	}{
		{"good", keys, tenantSyncToken, tenantSyncBody, 1, nil},
		{"quotes", keys, `"` + tenantSyncToken + `"`, tenantSyncBody, 1, nil},
		{"typographic quotes", keys, "“" + tenantSyncToken + "”", tenantSyncBody, 1, nil},
		{"closing quotes twice", keys, "”" + tenantSyncToken + "”", tenantSyncBody, 1, nil},
		{"two pairs", keys, `""` + tenantSyncToken + `""`, tenantSyncBody, -1, sign.ErrSignature},
		{"half a pair", keys, `"` + tenantSyncToken, tenantSyncBody, -1, sign.ErrSignature},
		{"no token", keys, "", tenantSyncBody, -1, sign.ErrMissingSignature},
		{"empty quotes", keys, `""`, tenantSyncBody, -1, sign.ErrMissingSignature},
		{"one quote", keys, `"`, tenantSyncBody, -1, sign.ErrSignature},
		{"huge token", keys, strings.Repeat("A", 1<<20), tenantSyncBody, -1, sign.ErrSignature},
		{"wrong token", keys, strings.Repeat("A", 43) + "=", tenantSyncBody, -1, sign.ErrSignature},
		{"wrong body", keys, tenantSyncToken, `{"timeStamp":"20220413093539534"}`, -1, sign.ErrSignature},
		{"no keys", nil, tenantSyncToken, tenantSyncBody, -1, sign.ErrNoKey},
		{"empty keys", []string{""}, tenantSyncToken, tenantSyncBody, -1, sign.ErrNoKey},
		{"no timeStamp", keys, tenantSyncToken, `{"a":1}`, -1, sign.ErrMissingTimestamp},
		{"blank timeStamp", keys, tenantSyncToken, `{"timeStamp":" "}`, -1, sign.ErrMissingTimestamp},
		{"null timeStamp", keys, tenantSyncToken, `{"timeStamp":null}`, -1, sign.ErrMissingTimestamp},
		{"not JSON", keys, tenantSyncToken, `timeStamp=1`, -1, sign.ErrJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, err := sign.VerifyBody(tt.keys, tt.token, []byte(tt.body))
			if key != tt.key || !errors.Is(err, tt.err) {
				t.Errorf("VerifyBody = %d, %v; want %d, %v", key, err, tt.key, tt.err)
			}
		})
	}
}

func TestAuthTokenBodyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty", "", sign.ErrJSON},
		{"array", "[]", sign.ErrJSON},
		{"open", "{", sign.ErrJSON},
		{"no timeStamp", "{}", sign.ErrMissingTimestamp},
		{"nested array", `{"timeStamp":"1","a":[]}`, sign.ErrNested},
		{"nested object", `{"timeStamp":"1","a":{"b":1}}`, sign.ErrNested},
		{"nested, overridden", `{"a":[],"timeStamp":"1","a":1}`, sign.ErrNested},
		{"trailing", `{"timeStamp":"1"}x`, sign.ErrJSON},
		{"trailing comma", `{"timeStamp":"1",}`, sign.ErrJSON},
		{"leading comma", `{,"timeStamp":"1"}`, sign.ErrJSON},
		{"no comma", `{"timeStamp":"1" "a":1}`, sign.ErrJSON},
		{"no colon", `{"timeStamp" "1"}`, sign.ErrJSON},
		{"bare name", `{timeStamp:"1"}`, sign.ErrJSON},
		{"no value", `{"timeStamp":}`, sign.ErrJSON},
		{"cut after the colon", `{"timeStamp":`, sign.ErrJSON},
		{"cut text", `{"timeStamp":"1`, sign.ErrJSON},
		{"bad number", `{"timeStamp":01}`, sign.ErrJSON},
		{"bad literal", `{"timeStamp":nul}`, sign.ErrJSON},
		{"lone surrogate", `{"timeStamp":"\ud800"}`, sign.ErrJSON},
		{"not UTF-8", "{\"timeStamp\":\"\xff\"}", sign.ErrJSON},
		{"too many members", `{"timeStamp":"1"` + strings.Repeat(`,"a":1`, 1024) + `}`, sign.ErrJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.AuthTokenBody("k", []byte(tt.in))
			if got != "" || !errors.Is(err, tt.want) {
				t.Errorf("AuthTokenBody = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
	if got, err := sign.AuthTokenBody("", []byte(tenantSyncBody)); got != "" || !errors.Is(err, sign.ErrMissing) {
		t.Errorf("empty key: %q, %v", got, err)
	}
	if !errors.Is(sign.ErrNested, sign.ErrJSON) {
		t.Error("ErrNested does not match ErrJSON")
	}
}
