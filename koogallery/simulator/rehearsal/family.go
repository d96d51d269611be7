// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// LifeOf is [Stage.Life] for any family: one order, taken through every call
// of its interface in the marketplace's own order, most of them sent twice. A
// repetition has to be answered as the first call was, and with the same
// instance, access information or licence. What each family's life consists of:
//
//   - saas_v2: Life of a period order.
//   - saas_v1: a period order with acceptance, renewal, upgrade, freeze, expiry,
//     renewal after the expiry and release, newInstance once more after that; and
//     a pay-per-use order with two products, hence two instances.
//   - license_v1: licence, renewal, expiry, release.
//   - license_code: a code that the marketplace issued: new expiry, freeze,
//     release.
//   - license_online: an instance, a licence for one device that has to arrive at
//     the open APIs within the time of the market's Poll, renewal, freeze, release.
//   - order_notify: a notification; the seller has to query the order at the open
//     APIs within the time of the market's Poll.
//   - kit_v1, kit_v2: the rehearsal of [Stage.Credential], then
//     [Stage.Joint].
//
// Errors: ErrFamily, ErrFull, ctx.Err(), and ErrConfig for a joint family
// without Config.PublicKey; the report then holds the steps so far.
func (s *Stage) LifeOf(ctx context.Context, family judge.Family) (Report, error) {
	switch family {
	case judge.FamilySaasV2:
		return s.Life(ctx, catalogue.Period)
	case judge.FamilySaasV1:
		return s.live(ctx, family, catalogue.Period, (*life).saasV1)
	case judge.FamilyLicenseV1:
		return s.live(ctx, family, catalogue.Period, (*life).licenseV1)
	case judge.FamilyLicenseCode:
		return s.live(ctx, family, catalogue.Period, (*life).licenseCode)
	case judge.FamilyLicenseOnline:
		return s.live(ctx, family, catalogue.Period, (*life).licenseOnline)
	case judge.FamilyOrderNotify:
		return s.live(ctx, family, catalogue.Period, (*life).orderNotify)
	case judge.FamilyKitV1, judge.FamilyKitV2:
		return s.live(ctx, family, catalogue.Period, (*life).kit)
	default:
		return Report{Family: family, Result: Failed, Steps: []Step{}}, fmt.Errorf("%w: want one of %v", judge.ErrFamily, judge.Families())
	}
}
