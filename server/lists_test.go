package server_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// raw signs a body of the V2 generation as it is and sends it.
func (r *rig) raw(endpoint, body string) reply {
	r.t.Helper()
	u, err := sign.SignURL(r.address(endpoint), acmeKey, rand.Text(), time.Now(), []byte(body))
	if err != nil {
		r.t.Error(err)
	}
	return r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json"}, body)
}

// shownIDs are the instances that an answer of queryInstance shows.
func shownIDs(a reply) string {
	list, _ := a.all["info"].([]any)
	ids := make([]string, len(list))
	for i := range list {
		info, _ := list[i].(map[string]any)
		ids[i], _ = info["instanceId"].(string)
	}
	return strings.Join(ids, ",")
}

// An ID in a queryInstance that nobody can know, or that is no ID at all, costs none of the others its answer.
func TestOneBadIDCostsNoOther(t *testing.T) {
	r := start(t, withEvery)
	for _, n := range []string{"1", "2"} {
		if a := r.post("every", params{"activity": "newInstance", "orderId": "CS" + n, "orderLineId": "CS" + n + "-1", "businessId": "good-" + n}); a.code != "000000" {
			t.Fatal(a.body)
		}
	}
	bad := map[string]string{ // as JSON has it
		"unknown": "never", "a dot": "..", "oversized": strings.Repeat("x", 65), "as long as a body": strings.Repeat("x", 20_000), "NUL": `a\u0000b`,
		"control character": `a\u0007b`, "line break": `a\nb`, "half an emoji": `\ud83d`, "no UTF-8": "\xff\xfe", "a percent sign": "%00", "blank": " ",
	}
	for name, id := range bad {
		for place, list := range map[string]string{"first": id + ",good-1,good-2", "between": "good-1," + id + ",good-2", "last": "good-1,good-2," + id} {
			t.Run(name+" "+place, func(t *testing.T) {
				a := r.raw("every", `{"activity":"queryInstance","instanceId":"`+list+`"}`)
				if a.code != "000000" || shownIDs(a) != "good-1,good-2" {
					t.Errorf("V2.0: %.300s", a.body)
				}
			})
		}
	}
	for name, id := range map[string]string{
		"unknown": "never", "oversized": strings.Repeat("x", 65), "NUL": "a\x00b", "control character": "a\x07b",
	} { // a query that is no UTF-8 has no signature
		t.Run(name+" by V1.0", func(t *testing.T) {
			q := url.Values{"timeStamp": {"20200727073711903"}, "activity": {"queryInstance"}, "instanceId": {"good-1," + id + ",good-2"}}
			u, err := sign.SignQuery(r.address("every"), acmeKey, q)
			if err != nil {
				t.Fatal(err)
			}
			if a := r.wire(http.MethodGet, u, nil, ""); a.code != "000000" || shownIDs(a) != "good-1,good-2" {
				t.Errorf("V1.0: %.300s", a.body)
			}
		})
	}
	for name, list := range map[string]string{"control characters alone": `a\u0007b`, "no text alone": `\ud83d,\u0000`} {
		t.Run(name, func(t *testing.T) { // none of it is an ID: that is a fault of the call
			if a := r.raw("every", `{"activity":"queryInstance","instanceId":"`+list+`"}`); a.code != "000002" {
				t.Errorf("%.300s", a.body)
			}
		})
	}
}
