// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"fmt"
	"maps"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Values of the debugging console's own examples (saas-v1 §11).
const (
	debugOrder   = "CS1906666666ABCDE"
	debugProduct = "00301-666666-0--0"
	debugSKU     = "d0abcd12-1234-5678-ab90-11ab012aaaa1"
	debugCode    = "PLDEBUGDEBUGDEBUGDEBUGDEBUGDEBUG"
)

// DialTestOf is [Stage.DialTest] for any family. The cases are those that a
// seller of the family has to save: five of the base interface and five of the
// Kit, four of License V1, three of License 2.0, five of online licences
// (getLicenseAsync may answer 000004), one notification. For a joint family the
// base cases come first. A failure counts for the same days as any other.
//
// Errors: ErrFamily, ErrConfig for a joint family without Config.PublicKey,
// ctx.Err().
func (s *Stage) DialTestOf(ctx context.Context, family judge.Family) (DialReport, error) {
	switch family {
	case judge.FamilySaasV2:
		return s.DialTest(ctx)
	case judge.FamilySaasV1, judge.FamilyLicenseV1:
		return s.dialRun(ctx, s.casesV1(family))
	case judge.FamilyLicenseCode:
		return s.dialRun(ctx, s.casesCode())
	case judge.FamilyLicenseOnline:
		return s.dialRun(ctx, s.casesOnline())
	case judge.FamilyOrderNotify:
		return s.dialRun(ctx, []dialCase{{family, judge.ActivityNotify, "", s.debugParams(judge.ActivityNotify, openapi.MockPeriodNew)}})
	case judge.FamilyKitV1, judge.FamilyKitV2:
		cases, err := s.casesKit(family)
		if err != nil {
			return DialReport{At: s.cfg.Clock.Now(), Result: Failed}, err
		}
		return s.dialRun(ctx, cases)
	default:
		return DialReport{At: s.cfg.Clock.Now(), Result: Failed}, fmt.Errorf("%w: want one of %v", judge.ErrFamily, judge.Families())
	}
}

// debugParams begins the parameters of a saved case; more are names and values.
func (s *Stage) debugParams(a judge.Activity, order string, more ...string) map[string]any {
	p := map[string]any{"activity": string(a), "testFlag": "1"}
	if order != "" {
		p["orderId"] = order
		if order != debugOrder { // V1 knows no lines
			p["orderLineId"] = order + catalogue.FirstLine
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	return p
}

// debugBusiness is the saved business id.
func (s *Stage) debugBusiness(f judge.Family) string {
	return catalogue.UUID("dial test of " + string(f) + " " + s.wire.Facade())
}

// casesV1 returns the cases of a V1 base interface.
func (s *Stage) casesV1(family judge.Family) []dialCase {
	expire := wire.Local14(s.market.Product(catalogue.Period).EndAfter(s.saved))
	cases := make([]dialCase, 0, 5)
	add := func(a judge.Activity, more ...string) {
		cases = append(cases, dialCase{family, a, "", s.debugParams(wire.Name(family, a), debugOrder, more...)})
	}
	b := catalogue.NewBuyer("dial test of " + s.wire.Facade())
	add(judge.ActivityNew, "businessId", s.debugBusiness(family), "customerId", b.CustomerID, "customerName", b.Customer, "skuCode", debugSKU,
		"productId", debugProduct, "chargingMode", "1", "periodType", "year", "periodNumber", "1", "expireTime", expire,
		"saasExtendParams", seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: "debug"}}))
	add(judge.ActivityRefresh, "productId", debugProduct, "expireTime", expire, "periodType", "year", "periodNumber", "1")
	if family != judge.FamilyLicenseV1 {
		add(judge.ActivityUpgrade, "skuCode", debugSKU, "productId", debugProduct, "amount", "20")
	}
	add(judge.ActivityExpire)
	add(judge.ActivityRelease)
	return cases
}

// casesCode returns the cases of License 2.0, about a test code.
func (s *Stage) casesCode() []dialCase {
	expire := s.wire.ExpireTime(s.market.Product(catalogue.Period).EndAfter(s.saved))
	return []dialCase{
		{judge.FamilyLicenseCode, judge.ActivityRefresh, judge.SceneRenewal, s.debugParams(judge.ActivityRefreshCode, openapi.MockRenew,
			"license", debugCode, "scene", judge.SceneRenewal, "expireTime", expire)},
		{judge.FamilyLicenseCode, judge.ActivityStatus, judge.StatusFreeze, s.debugParams(judge.ActivityStatusCode, "", "license", debugCode, "status", judge.StatusFreeze)},
		{judge.FamilyLicenseCode, judge.ActivityRelease, "", s.debugParams(judge.ActivityReleaseCode, openapi.MockUnsubscribe, "license", debugCode)},
	}
}

// casesOnline returns the cases of online licences; the saved event may be
// uploaded to.
func (s *Stage) casesOnline() []dialCase {
	expire := s.market.Product(catalogue.Period).EndAfter(s.saved)
	event := catalogue.UUID("event of " + s.wire.Facade())
	s.market.Expect(event)
	f := judge.FamilyLicenseOnline
	return []dialCase{
		{f, judge.ActivityNew, "", s.debugParams(judge.ActivityNew, openapi.MockPeriodNew, "businessId", s.debugBusiness(f))},
		{f, judge.ActivityRefresh, judge.SceneRenewal, s.debugParams(judge.ActivityRefresh, openapi.MockRenew, "scene", judge.SceneRenewal, "expireTime", s.wire.ExpireTime(expire))},
		{f, judge.ActivityStatus, judge.StatusUnfreeze, s.debugParams(judge.ActivityStatus, "", "status", judge.StatusUnfreeze)},
		{f, judge.ActivityLicenseAsync, "", s.debugParams(judge.ActivityLicenseAsync, "", "eventId", event, "deviceFingerprint", fingerprint(event),
			"effectiveTime", s.saved.UTC().Format(onlineTime), "expireTime", expire.Format(onlineTime))},
		{f, judge.ActivityRelease, "", s.debugParams(judge.ActivityRelease, openapi.MockUnsubscribe)},
	}
}

// casesKit returns the base cases of a joint family and the five of the Kit. Their
// enterprise and their secret are new each time, as are their time stamps: what
// the platform saves of those is not known.
func (s *Stage) casesKit(family judge.Family) ([]dialCase, error) {
	if err := s.canJoin(family); err != nil {
		return nil, err
	}
	p, err := s.purchase(family, debugOrder, 1)
	if err != nil {
		return nil, err
	}
	var cases []dialCase
	if family == judge.FamilyKitV1 {
		cases = s.casesV1(family)
	} else {
		for _, saved := range s.cases {
			cases = append(cases, dialCaseOf(family, saved))
		}
	}
	for _, c := range p.calls()[:kitInterfaces] {
		params := maps.Clone(c.params)
		params["instanceId"] = "huaiweitest123456"
		cases = append(cases, dialCase{family, c.act, c.scene, params})
	}
	return cases, nil
}
