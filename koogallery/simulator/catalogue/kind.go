// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"errors"
	"fmt"
	"strings"
)

// ErrKind says that there is no such kind of order.
var ErrKind = errors.New("unknown kind of order")

// Kind is what a customer buys: one of the four charging modes, or a trial.
type Kind string

// The kinds of order that the simulator places.
const (
	Period   Kind = "period"    // 包周期, prepaid for a period
	OneTime  Kind = "one-time"  // 按次, prepaid once
	OnDemand Kind = "on-demand" // 按需, billed by usage afterwards
	Package  Kind = "package"   // 按需套餐包, a prepaid quota on top of pay-per-use
	Trial    Kind = "trial"     // 试用, a free period of days
)

// Kinds returns all kinds, in the order in which they are documented.
func Kinds() []Kind { return []Kind{Period, OneTime, OnDemand, Package, Trial} }

// ParseKind accepts the name of a kind or of its charging mode, in any case.
// Errors: ErrKind.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if strings.EqualFold(s, string(k)) || (k != Trial && strings.EqualFold(s, k.ChargingMode())) {
			return k, nil
		}
	}
	return "", fmt.Errorf("%w: want one of %v", ErrKind, Kinds())
}

// ChargingMode returns the value of chargingMode in query order (open-apis
// §2.4), or "" for no kind at all.
func (k Kind) ChargingMode() string {
	switch k {
	case Period, Trial:
		return "PERIOD"
	case OneTime:
		return "ONE_TIME"
	case OnDemand:
		return "ON_DEMAND"
	case Package:
		return "ON_DEMAND_PKG"
	default:
		return ""
	}
}

// Prepaid tells whether there is money to give back when an order fails.
func (k Kind) Prepaid() bool { return k == Period || k == OneTime || k == Package }

// Timed tells whether the product has a period.
func (k Kind) Timed() bool { return k == Period || k == Trial }

// Metered tells whether queryInstance has to show usage (saas-v2 §5.2).
func (k Kind) Metered() bool { return k == OnDemand || k == Package }
