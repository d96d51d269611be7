// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
)

// The bodies of saas-v2 §2.5, as documented but for the testFlag.
const (
	bodyNew     = `{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"0"}`
	bodyQuery   = `{"activity":"queryInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","testFlag":"0"}`
	bodyRefresh = `{"activity":"refreshInstance","expireTime":"20221124023618256","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","productId":"OFFI461867333479178240","scene":"RENEWAL","testFlag":"0"}`
	bodyStatus  = `{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","status":"FREEZE","testFlag":"0"}`
	bodyRelease = `{"activity":"releaseInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"0"}`
	bodyUpgrade = `{"activity":"upgradeInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"0"}`
	bodyCheck   = `{"activity":"changeInstanceCheck","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","productInfo":{"productId":"OFFI2","skuCode":"sku2","linearValue":20},"testFlag":"0"}`

	success = `{"resultCode":"000000","resultMsg":"success"}`
)

// debugging turns a body into that of a debugging call.
func debugging(body string) string {
	return strings.Replace(body, `"testFlag":"0"`, `"testFlag":"1"`, 1)
}

func TestActivities(t *testing.T) {
	const id = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
	for _, c := range []struct {
		name, body, answer, probed string
		made                       string
	}{
		{
			name: "newInstance", body: bodyNew,
			answer: `{"resultCode":"000000","resultMsg":"success","instanceId":"87b94795-0603-4e24-8ae5-69420d60e3c8"}`,
			made:   "newInstance CS2211181819B4LVS CS2211181819B4LVS-000001 87b94795-0603-4e24-8ae5-69420d60e3c8  extra= lock=1 arrived=12:00:00",
			probed: `{"resultCode":"000000","resultMsg":"success","instanceId":"213174a1-dc1c-73c8-d383-bf8dfe4ac56f","appInfo":{"frontEndUrl":"https://debug.invalid/"}}`,
		},
		{
			name: "queryInstance", body: bodyQuery,
			answer: `{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"` + id + `","appInfo":{"frontEndUrl":"https://x/?a=1&b=<2>","userName":"` +
				canaryUser + `","password":"` + canaryPassword + `","memo":"\u4e2d\u6587 \ud83d\ude00"}}]}`,
			made: "queryInstance 1 " + id,
			probed: `{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"` + id +
				`","appInfo":{"frontEndUrl":"https://debug.invalid/","userName":"debug","password":"debug","memo":"debugging call; no instance behind it"}}]}`,
		},
		{
			name: "refreshInstance", body: bodyRefresh, answer: success, probed: success,
			made: "refreshInstance RENEWAL CS2211181819B4LVS CS2211181819B4LVS-000001 " + id + " OFFI461867333479178240 2022-11-24T02:36:18.256Z extra=",
		},
		{
			name: "updateInstanceStatus", body: bodyStatus, answer: success, probed: success,
			made: "updateInstanceStatus " + id + " freeze=true",
		},
		{
			name: "updateInstanceStatus unfreeze", body: strings.Replace(bodyStatus, "FREEZE", "UNFREEZE", 1), answer: success, probed: success,
			made: "updateInstanceStatus " + id + " freeze=false",
		},
		{
			name: "releaseInstance", body: bodyRelease, answer: success, probed: success,
			made: "releaseInstance " + id + " CS2211181819B4LVS CS2211181819B4LVS-000001",
		},
		{
			name: "upgradeInstance", body: bodyUpgrade, answer: success, probed: success,
			made: "upgradeInstance " + id + " CS2211181819B4LVS CS2211181819B4LVS-000001",
		},
		{
			name: "changeInstanceCheck", body: bodyCheck, answer: success, probed: success,
			made: "changeInstanceCheck " + id + " {ProductID:OFFI2 SKUCode:sku2 Name: ChargingMode: LinearValue:20}",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.core.shown = []fulfil.Shown{{InstanceID: id, Access: fulfil.Access{
				FrontEndURL: "https://x/?a=1&b=<2>", UserName: canaryUser, Password: canaryPassword, Memo: "中文 😀",
			}}}
			a := r.call(c.body)
			if a.body != c.answer {
				t.Errorf("got  %s\nwant %s", a.body, c.answer)
			}
			r.want(a, "000000", c.made)
			activity, _, _ := strings.Cut(c.name, " ")
			a = r.call(debugging(c.body))
			if a.body != c.probed {
				t.Errorf("debugging: got  %s\nwant %s", a.body, c.probed)
			}
			r.want(a, "000000") // it never reaches the core
			if n := r.counter("koogate_probe_calls_total", "endpoint=demo", "activity="+activity); n != 1 {
				t.Errorf("%v debugging calls counted", n)
			}
			if n := r.counter("koogate_facade_calls_total", "endpoint=demo", "activity="+activity, "result_code=000000"); n != 2 {
				t.Errorf("%v calls counted", n)
			}
		})
	}
}

// The vectors that Java and Python agree on (saas-v2 §2.5).
func TestPublishedVectors(t *testing.T) {
	r := newRig(t)
	r.clock.Advance(-noon.Sub(unixMilli(1680508066618)))
	r.want(r.call(debugging(bodyNew), request{
		timestamp: "1680508066618", nonce: "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA",
		signature: "c506f4221ec15f98c40b8a5d5065d8b815a2c5596cf4421382088b5652565458",
	}), "000000")
	r.clock.Advance(unixMilli(1680509558159).Sub(r.clock.Now()))
	r.want(r.call(debugging(bodyStatus), request{
		timestamp: "1680509558159", nonce: "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510",
		signature: "7E2AC48C99FB4DD226599E02CDFB68AD99992F7B164D5C56076D90F72DA480CA",
	}), "000000")
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer fulfil.Answer
		err    error
		want   string
	}{
		{"processing", fulfil.Answer{Code: resultcode.Processing, InstanceID: "i"}, nil, `{"resultCode":"000004","resultMsg":"request is being processed","instanceId":"i"}`},
		{"sold out", fulfil.Answer{Code: resultcode.SoldOut, Message: "no seats\nleft", InstanceID: "i"}, nil, `{"resultCode":"000106","resultMsg":"product resources are sold out: no seats left","instanceId":"i"}`},
		{"unknown instance", fulfil.Answer{}, errs.New(errs.NotFound, errs.InstanceNotFound, "instance x does not exist"), `{"resultCode":"000003","resultMsg":"instance ID does not exist: instance x does not exist"}`},
		{"conflict", fulfil.Answer{}, errs.New(errs.Conflict, errs.ConflictingRepeat, "the first call stands"), `{"resultCode":"000002","resultMsg":"invalid request parameters: the first call stands"}`},
		{"state", fulfil.Answer{}, errs.New(errs.Precondition, errs.StateConflict, "not yet"), `{"resultCode":"000005","resultMsg":"other internal service error: not yet"}`},
		{"store", fulfil.Answer{}, errs.Wrap(errSecret, errs.Unavailable, errs.StoreUnavailable, "repeat the call"), `{"resultCode":"000005","resultMsg":"other internal service error: repeat the call"}`},
		{"fault", fulfil.Answer{}, errSecret, `{"resultCode":"000005","resultMsg":"other internal service error"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.core.answer, r.core.err = c.answer, c.err
			if a := r.call(bodyNew); a.body != c.want {
				t.Errorf("got  %s\nwant %s", a.body, c.want)
			}
		})
	}
}

func TestEmptyInfoIsLeftOut(t *testing.T) {
	r := newRig(t)
	if a := r.call(bodyQuery); a.body != success {
		t.Errorf("got %s", a.body)
	}
}

func TestPanicBecomesAnAnswer(t *testing.T) {
	r := newRig(t)
	r.core.during = func(_ context.Context) { panic(errSecret) }
	a := r.call(bodyNew)
	r.want(a, "000005", r.core.made()...)
	if log := r.log.String(); !strings.Contains(log, "panic in a handler") || strings.Contains(log, errSecret.Error()) {
		t.Errorf("log: %s", log)
	}
}
