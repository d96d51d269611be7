// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"context"
	"errors"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// ErrNoFamily says that an address answers no call of any family.
var ErrNoFamily = errors.New("the address answers the calls of no family: it is another one, nothing listens there, or the key is wrong; name the family to have its answers judged all the same")

// Served finds out which families a seller serves: it asks each for an instance that nobody has bought, as a debugging call, and sees
// whether the answer is one of the interface's. Errors: ErrNoFamily, wire.ErrConfig, ctx.Err().
func Served(ctx context.Context, cfg probe.Config) ([]judge.Family, error) {
	cfg.Deep = false
	var served []judge.Family
	for _, f := range judge.Families() {
		cfg.Family = f
		p, err := probe.New(cfg, "families")
		if err != nil {
			return nil, err
		}
		seen := p.Do(ctx, feeler(p))
		p.Close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		refused := []resultcode.Code{resultcode.AuthFailed, resultcode.InvalidParam}
		if seen.ResultCode != "" && !slices.Contains(refused, resultcode.Code(seen.ResultCode)) {
			served = append(served, f)
		}
	}
	if len(served) == 0 {
		return nil, ErrNoFamily
	}
	return served, nil
}

// nobody is an instance that nobody has bought, and a tenant that nobody is.
const nobody = "koogate-check-unknown"

// feeler is a call that only its own family understands, and that nothing follows from. It is complete, so that a seller refuses it for
// nothing but that it does not know the family.
func feeler(p *probe.Probe) probe.Act {
	of := p.Purchase()
	a := probe.Act{Activity: judge.ActivityRelease, About: of, Instance: nobody, Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}}
	switch p.Family() {
	case judge.FamilySaasV2:
		a.Activity, a.Params = judge.ActivityQuery, nil
	case judge.FamilyLicenseOnline:
		const form = "2006-01-02 15:04:05 z"
		a.Activity, a.Params = judge.ActivityLicenseAsync, map[string]any{
			"eventId": catalogue.UUID(p.NewID()), "deviceFingerprint": nobody, "effectiveTime": p.Now().UTC().Format(form), "expireTime": of.ExpireTime.UTC().Format(form),
		}
	case judge.FamilyOrderNotify:
		a.Activity = judge.ActivityNotify
	case judge.FamilyKitV1, judge.FamilyKitV2: // a tenant is deleted that is not there, which has to succeed
		a.Activity, a.Params = judge.ActivityTenant, map[string]any{
			"orderId": of.ID, "tenantId": nobody, "tenantCode": nobody, "name": nobody, "domainName": "https://tenant.example.com", "flag": 0,
			"timeStamp": wire.Local17(p.Now()),
		}
	case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode:
	}
	return a
}
