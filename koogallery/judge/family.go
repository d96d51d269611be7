// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/koogate/koogate/koogallery/deadline"
)

// Family is a protocol family: which interface a product was integrated with,
// hence how the marketplace calls its seller (saas-v1 §0, kit §0).
type Family string

// The protocol families.
const (
	FamilySaasV2        Family = Family(deadline.SaasV2)        // POST, signature in the URL (saas-v2)
	FamilySaasV1        Family = Family(deadline.SaasV1)        // GET, authToken, Body-Sign (saas-v1 §1)
	FamilyLicenseV1     Family = Family(deadline.LicenseV1)     // as SaaS V1.0 (saas-v1 §4)
	FamilyLicenseCode   Family = Family(deadline.LicenseCode)   // License 2.0, 授权码: callbacks about codes (saas-v1 §5.3)
	FamilyLicenseOnline Family = Family(deadline.LicenseOnline) // 在线开通License: licences by upload (saas-v1 §6)
	FamilyOrderNotify   Family = Family(deadline.OrderNotify)   // 订单通知 (saas-v1 §9)
	FamilyKitV1         Family = Family(deadline.KitV1)         // joint operation, authToken header, Body-Sign (kit §A)
	FamilyKitV2         Family = Family(deadline.KitV2)         // joint operation, x-sign header (kit §A)
)

// Families returns all families. The one of SaaS V2.0 comes first.
func Families() []Family {
	all := deadline.Families()
	list := make([]Family, len(all))
	for i, f := range all {
		list[i] = Family(f)
	}
	return list
}

// ErrFamily says that there is no such protocol family, or that it has no such call.
var ErrFamily = errors.New("unknown protocol family")

// ParseFamily accepts the name of a family in any case. Errors: ErrFamily.
func ParseFamily(s string) (Family, error) {
	for _, f := range Families() {
		if strings.EqualFold(s, string(f)) {
			return f, nil
		}
	}
	return "", fmt.Errorf("%w: want one of %v", ErrFamily, Families())
}

// Joint tells whether enterprises are synchronised.
func (f Family) Joint() bool { return f == FamilyKitV1 || f == FamilyKitV2 }

// Knows tells whether a family has a call for what SaaS V2.0 calls a.
func (f Family) Knows(a Activity) bool {
	switch a {
	case ActivityNew:
		return f != FamilyLicenseCode
	case ActivityQuery, ActivityUpgrade:
		return f.Polls() || f == FamilySaasV1 || f == FamilyKitV1
	case ActivityStatus:
		return f != FamilyLicenseV1
	case ActivityExpire:
		return f.Expires()
	case ActivityCheck:
		return f.Polls()
	default:
		return true
	}
}

// Polls tells whether queryInstance shows when an instance is there.
func (f Family) Polls() bool {
	return f == FamilySaasV2 || f == FamilyKitV2 || f == FamilyOrderNotify
}

// Expires tells whether an expiry is a call of its own, which a renewal undoes.
func (f Family) Expires() bool { return f == FamilySaasV1 || f == FamilyKitV1 || f == FamilyLicenseV1 }

// Signs tells whether answers have to be signed with a Body-Sign (saas-v1 §2.3, kit §A).
func (f Family) Signs() bool { return f == FamilySaasV1 || f == FamilyLicenseV1 || f == FamilyKitV1 }
