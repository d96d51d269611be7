// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// Secrets of three to five bytes are hidden where they are words of their own, wherever that is; those in lists, in objects and in access
// information that has objects in it are hidden like others; and so are those that were cut off.
func TestShortAndNestedSecretsAreHidden(t *testing.T) {
	t.Parallel()
	all := []probe.Seen{
		seen("POST", "https://s.example/p?signature=sig5", `{"orderId":"CS1","userName":"kn4","phones":["kn-phone-1",["kn-phone-2"],{"at":"kn-phone-3"}]}`,
			`{"resultCode":"000000","resultMsg":"kn4 got pw-5, kn4x did not","appInfo":{"login":{"name":"kn-deep","list":["kn-list",77123]},"password":"pw-5"},"orderId":"CS1"}`),
		seen("POST", "https://s.example/p", `{"email":{"work":"kn-work"},"token":["kn-token"],"productId":"OFFI"}`, `{"password":"kn-cut-off`),
		seen("POST", "https://s.example/p", `{"userList":"[{\"userName\":\"kn-in-text\",\"mobile\":[\"kn-mobile\"]}]"}`, `kn-deep kn-in-text kn-token sig5 key3`),
	}
	shown, err := json.Marshal(report.Exchanges(all, "key3"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(shown)
	for _, secret := range []string{"kn-", "kn4 ", "pw-5", "77123", "sig5", "key3"} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is shown: %s", secret, text[i:min(i+60, len(text))])
		}
	}
	for _, part := range []string{`*** got ***, kn4x did not`, `\"phones\":[\"***\",[\"***\"],{\"at\":\"***\"}]`, `\"login\":{\"name\":\"***\"`, `\"orderId\":\"CS1\"`, `\"productId\":\"OFFI\"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not shown: %s", part, text)
		}
	}
	if got := report.NewMask(all, "key3").Both(rule.Say("key3、kn4", "pw-5 and keys")); got != rule.Say("***、***", "*** and keys") {
		t.Errorf("got %+v", got)
	}
}
