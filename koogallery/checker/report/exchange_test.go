// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// seen is a call and its answer.
func seen(method, url, body, answer string, header ...string) probe.Seen {
	s := probe.Seen{
		Result: wire.Result{Status: 200},
		Call:   wire.Call{Method: method, URL: url, Header: http.Header{}, Body: []byte(body), Asked: judge.Request{Key: "canary-access-key"}},
		Answer: judge.Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(answer)},
	}
	for i := 0; i+1 < len(header); i += 2 {
		s.Call.Header[header[i]] = []string{header[i+1]}
		s.Answer.Header[header[i]] = []string{header[i+1]}
	}
	return s
}

// calls hold a canary in every place in which a secret can be.
var calls = []probe.Seen{
	seen("POST", "https://u:p@s.example/produce/x?signature=canary-signature&timestamp=1&nonce=n", `{"activity":"newInstance","orderId":"CS1"}`,
		`{"resultCode":"000000","instanceId":"i-1","appInfo":{"frontEndUrl":"https://canary-front/","userName":"canary-user","password":"canary\"pass","ip":"canary-ip-address"}}`),
	seen("GET", "https://s.example/v1?activity=newInstance&authToken=canary%2BauthToken%3D&email=canary%40mail.example&mobilePhone=canary-phone&orderId=CS2&x=a+b", "",
		`<html>canary-access-key canary+authToken= canary@mail.example</html>`, "Body-Sign", `sign_type="HMAC-SHA256", signature="canary-body-sign"`),
	seen("POST", "https://s.example/produceAPI/authSync", `{"userList":"[{\"userName\":\"canary-kit-user\",\"mobile\":\"canary-kit-mobile\"}]","clientSecret":"canary-client-secret","flag":1}`,
		`broken {"clientSecret":"canary-client-secret", "email": "canary-mail-2", "mobile":13912345678`, "x-sign", "canary-x-sign", "authToken", "canary-header-token"),
	seen("POST", "https://s.example/p", `{"license":"canary-licence","name":"\u0063anary","memo":"canary-memo"}`, `{"resultMsg":"your key is canary-kit-key / canary%26code"}`),
}

var named = []string{"canary-kit-key", "canary&code", ""}

func TestExchangesShowNothingSecret(t *testing.T) {
	all := report.Exchanges(calls, named...)
	text, err := json.Marshal(all)
	if err != nil || len(all) != len(calls) {
		t.Fatal(len(all), err)
	}
	for _, secret := range []string{"canary-", "canary%", "canary@", "canary+", "canary\\", "13912345678", "u:p"} {
		if i := strings.Index(string(text), secret); i >= 0 {
			t.Errorf("%q is shown: %s", secret, text[i:min(i+60, len(text))])
		}
	}
	for i, parts := range [][]string{
		{"POST /produce/x\n  signature=***\n  timestamp=1\n  nonce=n\n{\"activity\":\"newInstance\",\"orderId\":\"CS1\"}", `"instanceId":"i-1","appInfo":{"frontEndUrl":"***"`},
		{"GET /v1\n  activity=newInstance\n  authToken=***\n", "orderId=CS2\n  x=a+b", "<html>"},
		{`"flag":1`, "broken {", `{\"userName\":\"***\"`},
		{"POST /p\n", `\u0063anary`, "your key is *** / ***"},
	} {
		for _, part := range parts {
			if shown := all[i].Call + all[i].Answer; !strings.Contains(shown, part) {
				t.Errorf("exchange %d does not show %q:\n%s", i, part, shown)
			}
		}
	}
}

// What a rule says that it saw is cleaned by the same secrets.
func TestTextsShowNothingSecret(t *testing.T) {
	m := report.NewMask(calls, named...)
	got := m.Both(rule.Say("看到 %q", "saw %q", "https://canary-front/ i-1 canary-kit-key"))
	if got != rule.Say("看到 %q", "saw %q", "*** i-1 ***") {
		t.Errorf("got %+v", got)
	}
}

func TestExchangesAreBounded(t *testing.T) {
	many := make([]probe.Seen, 0, 20)
	for range 20 {
		many = append(many, seen("POST", "http://s/p", strings.Repeat("页", 5000), "\xff"))
	}
	all := report.Exchanges(many)
	if len(all) != 6 {
		t.Fatalf("%d exchanges", len(all))
	}
	for _, e := range all {
		if len([]rune(e.Call)) > 2100 || !strings.HasSuffix(e.Call, "characters in all)") || e.Answer != "\uFFFD" {
			t.Errorf("%d characters, answer %q", len([]rune(e.Call)), e.Answer)
		}
	}
	lost := many[0]
	lost.Err, lost.Status = "no complete answer within 5s", 0
	if e := report.Exchanges([]probe.Seen{lost})[0]; e.Answer != lost.Err || e.Status != 0 {
		t.Errorf("got %+v", e)
	}
}
