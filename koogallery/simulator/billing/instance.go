// SPDX-License-Identifier: Apache-2.0

package billing

import "time"

// Instance is what is known of an instance when usage is judged.
type Instance struct {
	Known     bool
	Foreign   bool // another seller's
	PayPerUse bool
	Package   bool      // can be deducted from
	Mode      Mode      // of its collections
	ProductID string    // checked by the old interface unless it is ""
	Delisted  bool      // the product was withdrawn (退市)
	Start     time.Time // no usage before it; zero: no limit
	Close     time.Time // no usage after it; zero: in use
	FrozenAt  time.Time // no usage after it as long as the instance is frozen; zero: not frozen
	Released  bool      // no usage that begins at or after Close
	Quota     Amount    // of a package
}

// covers holds a record against the life of an instance.
func (in Instance) covers(p *Pushed) string {
	switch {
	case in.Released && !p.Begin.Before(in.Close):
		return CodeState
	case !in.FrozenAt.IsZero() && p.End.After(in.FrozenAt):
		return CodeState
	case p.Begin.Before(in.Start), !in.Close.IsZero() && p.End.After(in.Close):
		return codeRange
	default:
		return ""
	}
}
