// SPDX-License-Identifier: Apache-2.0

package simulator

import "github.com/koogate/koogate/koogallery/simulator/wire"

// Readings choose between readings of documents that contradict each other or
// have changed (third-reading §7). The zero value is the newest page's.
type Readings struct {
	// BodySign wants every answer of SaaS V2.0 signed, as the page of 2024 has it (T6).
	BodySign bool

	// FrontEndURL wants appInfo.frontEndUrl in the answer to a debugging
	// newInstance of SaaS V2.0, as the debugging FAQ has it (T8).
	FrontEndURL bool

	// ProductInfo is the form in which changeInstanceCheck sends it (T2).
	ProductInfo wire.ProductInfoForm

	// CodeBeijing writes the expireTime of License 2.0 in Beijing time instead of
	// UTC: its page names no zone (T30).
	CodeBeijing bool

	// BatchData answers a batch activation of licence codes with data. The page has
	// none: status and expiry are to be asked for (T24).
	BatchData bool

	// SharedPeriods takes records of one instance, begin and end that are drawn from
	// different packages. By the rule they are duplicates, while the page's own sample
	// has two such records (C17).
	SharedPeriods bool
}
