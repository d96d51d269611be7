// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Rules returns the rules of this room.
func Rules() []rule.Rule {
	return []rule.Rule{
		understood, wrongSignature, unsigned, received, hexCase, nextKey, stale, signedTime, future, missing, replay,
		authenticationFirst, hostile, nonsense, unknownActivity, big, duplicates,
	}
}

// posted are the families whose calls have their signature in the URL; of the Kit's second generation those of its base interface.
var posted = []judge.Family{
	judge.FamilySaasV2, judge.FamilyLicenseCode, judge.FamilyLicenseOnline, judge.FamilyOrderNotify, judge.FamilyKitV2,
}

// knock is a call of the family that a seller understands without knowing anything before.
func knock(p *probe.Probe) wire.Call {
	of := p.Purchase()
	a := p.Opening(of)
	switch p.Family() {
	case judge.FamilyOrderNotify:
		a.Activity = judge.ActivityNotify
	case judge.FamilyLicenseCode:
		a.Activity, a.Instance = judge.ActivityRelease, catalogue.LicenseCode(p.NewID()) // one that nobody has
	default:
	}
	call, err := p.Write(a)
	if err != nil {
		return wire.Call{Method: http.MethodPost, URL: p.Config().URL} // a key that signs nothing: nothing is understood
	}
	return call
}

// signed signs a body anew, as if it were sent at a time.
func signed(p *probe.Probe, call wire.Call, key string, at time.Time, body []byte) wire.Call {
	call.Body = body
	if address, err := sign.SignURL(p.Config().URL, key, catalogue.Token(p.NewID()), at, body); err == nil {
		call.URL = address
	}
	return call
}

// let tells whether a call was let in: whether its answer says something about what it is about.
func let(s probe.Seen) bool {
	switch resultcode.Code(s.ResultCode) {
	case resultcode.Success, resultcode.Processing, resultcode.InstanceNotFound:
		return true
	default:
		return false
	}
}

// fell tells whether the server fell over a call.
func fell(s probe.Seen) bool { return s.Err != "" || s.Status >= http.StatusInternalServerError }

// begin makes a call as it should be. If that is not let in, nothing else can be found out.
func begin(ctx context.Context, p *probe.Probe) (first probe.Seen, stop *rule.Outcome) {
	first = p.Make(ctx, knock(p))
	if !let(first) {
		o := rule.Unknown("正确的调用没有被接受：%s", "a call as it should be is not accepted: %s", first.Why())
		return first, &o
	}
	return first, nil
}

// attempt is a call that has to be refused, or accepted, with what is odd about it.
type attempt struct {
	call   wire.Call
	zh, en string
}

// refuses is the outcome of calls that have to be refused.
func refuses(ctx context.Context, p *probe.Probe, attempts ...attempt) rule.Outcome {
	for _, a := range attempts {
		if s := p.Make(ctx, a.call); let(s) {
			return rule.Broken("%s的调用得到 %s", "a call %s was answered with %s", rule.Say(a.zh, a.en), s.ResultCode)
		}
	}
	return rule.Holds()
}
