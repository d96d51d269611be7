// SPDX-License-Identifier: Apache-2.0

package openapi

// RecordCode is the code of an abnormal usage record, three digits (open-apis
// §3.5). Unknown values are kept as received; "" is none.
type RecordCode string

// Record codes. 008 is absent from the documents, and more than 013 may exist.
const (
	RecordNoInstance       RecordCode = "001"
	RecordTimeFormat       RecordCode = "002"
	RecordUsageValue       RecordCode = "003"
	RecordSNMissing        RecordCode = "004"
	RecordSNDuplicate      RecordCode = "005"
	RecordProductDelisted  RecordCode = "006"
	RecordExpired          RecordCode = "007"
	RecordNotYours         RecordCode = "009"
	RecordDuplicate        RecordCode = "010"
	RecordTimeRange        RecordCode = "011"
	RecordNotPayPerUse     RecordCode = "012"
	RecordResourceAbnormal RecordCode = "013"

	recordCodeLen = 3
)

// RecordClass tells what to do with an abnormal usage record.
type RecordClass string

// Record classes.
const (
	// ClassPermanent: the record will not be accepted as it is. A person has to
	// look; a corrected record needs a metering_sn of its own.
	ClassPermanent RecordClass = "permanent"

	// ClassRetryable: the same record may be accepted later, inside the 21 days.
	ClassRetryable RecordClass = "retryable"

	// ClassDuplicate: the marketplace has the record already. After an attempt with
	// an unknown outcome this is a success; otherwise two records were mixed up.
	ClassDuplicate RecordClass = "duplicate"

	// ClassUnknown: there is no code, or it is not documented. A person has to look.
	ClassUnknown RecordClass = "unknown"
)

// Class classifies the code:
//
//   - 001 no such instance: permanent, the id is not the one returned for the order;
//   - 002 time format, 003 usage value, 004 metering_sn missing: permanent, errors
//     of the record;
//   - 005 metering_sn repeated: duplicate, the number was used before;
//   - 006 product delisted: permanent, nothing is sold any more;
//   - 007 record time expired: permanent, it only gets older;
//   - 009 instance of another seller: permanent;
//   - 010 duplicate record: duplicate, the same instance, begin and end were
//     reported before, and the first report counts whatever its value;
//   - 011 invalid time range: permanent, outside the life of the resource or in
//     the wrong order;
//   - 012 instance is not pay-per-use: permanent, for instance a package's id;
//   - 013 abnormal resource state: retryable, a frozen resource may be thawed;
//   - anything else: unknown.
func (c RecordCode) Class() RecordClass {
	switch c {
	case RecordSNDuplicate, RecordDuplicate:
		return ClassDuplicate
	case RecordResourceAbnormal:
		return ClassRetryable
	case RecordNoInstance, RecordTimeFormat, RecordUsageValue, RecordSNMissing, RecordProductDelisted, RecordExpired,
		RecordNotYours, RecordTimeRange, RecordNotPayPerUse:
		return ClassPermanent
	default:
		return ClassUnknown
	}
}

// Permanent reports whether Class is ClassPermanent.
func (c RecordCode) Permanent() bool { return c.Class() == ClassPermanent }

// Retryable reports whether Class is ClassRetryable.
func (c RecordCode) Retryable() bool { return c.Class() == ClassRetryable }

// Duplicate reports whether Class is ClassDuplicate: 005 or 010.
func (c RecordCode) Duplicate() bool { return c.Class() == ClassDuplicate }

// Known reports whether c is a documented value.
func (c RecordCode) Known() bool { return c.Class() != ClassUnknown }

// Meaning returns the documents' explanation in English.
func (c RecordCode) Meaning() string {
	switch c {
	case RecordNoInstance:
		return "the instance does not exist"
	case RecordTimeFormat:
		return "the time format is wrong"
	case RecordUsageValue:
		return "the usage value is wrong"
	case RecordSNMissing:
		return "metering_sn is missing"
	case RecordSNDuplicate:
		return "metering_sn is repeated"
	case RecordProductDelisted:
		return "the product has been delisted"
	case RecordExpired:
		return "the record time has expired"
	case RecordNotYours:
		return "the instance does not belong to this seller"
	case RecordDuplicate:
		return "duplicate record"
	case RecordTimeRange:
		return "the time range is invalid"
	case RecordNotPayPerUse:
		return "the instance is not pay-per-use"
	case RecordResourceAbnormal:
		return "the state of the instance's resource is abnormal"
	default:
		return "not documented"
	}
}
