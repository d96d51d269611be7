// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Bounds of ReportLicenseUsage.
const (
	// MaxLicenseUsageElements bounds the elements of one licence code.
	MaxLicenseUsageElements = 100

	// MaxClientID is the longest client id, in characters.
	MaxClientID = 256

	// MaxActiveNum is the largest number of active clients.
	MaxActiveNum = 999_999_999
)

// LicenseUsage is the use of the software under one licence code (saas-v1
// §5.2b). It is not printed.
type LicenseUsage struct {
	// License is the code, 1 to MaxLicense characters.
	License string

	// Elements are 1 to MaxLicenseUsageElements.
	Elements []LicenseUsageElement
}

// Format implements fmt.Formatter and prints nothing of the content.
func (LicenseUsage) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "openapi.LicenseUsage"+mask)
}

// LogValue implements slog.LogValuer with a constant text.
func (LicenseUsage) LogValue() slog.Value { return slog.StringValue(mask) }

// LicenseUsageElement is exactly one of the two.
type LicenseUsageElement struct {
	// ID is the login id of a client; distinct ones are counted. At most
	// MaxClientID characters. It may be personal data.
	ID string `json:"id,omitempty"`

	// ActiveNum is the number of active clients of the day, 0 to MaxActiveNum.
	ActiveNum *int64 `json:"active_num,omitempty"`
}

// valid reports whether exactly one of the fields is there and usable.
func (e LicenseUsageElement) valid() bool {
	if e.ActiveNum != nil {
		return e.ID == "" && *e.ActiveNum >= 0 && *e.ActiveNum <= MaxActiveNum
	}
	return validText(e.ID, MaxClientID)
}

// RejectedLicenseUsage is an entry that the check of the marketplace rejected.
// Formatting and logging leave out licence code and id.
type RejectedLicenseUsage struct {
	License string `json:"-"` // "" if the answer names only an id
	ID      string `json:"-"` // "" if the answer names only a licence code
	Code    string // may be ""
	Message string // cleaned as Error.Message is; may be ""
}

// Format implements fmt.Formatter; every verb prints code and message.
func (r RejectedLicenseUsage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.text()) }

// LogValue implements slog.LogValuer with code and message.
func (r RejectedLicenseUsage) LogValue() slog.Value { return slog.StringValue(r.text()) }

func (r RejectedLicenseUsage) text() string {
	return fmt.Sprintf("openapi.RejectedLicenseUsage{%.32s %q}", r.Code, r.Message)
}

// LicenseUsageResult is the answer to ReportLicenseUsage.
type LicenseUsageResult struct {
	// Rejected are the entries that were rejected and can be told.
	Rejected []RejectedLicenseUsage

	// Unread counts what else the answer names as rejected. If it is not zero,
	// entries that are not among Rejected may be rejected too.
	Unread int
}

// usageInfo is a LicenseUsage on the wire. The capital I is the documents'.
type usageInfo struct {
	License  string                `json:"license"`
	Elements []LicenseUsageElement `json:"software_usage_Info"`
}

// ReportLicenseUsage reports the use of the software under up to MaxLicenses
// licence codes, none of them twice (saas-v1 §5.2b). Attempts and hosts are as
// for QueryOrder. The list of rejected entries in the answer was seen by a part
// of its name only, check_fail_…, and is read as far as possible.
//
// Errors: ErrArgument for no or too many codes or elements, an unusable or
// repeated code or an unusable element, with a text that names which; otherwise
// an *Error. If the answer of a failure names rejected entries, the result comes
// with the error.
func (c *Client) ReportLicenseUsage(ctx context.Context, usage []LicenseUsage) (LicenseUsageResult, error) {
	if len(usage) == 0 || len(usage) > MaxLicenses {
		return LicenseUsageResult{}, fmt.Errorf("%w: usage_info: want 1 to %d", ErrArgument, MaxLicenses)
	}
	wire := make([]usageInfo, 0, len(usage))
	licenses, ids := make(map[string]bool), make(map[string]bool)
	var secrets []string
	for i, u := range usage {
		switch {
		case !validText(u.License, MaxLicense) || licenses[u.License]:
			return LicenseUsageResult{}, badArgument("usage_info", i, "license")
		case len(u.Elements) == 0 || len(u.Elements) > MaxLicenseUsageElements:
			return LicenseUsageResult{}, badArgument("usage_info", i, "software_usage_Info")
		}
		licenses[u.License] = true
		secrets = append(secrets, u.License)
		for k, e := range u.Elements {
			if !e.valid() {
				return LicenseUsageResult{}, badArgument("usage_info", i, fmt.Sprintf("software_usage_Info[%d]", k))
			}
			if e.ID != "" && !ids[e.ID] {
				ids[e.ID] = true
				secrets = append(secrets, e.ID)
			}
		}
		wire = append(wire, usageInfo(u))
	}
	request := struct {
		List []usageInfo `json:"usage_info"`
	}{wire}
	e, err := c.exchange(ctx, callLicenseUsage, LicenseUsagePath, request, secrets...)

	var result LicenseUsageResult
	list, ok := namedElements(e.Data)
	echo := masker(secrets)
	if !ok {
		result.Unread++
	}
	for _, element := range list {
		r := RejectedLicenseUsage{
			License: element.license, ID: element.members.text("id"),
			Code: element.members.code(), Message: c.clean(element.members.message(), echo),
		}
		switch {
		case !element.failed && (r.Code == "" || isSuccess(r.Code)): // what it says about an entry is not bad
			continue
		case licenses[r.License]:
		case ids[r.License]: // a plain string may be an id
			r.License, r.ID = "", r.License
		case ids[r.ID]:
			r.License = ""
		default:
			result.Unread++
			continue
		}
		result.Rejected = append(result.Rejected, r)
	}
	return result, err
}
