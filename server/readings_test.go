// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// send signs a body as it is and sends it.
func (r *rig) send(endpoint, body string) reply {
	r.t.Helper()
	u, err := sign.SignURL(r.address(endpoint), acmeKey, rand.Text(), time.Now(), []byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	return r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json"}, body)
}

// readings adds two endpoints: one as it comes, one with every switch of the readings the other way (docs/adr/0016).
func readings(cfg *config.Config, d *server.Deps) {
	withEvery(cfg, d)
	other := cfg.Endpoints[len(cfg.Endpoints)-2]
	other.Name = "other"
	other.BodySign, other.ProductInfo, other.CodeExpireZone, other.CodeFreeze = true, "object", "beijing", "expiry"
	other.CreateAppInfo, other.CheckReduction = "always", "allow"
	off := cfg.Endpoints[len(cfg.Endpoints)-2]
	off.Name, off.CreateAppInfo = "off", "off"
	cfg.Endpoints = append(cfg.Endpoints, other, off)
}

// Every switch changes bytes on the wire, or what is shown.
func TestSwitchesOfTheReadings(t *testing.T) {
	r := start(t, readings)
	const address = `"appInfo":{"frontEndUrl":"https://`
	for endpoint, want := range map[string][2]bool{"every": {true, false}, "other": {true, true}, "off": {false, false}} {
		create := `{"activity":"newInstance","businessId":"b-` + endpoint + `","orderId":"CS-` + endpoint + `","orderLineId":"CS-` + endpoint + `-1"`
		for k, flag := range []string{`,"testFlag":"1"}`, `}`} {
			a := r.send(endpoint, create+flag)
			if a.code != "000000" || strings.Contains(a.body, address) != want[k] || strings.Contains(a.body, "password") {
				t.Errorf("%s, %s: %s", endpoint, flag, a.body)
			}
			if signed := a.header.Get(sign.BodySignHeader) != ""; signed != (endpoint == "other") {
				t.Errorf("%s: signed %v", endpoint, signed)
			}
		}
	}

	for endpoint, want := range map[string][2]string{"every": {"000000", "000000"}, "other": {"000000", "000002"}} {
		for k, info := range []string{`{"productId":"OFFI-9"}`, `[{"productId":"OFFI-9"}]`} {
			body := `{"activity":"changeInstanceCheck","instanceId":"b-` + endpoint + `","productInfo":` + info + `,"testFlag":"1"}`
			if a := r.send(endpoint, body); a.code != want[k] {
				t.Errorf("%s, %s: %s", endpoint, info, a.body)
			}
		}
		code := map[string]string{"every": "000005", "other": "000000"}[endpoint]
		body := `{"activity":"changeInstanceCheck","instanceId":"b-` + endpoint + `","productInfo":{"productId":"OFFI461867333479178240","skuCode":"sku-1","linearValue":1}}`
		if a := r.send(endpoint, body); a.code != code {
			t.Errorf("%s, a smaller quantity: %s, want %s", endpoint, a.body, code)
		}
	}

	for endpoint, want := range map[string][2]string{
		"every": {"2020-01-02T03:04:05Z", "INSTANCE_STATE_ACTIVE"}, "other": {"2020-01-01T19:04:05Z", "INSTANCE_STATE_FROZEN"},
	} {
		code := "PL-" + endpoint
		a := r.send(endpoint, `{"activity":"refreshLicenseCode","expireTime":"20200102030405","license":"`+code+
			`","orderId":"CSl-`+endpoint+`","orderLineId":"CSl-`+endpoint+`-1","productId":"OFFI-7","scene":"TRIAL_TO_FORMAL"}`)
		if a.code != "000000" {
			t.Fatalf("%s: %s", endpoint, a.body)
		}
		_, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/instances?filter=endpoint%3D%22"+endpoint+"%22", acmeToken, "")
		var list struct {
			Instances []struct{ Family, ExpireTime, State string }
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, i := range list.Instances {
			if i.Family == "license_code" {
				found = true
				if i.ExpireTime != want[0] || i.State != want[1] {
					t.Errorf("%s: %+v, want %v", endpoint, i, want)
				}
			}
		}
		if !found {
			t.Errorf("%s: no licence in %s", endpoint, text)
		}
	}
}
