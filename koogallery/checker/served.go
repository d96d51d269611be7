// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"context"
	"errors"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
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

// feeler is a call that only its own family understands, and that nothing follows from.
func feeler(p *probe.Probe) probe.Act {
	of := p.Purchase()
	a := probe.Act{Activity: judge.ActivityRelease, About: of, Instance: "koogate-check-unknown", Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}}
	switch p.Family() {
	case judge.FamilySaasV2:
		a.Activity, a.Params = judge.ActivityQuery, nil
	case judge.FamilyLicenseOnline:
		a.Activity = judge.ActivityLicenseAsync
	case judge.FamilyOrderNotify:
		a.Activity = judge.ActivityNotify
	case judge.FamilyKitV1, judge.FamilyKitV2:
		a.Activity = judge.ActivityTenant
	case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode:
	}
	return a
}
