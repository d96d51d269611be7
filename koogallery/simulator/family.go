// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"strings"
)

// Family is a protocol family: which interface a product was integrated with,
// hence how the marketplace calls its seller (saas-v1 §0, kit §0).
type Family string

// The protocol families.
const (
	FamilySaasV2        Family = "saas_v2"        // POST, signature in the URL (saas-v2)
	FamilySaasV1        Family = "saas_v1"        // GET, authToken, Body-Sign (saas-v1 §1)
	FamilyLicenseV1     Family = "license_v1"     // as SaaS V1.0 (saas-v1 §4)
	FamilyLicenseCode   Family = "license_code"   // License 2.0, 授权码: callbacks about codes (saas-v1 §5.3)
	FamilyLicenseOnline Family = "license_online" // 在线开通License: licences by upload (saas-v1 §6)
	FamilyOrderNotify   Family = "order_notify"   // 订单通知 (saas-v1 §9)
	FamilyKitV1         Family = "kit_v1"         // joint operation, authToken header, Body-Sign (kit §A)
	FamilyKitV2         Family = "kit_v2"         // joint operation, x-sign header (kit §A)
)

// Families returns all families. The one of SaaS V2.0 comes first.
func Families() []Family {
	return []Family{
		FamilySaasV2, FamilySaasV1, FamilyLicenseV1, FamilyLicenseCode, FamilyLicenseOnline, FamilyOrderNotify,
		FamilyKitV1, FamilyKitV2,
	}
}

// ParseFamily accepts the name of a family in any case. Errors: ErrFamily.
func ParseFamily(s string) (Family, error) {
	for _, f := range Families() {
		if strings.EqualFold(s, string(f)) {
			return f, nil
		}
	}
	return "", fmt.Errorf("%w: want one of %v", ErrFamily, Families())
}

// joint tells whether enterprises are synchronised.
func (f Family) joint() bool { return f == FamilyKitV1 || f == FamilyKitV2 }

// knows tells whether a family has a call for what SaaS V2.0 calls a.
func (f Family) knows(a Activity) bool {
	switch a {
	case ActivityNew:
		return f != FamilyLicenseCode
	case ActivityQuery, ActivityUpgrade:
		return f.polls() || f == FamilySaasV1 || f == FamilyKitV1
	case ActivityStatus:
		return f != FamilyLicenseV1
	case ActivityExpire:
		return f.expires()
	case ActivityCheck:
		return f.polls()
	default:
		return true
	}
}

// polls tells whether queryInstance shows when an instance is there.
func (f Family) polls() bool {
	return f == FamilySaasV2 || f == FamilyKitV2 || f == FamilyOrderNotify
}

// expires tells whether an expiry is a call of its own, which a renewal undoes.
func (f Family) expires() bool { return f == FamilySaasV1 || f == FamilyKitV1 || f == FamilyLicenseV1 }

// LifeOf is [Simulator.Life] for any family: one order, taken through every call
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
//     Handler within the time of Config.Poll, renewal, freeze, release.
//   - order_notify: a notification; the seller has to query the order at Handler
//     within the time of Config.Poll.
//   - kit_v1, kit_v2: the rehearsal of [Simulator.Credential], then
//     [Simulator.Joint].
//
// Errors: ErrFamily, ErrFull, ctx.Err(), and ErrConfig for a joint family
// without Config.PublicKey; the report then holds the steps so far.
func (s *Simulator) LifeOf(ctx context.Context, family Family) (Report, error) {
	switch family {
	case FamilySaasV2:
		return s.Life(ctx, Period)
	case FamilySaasV1:
		return s.live(ctx, family, Period, (*life).saasV1)
	case FamilyLicenseV1:
		return s.live(ctx, family, Period, (*life).licenseV1)
	case FamilyLicenseCode:
		return s.live(ctx, family, Period, (*life).licenseCode)
	case FamilyLicenseOnline:
		return s.live(ctx, family, Period, (*life).licenseOnline)
	case FamilyOrderNotify:
		return s.live(ctx, family, Period, (*life).orderNotify)
	case FamilyKitV1, FamilyKitV2:
		return s.live(ctx, family, Period, (*life).kit)
	default:
		return Report{Family: family, Result: Failed, Steps: []Step{}}, fmt.Errorf("%w: want one of %v", ErrFamily, Families())
	}
}

// PlaceIn is [Simulator.Place] for a product of another family: its order is
// opened, renewed and so on by that family's calls. A code of license_code is
// issued at once, with nothing to open. Kinds other than period are known to
// saas_v1, saas_v2 and order_notify only. Errors: ErrFamily, ErrKind, ErrFull.
func (s *Simulator) PlaceIn(family Family, kind Kind) (Order, error) {
	o, err := s.place(family, kind)
	if err != nil {
		return Order{}, err
	}
	return s.book.copyOf(o), nil
}
