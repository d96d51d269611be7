// SPDX-License-Identifier: Apache-2.0

package billing

// Codes of abnormal usage records (open-apis §3.5). They are written here a
// second time, apart from package openapi, as the shapes are.
const (
	codeUnknown    = "001"
	codeTimeFormat = "002"
	codeValue      = "003"
	codeNoSerial   = "004"
	codeSerial     = "005"
	codeDelisted   = "006"
	codeOld        = "007"
	codeForeign    = "009"
	codeDuplicate  = "010"
	codeRange      = "011"
	codePrepaid    = "012"
	CodeState      = "013"
)

// CodeText explains a code.
func CodeText(code string) string {
	switch code {
	case codeUnknown:
		return "The instance does not exist."
	case codeTimeFormat:
		return "The time format is wrong."
	case codeValue:
		return "The usage value is wrong."
	case codeNoSerial:
		return "metering_sn is missing."
	case codeSerial:
		return "metering_sn is duplicated."
	case codeDelisted:
		return "The product has been delisted."
	case codeOld:
		return "The record time has expired."
	case codeForeign:
		return "The instance does not belong to the seller."
	case codeDuplicate:
		return "Duplicate record."
	case codeRange:
		return "The time range is invalid."
	case codePrepaid:
		return "The instance is not pay-per-use."
	case CodeState:
		return "The state of the instance is abnormal."
	default:
		return "Injected fault."
	}
}
