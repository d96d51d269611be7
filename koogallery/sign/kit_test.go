// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	kitTenantBody = `{"domainName":"https://example.tenantaccount.com","flag":1,"instanceId":"huaiweitest123456","name":"huaiweitest","orderId":"CS1906666666ABCDE","tenantCode":"huawei","tenantId":"68cbc86abcdef0123456880d92f36422fa0e","testFlag":0,"timeStamp":"20220413093539534"}`
	kitTenantSign = "de167abc87553250a39e1e8d66e0ce621ace8f2603c7b8ec50c4cff07a6877ee"

	kitAuthBody = `{"appId":"KSIDJF1234456","currentSyncTime":"20220413093539534","flag":3,"instanceId":"hua123456","tenantId":"68cb","testFlag":0,"timeStamp":"20220413093539534","userList":[{"userName":"zhangsan01","name":"张三","orgCode":"123456789","role":"admin","enable":"true","mobile":null,"extension":{"workPlace":"南京","a<b&c":"x/y"}}]}`
	// kitAuthWire is the same on the wire: unsorted, escaped, with blanks and a null.
	kitAuthWire = ` { "userList" : [ {"userName":"zhangsan01", "name":"\u5f20\u4e09","orgCode":"123456789","role":"admin","enable":"true","mobile":null,` +
		`"extension":{"workPlace":"\u5357\u4eac","a\u003cb&c":"x\/y"}} ], "extra":null, "timeStamp":"20220413093539534", "testFlag":0,` + "\n" +
		`"tenantId":"68cb","instanceId":"hua123456","flag":3,"currentSyncTime":"20220413093539534","appId":"KSIDJF1234456" } `
	kitAuthSign = "b213bb27673dee7afb1b248f8d50afef748bd3cc4580cf45b77fb213ddbe365f"
)

// kit §E.2, with the nonce and the timestamp of the documentation's examples.
func TestKitVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, want string
		form             sign.Form
	}{
		{"V2-a", kitTenantBody, kitTenantSign, sign.FormRaw},
		{"V2-b", kitAuthBody, kitAuthSign, sign.FormRaw},
		{"V2-b on the wire", kitAuthWire, kitAuthSign, sign.FormSorted},
		{
			"V2-c", `{"instanceId":"hua123456","orgInfoList":[{"orgCode":"00000001","orgName":"产品部","parentCode":""},{"orgCode":"00000002","orgName":"测试部","parentCode":"00000001"}],"tenantId":"68cb","testFlag":0,"timeStamp":"20220413093539534"}`,
			"dfcbd4a2575c885342286349082cf33ea3fd354515c6a7859ea2b7841d55d295", sign.FormRaw,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sorted, err := sign.Canonical([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := sign.KitSign(kitKey, newInstanceNonce, newInstanceTime, sorted); got != tt.want {
				t.Fatalf("KitSign = %s, want %s", got, tt.want)
			}
			for _, received := range []string{tt.want, strings.ToUpper(tt.want)} {
				key, form, err := sign.VerifyKit([]string{"other", "", kitKey}, newInstanceNonce, newInstanceTime, received, []byte(tt.body))
				if key != 2 || form != tt.form || err != nil {
					t.Errorf("VerifyKit = %d, %s, %v; want 2, %s", key, form, err, tt.form)
				}
			}
		})
	}
}

// The Kit signs the plain body, the production interface its HMAC (kit §F 4).
func TestKitIsNotURLSignature(t *testing.T) {
	t.Parallel()
	const base = "04d3d31a5c9aa77516b9dc730ca31a1561a5e1ab475cff9e986445ecede3a6d7"
	if got := sign.URLSignature(kitKey, newInstanceNonce, newInstanceTime, []byte(newInstanceBody)); got != base {
		t.Errorf("URLSignature = %s, want %s", got, base)
	}
	if _, _, err := sign.VerifyKit([]string{kitKey}, newInstanceNonce, newInstanceTime, base, []byte(newInstanceBody)); !errors.Is(err, sign.ErrSignature) {
		t.Errorf("VerifyKit took a URL signature: %v", err)
	}
}

func TestVerifyKit(t *testing.T) {
	t.Parallel()
	keys := []string{kitKey}
	const notJSON = "orgInfo={orgCode:1}"
	overBytes := func(body string) string {
		return sign.KitSign(kitKey, newInstanceNonce, newInstanceTime, []byte(body))
	}
	tests := []struct {
		name                        string
		keys                        []string
		nonce, timestamp, signature string
		body                        string
		form                        sign.Form
		err                         error
	}{
		{"good", keys, newInstanceNonce, newInstanceTime, kitTenantSign, kitTenantBody, sign.FormRaw, nil},
		{"over the received bytes", keys, newInstanceNonce, newInstanceTime, overBytes(kitAuthWire), kitAuthWire, sign.FormRaw, nil},
		{"not JSON", keys, newInstanceNonce, newInstanceTime, overBytes(notJSON), notJSON, sign.FormRaw, nil},
		{"empty body", keys, newInstanceNonce, newInstanceTime, overBytes(""), "", sign.FormRaw, nil},
		{"no timestamp", keys, "", "", "", kitTenantBody, sign.FormNone, sign.ErrMissingTimestamp},
		{"no nonce", keys, "", newInstanceTime, "", kitTenantBody, sign.FormNone, sign.ErrMissingNonce},
		{"no signature", keys, newInstanceNonce, newInstanceTime, "", kitTenantBody, sign.FormNone, sign.ErrMissingSignature},
		{"huge nonce", keys, strings.Repeat("a", sign.MaxNonce+1), newInstanceTime, kitTenantSign, kitTenantBody, sign.FormNone, sign.ErrNonce},
		{"no keys", nil, newInstanceNonce, newInstanceTime, kitTenantSign, kitTenantBody, sign.FormNone, sign.ErrNoKey},
		{"empty key", []string{""}, newInstanceNonce, newInstanceTime, kitTenantSign, kitTenantBody, sign.FormNone, sign.ErrNoKey},
		{"other key", []string{"other"}, newInstanceNonce, newInstanceTime, kitTenantSign, kitAuthWire, sign.FormNone, sign.ErrSignature},
		{"other nonce", keys, "N", newInstanceTime, kitTenantSign, kitTenantBody, sign.FormNone, sign.ErrSignature},
		{"not hex", keys, newInstanceNonce, newInstanceTime, "g" + kitTenantSign[1:], kitTenantBody, sign.FormNone, sign.ErrSignature},
		{"short", keys, newInstanceNonce, newInstanceTime, kitTenantSign[1:], kitTenantBody, sign.FormNone, sign.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, form, err := sign.VerifyKit(tt.keys, tt.nonce, tt.timestamp, tt.signature, []byte(tt.body))
			if form != tt.form || !errors.Is(err, tt.err) || (key < 0) != (err != nil) {
				t.Errorf("VerifyKit = %d, %s, %v; want %s, %v", key, form, err, tt.form, tt.err)
			}
		})
	}
}
