// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// An upload never makes the simulator fall over, and one that is taken has a digest.
func FuzzReadUpload(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"isvUpdateFileReq\"\r\n"+
		"Content-Type: application/json\r\n\r\n{\"type\":\"CHARACTERS\",\"characters\":\"a\"}\r\n--x--\r\n"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nb\r\n--x--"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		if licence, ok := readUpload(contentType, body); ok && len(licence) != 64 {
			t.Errorf("digest %q", licence)
		}
	})
}

// A V1 answer that is judged well has a Body-Sign that fits, 000000 and an
// instance id of the documented length.
func FuzzJudgeV1(f *testing.F) {
	f.Add([]byte(`{"resultCode":"000000","resultMsg":"ok","instanceId":"i","appInfo":{"frontEndUrl":"https://a","password":"x"}}`), false, true)
	f.Add([]byte(`{"resultCode":"000000","resultMsg":"ok","instanceId":"i","license":"l"}`), true, true)
	f.Add([]byte(`{"resultCode":"000004","resultMsg":"ok"}`), true, false)
	s := &Simulator{cfg: Config{AccessKey: "k"}}
	f.Fuzz(func(t *testing.T, body []byte, license, signed bool) {
		header := http.Header{"Content-Type": {"application/json"}}
		if signed {
			header.Set(sign.BodySignHeader, sign.BodySign("k", body))
		}
		for _, a := range []Activity{ActivityNew, ActivityQuery, ActivityRelease} {
			c := Call{act: a, InstanceID: "i", HTTPStatus: http.StatusOK}
			baseV1{license: license}.judge(s, &c, answer{header, body, time.Second})
			if c.Outcome == OutcomeOK && (!signed || c.ResultCode != "000000" || len(c.InstanceIDReturned) > 4*maxInstanceID) {
				t.Errorf("%s: %+v", a, c)
			}
			if !signed && !strings.Contains(c.Problem, "Body-Sign") {
				t.Errorf("%s: %+v", a, c)
			}
		}
	})
}
