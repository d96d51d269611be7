// SPDX-License-Identifier: Apache-2.0

package get

import (
	"context"
	"net/url"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Rules returns the rules of this room.
func Rules() []rule.Rule {
	return []rule.Rule{
		tokenDemanded, tokenFirst, signedValue, anyOrder, openParameters, values, emptyValues, unescapedPlus, refusalsSigned,
		payPerUse, acceptance, sameLicence, unknownActivity, oddParameters, nextKey,
	}
}

var (
	// v1 are the families whose calls are GETs; of the Kit's first generation those of its base interface.
	v1   = []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyKitV1}
	saas = []judge.Family{judge.FamilySaasV1, judge.FamilyKitV1}
)

// feeler writes down a call that nothing follows from: an expiry of an instance that nobody has bought.
func feeler(p *probe.Probe) (wire.Call, error) {
	return p.Write(probe.Act{Activity: judge.ActivityExpire, About: p.Purchase(), Instance: "koogate-check-unknown"})
}

// with makes the feeler with parameters added, signed by the key.
func with(ctx context.Context, p *probe.Probe, more url.Values) probe.Seen {
	call, err := feeler(p)
	if err == nil {
		call, err = signed(p, call, more)
	}
	return made(ctx, p, call, err)
}

// signed adds parameters to a call and signs it again.
func signed(p *probe.Probe, call wire.Call, more url.Values) (wire.Call, error) {
	u, err := url.Parse(call.URL)
	if err != nil {
		return call, err
	}
	all := u.Query()
	for name, values := range more {
		all[name] = values
	}
	call.URL, err = sign.SignQuery(p.Config().URL, p.Config().Key, all)
	return call, err
}

// made makes a call; one that could not be written is one without an answer.
func made(ctx context.Context, p *probe.Probe, call wire.Call, err error) probe.Seen {
	if err != nil {
		return probe.Seen{Result: wire.Result{At: p.Now(), Err: err.Error(), Verdict: judge.Verdict{Outcome: judge.OutcomeFailed}}}
	}
	return p.Make(ctx, call)
}

// altered makes a call with another query than was signed.
func altered(ctx context.Context, p *probe.Probe, call wire.Call, alter func(rawQuery string) string) probe.Seen {
	base, query, _ := cut(call.URL)
	call.URL = base + "?" + alter(query)
	return p.Make(ctx, call)
}

func cut(address string) (base, query string, ok bool) {
	u, err := url.Parse(address)
	if err != nil {
		return address, "", false
	}
	query = u.RawQuery
	u.RawQuery = ""
	return u.String(), query, true
}

// trusted tells whether the seller took a call for the marketplace's, whatever came of it.
func trusted(seen probe.Seen) bool {
	return seen.ResultCode != "" && resultcode.Code(seen.ResultCode) != resultcode.AuthFailed
}

// worked tells whether the seller worked on a call: it was done, or the instance was looked for.
func worked(seen probe.Seen) bool {
	code := resultcode.Code(seen.ResultCode)
	return code == resultcode.Success || code == resultcode.InstanceNotFound
}
