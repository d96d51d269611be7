// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/fulfil"
)

// House rule 13: nothing secret, and nothing of a body, in logs, spans or metrics.
func TestSecretsStayInside(t *testing.T) {
	r := newRig(t)
	r.core.orders["10e758d0-31ad-4c4b-8f1b-81d03469a10e"] = "CS-ROOT"
	r.core.shown = []fulfil.Shown{{InstanceID: "i", Access: fulfil.Access{
		FrontEndURL: "https://x/", UserName: canaryUser, Password: canaryPassword, Memo: "canary-memo",
	}}}
	var signatures []string
	send := func(body string, q request) {
		q.endpoint, q.nonce = "signing", fmt.Sprint("canary-nonce-", len(signatures))
		if q.key == "" {
			q.key = key3
		}
		q.header = map[string][]string{"Authorization": {"Bearer canary-token"}, "Cookie": {"canary-cookie"}}
		req := r.build(body, q)
		signatures = append(signatures, req.URL.Query().Get("signature"))
		r.do(req)
	}
	send(bodyQuery, request{})
	send(debugging(bodyQuery), request{})
	send(strings.Replace(bodyNew, "{", `{"buyerInfo":{"mobilePhone":"canary-phone"},"userName":"canary-user-name","canary-member":1,`, 1), request{})
	send(strings.Replace(bodyCheck, "{", `{"password":"canary-password",`, 1), request{})
	send(`{"activity":"canary-activity"}`, request{})
	send(`{"canary-broken`, request{})
	send(bodyNew, request{key: "canary-wrong-key"})
	send(bodyNew, request{contentType: "text/canary-type"})
	r.core.err = errSecret
	send(bodyRelease, request{})
	r.core.err = nil
	r.core.during = func(context.Context) { panic("canary-panic") }
	send(bodyRelease, request{})

	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var metrics strings.Builder
	for _, f := range families {
		metrics.WriteString(f.String())
	}
	log := strings.ReplaceAll(r.log.String(), errSecret.Error(), "") // the cause of a fault is for the log, once
	for place, text := range map[string]string{"log": log, "metrics": metrics.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans())} {
		if i := strings.Index(text, "canary"); i >= 0 {
			t.Errorf("%s: …%s…", place, text[max(0, i-100):min(len(text), i+50)])
		}
		for _, s := range signatures {
			if strings.Contains(text, s) || strings.Contains(text, strings.ToLower(s)) {
				t.Errorf("%s: a signature", place)
			}
		}
	}
	if n := strings.Count(r.log.String(), errSecret.Error()); n == 0 {
		t.Error("the cause of a fault is nowhere")
	}
}
