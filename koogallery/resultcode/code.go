// SPDX-License-Identifier: Apache-2.0

package resultcode

import "slices"

// Code is a result code of six digits.
type Code string

// Common codes, which any activity may return unless said otherwise.
const (
	// Success: done. For newInstance: provisioned synchronously.
	Success Code = "000000"

	// AuthFailed: the signature is missing or wrong.
	AuthFailed Code = "000001"

	// InvalidParam: a parameter is missing or wrong. The marketplace's sample
	// uses it as well for a missing or expired timestamp, a missing nonce, and
	// more than 100 instance ids in one query.
	InvalidParam Code = "000002"

	// InstanceNotFound: the instance id does not exist. Documented for
	// refreshInstance, updateInstanceStatus and releaseInstance.
	InstanceNotFound Code = "000003"

	// Processing: for newInstance, provisioned asynchronously; the marketplace
	// then polls queryInstance. Elsewhere "being processed", which counts as a
	// failed call.
	Processing Code = "000004"

	// Internal: any other error inside the service.
	Internal Code = "000005"
)

// Creation codes, for newInstance only. All but NoResource are documented on the
// China site only.
const (
	// NoResource: no instance resource can be allocated.
	NoResource Code = "000100"

	// MobileInvalid: the mobile number is not specified or already exists.
	MobileInvalid Code = "000101"

	// EmailInvalid: the email address is not specified or already exists.
	EmailInvalid Code = "000102"

	// AlreadyPurchased: the product can be bought only once.
	AlreadyPurchased Code = "000103"

	// ProductInternal: an internal error of the product itself.
	ProductInternal Code = "000104"

	// AlreadySubscribed: the account has already subscribed to the benefits.
	AlreadySubscribed Code = "000105"

	// SoldOut: the resources of the product are sold out.
	SoldOut Code = "000106"

	// EmailDomainExists: the email domain of the SaaS already exists.
	EmailDomainExists Code = "000107"
)

// Licence codes, for getLicenseAsync of the online licence guide only.
const (
	// LicenseQuotaUsedUp: the licence quota of the current order is exhausted.
	LicenseQuotaUsedUp Code = "000900"

	// LicenseOutsideOrder: the requested time lies outside the order's validity.
	LicenseOutsideOrder Code = "000901"

	// LicenseNeedsExpiry: a licence of a period product needs an expiry time.
	LicenseNeedsExpiry Code = "000902"

	// LicenseNeedsFingerprint: the device fingerprint or hardware code is required.
	LicenseNeedsFingerprint Code = "000903"
)

// Success reports whether c is 000000. The marketplace reads every other code
// as a failed call, except Processing in the answer to newInstance and
// getLicenseAsync.
func (c Code) Success() bool { return c == Success }

// Known reports whether c is one of the codes of this package.
func (c Code) Known() bool {
	_, ok := lookup(c)
	return ok
}

// Meaning returns the meaning of c in English. It is never empty: an unknown
// code is "unknown result code".
func Meaning(c Code) string {
	if e, ok := lookup(c); ok {
		return e.en
	}
	return "unknown result code"
}

// MeaningZH returns the meaning of c in Chinese. It is never empty.
func MeaningZH(c Code) string {
	if e, ok := lookup(c); ok {
		return e.zh
	}
	return "未知结果码"
}

// Common returns the codes that are not bound to one activity, ascending. The
// slice is the caller's.
func Common() []Code { return list(moduleCommon) }

// Creation returns the codes that only newInstance returns, ascending. The slice
// is the caller's.
func Creation() []Code { return list(moduleCreation) }

// License returns the codes that only getLicenseAsync returns, ascending. The
// slice is the caller's.
func License() []Code { return list(moduleLicense) }

// All returns every code, ascending. The slice is the caller's.
func All() []Code { return slices.Concat(Common(), Creation(), License()) }
