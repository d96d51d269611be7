// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

// FuzzFacade sends any body with a valid signature: there is always an answer that the marketplace can read.
func FuzzFacade(f *testing.F) {
	for _, b := range []string{
		bodyNew, bodyQuery, bodyRefresh, bodyStatus, bodyRelease, bodyUpgrade, bodyCheck, debugging(bodyNew), debugging(bodyCheck), "", "null", "[]",
		`{"activity":"changeInstanceCheck","instanceId":"i","productInfo":"[{\"productId\":1,\"x\":null},null]","x":{"y":[1,2,{}]}}`,
		`{"activity":"refreshInstance","scene":"\u4e2d\ud83d\ude00","testFlag":1}`, `{"activity":"newInstance","orderId":"\u0000"}`,
		"{\"activity\":\"queryInstance\",\"instanceId\":\",a,,\xff\"}",
	} {
		f.Add([]byte(b), "application/json", "demo")
	}
	f.Add([]byte(bodyNew), "text/xml", "nobody")
	r := newRig(f)
	r.core.mute = true
	r.core.orders["i"] = "CS-ROOT"
	n := 0
	f.Fuzz(func(t *testing.T, body []byte, contentType, endpoint string) {
		n++
		nonce, ts := "f"+strconv.Itoa(n), strconv.FormatInt(noon.UnixMilli(), 10)
		req := httptest.NewRequest("POST", "/produce/demo?signature="+sign.URLSignature(key1, nonce, ts, body)+"&timestamp="+ts+"&nonce="+nonce,
			strings.NewReader(string(body)))
		req.Header["Content-Type"] = []string{contentType}
		if endpoint != "" && !strings.Contains(endpoint, "/") {
			req.URL.Path = "/produce/" + endpoint
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		if w.Code != 200 {
			t.Fatalf("HTTP %d", w.Code)
		}
		if a := read(t, w.Result()); a.code == "000005" {
			t.Fatalf("the stub never fails, yet %s", a.body)
		}
		if strings.Contains(r.log.String(), "panic") {
			t.Fatal(r.log.String())
		}
		r.log.reset()
		r.spans.Reset()
	})
}
