// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Paths of the licence code interfaces (saas-v1 §5.1 to §5.2b).
const (
	ActivateLicensePath  = "/api/mkp-openapi-public/global/v1/license/activate"
	ActivateLicensesPath = "/api/mkp-openapi-public/global/v2/license/activate"
	QueryLicensePath     = "/api/mkp-openapi-public/global/v1/license/heartbeat"
	QueryLicensesPath    = "/api/mkp-openapi-public/global/v2/license/heartbeat"
	LicenseUsagePath     = "/api/mkp-openapi-public/global/v2/license/software-usage-info"
)

// Bounds of the licence code interfaces.
const (
	// MaxLicense is the longest licence code, in characters.
	MaxLicense = 64

	// MaxLicenses bounds the licence codes of a call.
	MaxLicenses = 100

	// MaxThirdPartyAccount and MaxIP bound the fields of a Heartbeat, in characters.
	MaxThirdPartyAccount = 256
	MaxIP                = 32
)

// LicenseStatus is the state of a licence code. Unknown values are kept as received.
type LicenseStatus string

// States of a licence code (saas-v1 §5.2).
const (
	LicenseAlive    LicenseStatus = "ALIVE"
	LicenseExpired  LicenseStatus = "EXPIRED"
	LicenseReleased LicenseStatus = "RELEASED"
)

// Known reports whether s is a documented value.
func (s LicenseStatus) Known() bool {
	return s == LicenseAlive || s == LicenseExpired || s == LicenseReleased
}

// LicenseCodeInfo is what an activation tells (saas-v1 §5.1). All fields may have
// their zero value.
type LicenseCodeInfo struct {
	Status LicenseStatus

	// ExpireTime is an estimate, in UTC: QueryLicense has the binding one.
	ExpireTime time.Time

	ProductID string
	OrderID   string

	// Amount is the quantity the buyer chose.
	Amount int64

	// Doubts names what was present but unreadable, or all of license_code_info
	// if it was absent. The activation is valid none the less.
	Doubts []string
}

// LicenseInfo is what the marketplace knows about a licence code (saas-v1 §5.2).
// Formatting and logging leave out the code, and so does encoding as JSON.
type LicenseInfo struct {
	LicenseCode string `json:"-"`

	// Status may be a value that is not Known, and "" in a batch.
	Status LicenseStatus `json:"status"`

	// ActivateTime and ExpireTime are in UTC, zero if absent or unreadable. The
	// expiry changes with a renewal.
	ActivateTime time.Time `json:"activate_time,omitzero"`
	ExpireTime   time.Time `json:"expire_time,omitzero"`

	ProductName string `json:"product_name,omitempty"`

	// ProductID names specification and period type together.
	ProductID string `json:"product_id,omitempty"`

	// Doubts names the fields that were present but unreadable.
	Doubts []string `json:"doubts,omitempty"`

	// Raw is the answer's data as it came: members may be added at any time, and who
	// is connected must stay compatible (third-reading T27). It holds the code. Nil in
	// a batch.
	Raw json.RawMessage `json:"-"`
}

// Format implements fmt.Formatter; every verb prints what String returns.
func (i LicenseInfo) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// String tells state and expiry, and not the code.
func (i LicenseInfo) String() string {
	return fmt.Sprintf("openapi.LicenseInfo{status: %.32q, expire: %s, product: %.64q}",
		string(i.Status), i.ExpireTime.Format(time.RFC3339), i.ProductID)
}

// GoString returns what String returns.
func (i LicenseInfo) GoString() string { return i.String() }

// LogValue implements slog.LogValuer with state and expiry.
func (i LicenseInfo) LogValue() slog.Value {
	return slog.GroupValue(slog.String("status", string(i.Status)), slog.Time("expire", i.ExpireTime), slog.String("product", i.ProductID))
}

// Heartbeat is the sunset part of QueryLicense, for existing integrations: use
// ReportLicenseUsage. It is personal data.
type Heartbeat struct {
	// ThirdPartyAccount identifies the end user: account or device. Required, at
	// most MaxThirdPartyAccount characters.
	ThirdPartyAccount string `json:"thirdPartyAccount"`

	// IP is the address of the end user. Optional, at most MaxIP characters.
	IP string `json:"ip,omitempty"`
}

// Format implements fmt.Formatter and prints nothing of the content.
func (Heartbeat) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "openapi.Heartbeat"+mask) }

// LogValue implements slog.LogValuer with a constant text.
func (Heartbeat) LogValue() slog.Value { return slog.StringValue(mask) }

// ActivateLicense activates a licence code (saas-v1 §5.1). effective is when the
// software was delivered, not before the order; zero leaves it out. Attempts and
// hosts are as for QueryOrder.
//
// It is not idempotent: a repeat is refused, see IsAlreadyActivated. If the
// outcome is unknown (see Sent), ask QueryLicense before the buyer is told of a
// failure.
//
// Errors: ErrArgument if the code is not 1 to MaxLicense characters, holds a
// control character, or the time cannot be written; otherwise an *Error. See
// IsNotReceived, IsUnknownLicense and Retryable.
func (c *Client) ActivateLicense(ctx context.Context, license string, effective time.Time) (LicenseCodeInfo, error) {
	if !validText(license, MaxLicense) {
		return LicenseCodeInfo{}, ErrArgument
	}
	request := struct {
		License   string `json:"license"`
		Effective string `json:"real_effect_time,omitempty"`
	}{License: license}
	var ok bool
	if request.Effective, ok = effectiveText(effective); !ok {
		return LicenseCodeInfo{}, ErrArgument
	}
	e, err := c.exchange(ctx, callActivate, ActivateLicensePath, request, license)
	if err != nil {
		return LicenseCodeInfo{}, err
	}
	m, _ := readMembers(e.Data)
	return codeInfo(m), nil
}

// QueryLicense asks for the state of a licence code, by its older name the
// heartbeat (saas-v1 §5.2). It is due at the buyer's first use of the software
// each day. heartbeat is sunset and normally nil. Attempts and hosts are as for
// QueryOrder.
//
// Errors: ErrArgument if the code is not 1 to MaxLicense characters, or it or the
// heartbeat is unusable; otherwise an *Error. See IsUnknownLicense and
// IsNotActivated. An answer without a status matches ErrResponse.
func (c *Client) QueryLicense(ctx context.Context, license string, heartbeat *Heartbeat) (LicenseInfo, error) {
	if !validText(license, MaxLicense) {
		return LicenseInfo{}, ErrArgument
	}
	secrets := []string{license}
	if h := heartbeat; h != nil {
		if !validText(h.ThirdPartyAccount, MaxThirdPartyAccount) || (h.IP != "" && !validText(h.IP, MaxIP)) {
			return LicenseInfo{}, ErrArgument
		}
		secrets = append(secrets, h.ThirdPartyAccount, h.IP)
	}
	request := struct {
		License   string     `json:"license"`
		Heartbeat *Heartbeat `json:"heartbeatInfo,omitempty"`
	}{license, heartbeat}
	e, err := c.exchange(ctx, callLicense, QueryLicensePath, request, secrets...)
	if err != nil {
		return LicenseInfo{}, err
	}
	m, _ := readMembers(e.Data)
	info := licenseInfo(m)
	if info.Status == "" {
		return LicenseInfo{}, &Error{call: callLicense, HTTPStatus: 200, Code: CodeLicenseSuccess, Message: "success without a status", Retryable: true, RequestID: cleanID(string(e.RequestID)), err: ErrResponse}
	}
	if info.LicenseCode == "" {
		info.LicenseCode = license
	}
	info.Raw = bytes.Clone(e.Data)
	return info, nil
}

// exchange posts a JSON request and returns the envelope of a success.
func (c *Client) exchange(ctx context.Context, name, path string, request any, secrets ...string) (envelope, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return envelope{}, &Error{call: name, Message: "the request cannot be encoded", Unsent: true, err: err}
	}
	answer, err := c.attempt(ctx, post(name, path, body))
	if err != nil {
		return envelope{}, err
	}
	e, failure := c.judge(name, answer, secrets...)
	if failure != nil {
		return e, failure
	}
	return e, nil
}

// effectiveText writes real_effect_time; zero is "".
func effectiveText(t time.Time) (string, bool) {
	if t.IsZero() {
		return "", true
	}
	s := wiretime.Format14(t)
	_, err := wiretime.Parse(s)
	return s, err == nil
}

// codeInfo reads license_code_info, a JSON string with an object in it.
// readMembers has looked into it already.
func codeInfo(m members) LicenseCodeInfo {
	var d decoder
	info := LicenseCodeInfo{
		Status:     LicenseStatus(m.text("status")),
		ExpireTime: d.time(loose(m.text("expiretime")), "expire_time"),
		ProductID:  m.text("productid"),
		OrderID:    m.text("orderid"),
	}
	var ok bool
	if info.Amount, ok = count(text(m.text("amount"))); !ok {
		info.Amount = 0
		d.doubt("amount")
	}
	if info.Status == "" {
		d.doubt("license_code_info")
	}
	info.Doubts = d.doubts
	return info
}

func licenseInfo(m members) LicenseInfo {
	var d decoder
	info := LicenseInfo{
		LicenseCode:  m.license(),
		Status:       LicenseStatus(m.text("status")),
		ActivateTime: d.time(loose(m.text("activatetime")), "activate_time"),
		ExpireTime:   d.time(loose(m.text("expiretime")), "expire_time"),
		ProductName:  m.text("productname"),
		ProductID:    m.text("productid"),
	}
	info.Doubts = d.doubts
	return info
}

func (m members) license() string { return m.text("licensecode", "license") }
