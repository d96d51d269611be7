// SPDX-License-Identifier: Apache-2.0

package billing

import "time"

// Verdict returns the code of a record that is abnormal, else "". in and pack are
// what is known of the record's instance and of its package.
func (l *Ledger) Verdict(p *Pushed, in, pack Instance, now time.Time) string {
	switch {
	case p.API == InterfaceNew && p.MeteringSN == "":
		return codeNoSerial
	case p.MeteringSN != "" && l.serials[p.MeteringSN] != nil:
		return codeSerial
	case !p.Times:
		return codeTimeFormat
	case !p.Number || p.Amount == 0:
		return codeValue
	case !in.Known:
		return codeUnknown
	case in.Foreign:
		return codeForeign
	case !in.PayPerUse:
		return codePrepaid
	case in.Delisted:
		return codeDelisted
	case p.Begin.After(p.End) || p.End.After(now):
		return codeRange
	case now.Sub(p.Begin) > MaxAge:
		return codeOld
	}
	if code := in.covers(p); code != "" {
		return code
	}
	if p.PackageID != "" {
		switch {
		case !pack.Known || !pack.Package:
			return codeUnknown
		case pack.Foreign:
			return codeForeign
		}
		if code := pack.covers(p); code != "" {
			return code
		}
	}
	if l.periods[l.period(&p.Record, p.Begin, p.End)] != nil {
		return codeDuplicate
	}
	return ""
}

// Objection is why a record fails the whole call in the manner of 2023.
type Objection string

// The objections (open-apis §3.6, older table).
const (
	ObjectNothing Objection = ""
	ObjectNumber  Objection = "parameter" // an id, a time or a value cannot be read
	ObjectMissing Objection = "missing"   // a mandatory member
	ObjectUnknown Objection = "instance"
	ObjectProduct Objection = "product" // another seller's, or not that of the instance
	ObjectEntries Objection = "entries" // no usage
	ObjectOld     Objection = "old"
)

// OldVerdict tells whether a record fails the whole call (open-apis §3.6, older
// table).
func OldVerdict(p *Pushed, in Instance, now time.Time) Objection {
	switch {
	case p.InstanceID == "":
		return ObjectNumber
	case p.RecordTime == "" || p.BeginTime == "" || p.EndTime == "" || p.Value == "":
		return ObjectMissing
	case p.API == InterfaceOld && p.ProductID == "", p.API == InterfaceNew && p.MeteringSN == "":
		return ObjectMissing
	case !p.Times || !p.Number:
		return ObjectNumber
	case !in.Known:
		return ObjectUnknown
	case in.Foreign, p.API == InterfaceOld && in.ProductID != "" && in.ProductID != p.ProductID:
		return ObjectProduct
	case p.Amount == 0:
		return ObjectEntries
	case now.Sub(p.Begin) > MaxAge:
		return ObjectOld
	default:
		return ObjectNothing
	}
}
