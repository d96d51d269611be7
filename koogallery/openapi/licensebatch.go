// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// LicenseOutcome is what became of one licence code of a batch. Formatting and
// logging leave out the licence code, and so does encoding as JSON.
type LicenseOutcome struct {
	// License is the code as sent.
	License string `json:"-"`

	// Outcome is OutcomeUnknown if the answer lists codes and not this one, or is
	// a failure that does not name it: ask QueryLicense.
	Outcome Outcome

	// Code is the code the answer has for this licence code, one of the CodeLicense
	// constants. May be "".
	Code string

	// Message is the server's text, cleaned as Error.Message is. May be "".
	Message string
}

// Format implements fmt.Formatter; every verb prints outcome and code.
func (o LicenseOutcome) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.text()) }

// LogValue implements slog.LogValuer with outcome and code.
func (o LicenseOutcome) LogValue() slog.Value { return slog.StringValue(o.text()) }

func (o LicenseOutcome) text() string {
	return fmt.Sprintf("openapi.LicenseOutcome{%s %.32s}", string(o.Outcome), o.Code)
}

// ActivatedLicense is one licence code of ActivateLicenses.
type ActivatedLicense struct {
	LicenseOutcome

	// Info is what the answer tells; its zero value if it tells nothing.
	Info LicenseCodeInfo
}

// QueriedLicense is one licence code of QueryLicenses.
type QueriedLicense struct {
	LicenseOutcome

	// Info is what the answer tells; its Status is "" if it tells nothing.
	Info LicenseInfo
}

// ActivateLicenses activates up to MaxLicenses licence codes in one call
// (saas-v1 §5.1, v2). effective is as for ActivateLicense and applies to all.
// The result has one element for each code, in the same order.
//
// The answer has a code and a text and no data (third-reading T24): all codes are
// activated then, and status and expiry are to be fetched with QueryLicense. What
// an answer lists all the same is read as far as possible. A batch with a bad code
// is an error that does not say which one it is (see IsInvalidInBatch, and
// ActivateEach for one by one); if it lists codes, the result comes with the error.
// Do not mix orders with different delivery times: there is one time for all.
//
// Errors: ErrArgument if there are no codes, too many, an unusable or a repeated
// one; otherwise an *Error.
func (c *Client) ActivateLicenses(ctx context.Context, licenses []string, effective time.Time) ([]ActivatedLicense, error) {
	when, ok := effectiveText(effective)
	if !ok {
		return nil, fmt.Errorf("%w: real_effect_time", ErrArgument)
	}
	found, err := c.batch(ctx, callActivateBatch, ActivateLicensesPath, licenses, when)
	var list []ActivatedLicense
	for _, f := range found {
		a := ActivatedLicense{LicenseOutcome: f.outcome}
		if f.members != nil && f.outcome.Outcome == OutcomeAccepted {
			a.Info = codeInfo(f.members)
		}
		list = append(list, a)
	}
	return list, err
}

// ActivateEach activates as ActivateLicenses does, and if that is refused because
// of some code (92020020, or a parameter that is wrong), which is not told, one
// code after the other, so that a bad one costs none of the others. A code that
// was activated before is accepted, as a repeat of a call whose answer was lost
// finds it. Result and errors are as for ActivateLicenses, but an error about one
// code stands with that code. After an error that concerns all, the codes that were
// not tried are OutcomeUnknown.
func (c *Client) ActivateEach(ctx context.Context, licenses []string, effective time.Time) ([]ActivatedLicense, error) {
	list, err := c.ActivateLicenses(ctx, licenses, effective)
	var whole *Error
	if !errors.As(err, &whole) || !aboutElements(whole.Code) {
		return list, err
	}
	list = make([]ActivatedLicense, len(licenses))
	for i, license := range licenses {
		list[i].License, list[i].Outcome = license, OutcomeUnknown
	}
	for i, license := range licenses {
		a := &list[i]
		info, err := c.ActivateLicense(ctx, license, effective)
		var e *Error
		switch {
		case err == nil:
			a.Outcome, a.Info = OutcomeAccepted, info
		case !errors.As(err, &e) || e.Retryable || !licenseVerdict(e.Code):
			return list, err
		default:
			a.Outcome, a.Code, a.Message = OutcomeRejected, e.Code, e.Message
			if IsAlreadyActivated(err) {
				a.Outcome = OutcomeAccepted
			}
		}
	}
	return list, nil
}

// aboutElements tells whether a refusal of a batch may be one of a single licence code.
func aboutElements(code string) bool {
	return code == CodeLicenseInvalidBatch || code == CodeLicenseParameter || code == CodeRequestParameter
}

// licenseVerdict tells whether a code says something about one licence code.
func licenseVerdict(code string) bool {
	switch code {
	case CodeRequestParameter, CodeLicenseInvalidBatch, CodeLicenseParameter, CodeLicenseState, CodeLicenseNotReceived, CodeLicenseUnknown, CodeLicenseNotActivated:
		return true
	default:
		return false
	}
}

// QueryLicenses asks for the state of up to MaxLicenses licence codes in one
// call (saas-v1 §5.2, v2). Neither request nor answer was seen: the request
// follows ActivateLicenses, and so does the way the answer is read. A code of
// which the answer tells no status is OutcomeUnknown. Result and errors are as
// for ActivateLicenses.
func (c *Client) QueryLicenses(ctx context.Context, licenses []string) ([]QueriedLicense, error) {
	found, err := c.batch(ctx, callLicenseBatch, QueryLicensesPath, licenses, "")
	var list []QueriedLicense
	for _, f := range found {
		q := QueriedLicense{LicenseOutcome: f.outcome}
		if q.Outcome == OutcomeAccepted {
			if q.Info = licenseInfo(f.members); q.Info.Status == "" {
				q.Outcome = OutcomeUnknown
			}
			q.Info.LicenseCode = q.License
		}
		list = append(list, q)
	}
	return list, err
}

// batchEntry is a licence code of a batch with what the answer says about it.
type batchEntry struct {
	outcome LicenseOutcome
	members members // nil if nothing
}

// batch makes a call with license_list. With an error entries come back only if
// the answer names codes.
func (c *Client) batch(ctx context.Context, name, path string, licenses []string, effective string) ([]batchEntry, error) {
	if len(licenses) == 0 || len(licenses) > MaxLicenses {
		return nil, fmt.Errorf("%w: license_list: want 1 to %d", ErrArgument, MaxLicenses)
	}
	index := make(map[string]int, len(licenses))
	for i, license := range licenses {
		if _, repeated := index[license]; repeated || !validText(license, MaxLicense) {
			return nil, fmt.Errorf("%w: license_list[%d]", ErrArgument, i)
		}
		index[license] = i
	}
	request := struct {
		List      []string `json:"license_list"`
		Effective string   `json:"real_effect_time,omitempty"`
	}{licenses, effective}
	e, err := c.exchange(ctx, name, path, request, licenses...)

	list, readable := namedElements(e.Data)
	entries := make([]batchEntry, len(licenses))
	matched, complete, echo := 0, false, masker(licenses)
	for _, element := range list {
		i, ok := index[element.license]
		complete = complete || !element.failed
		if !ok || element.license == "" {
			readable = false
			continue
		}
		matched++
		entries[i].members = element.members
		o := LicenseOutcome{Outcome: OutcomeAccepted, Code: element.members.code(), Message: c.clean(element.members.message(), echo)}
		if element.failed || (o.Code != "" && !isSuccess(o.Code)) {
			o.Outcome = OutcomeRejected
		} else if err != nil && o.Code == "" {
			o.Outcome = OutcomeUnknown // named by a failure, for better or worse
		}
		entries[i].outcome = o
	}
	if err != nil && matched == 0 {
		return nil, err
	}
	for i := range entries {
		o := &entries[i].outcome
		o.License = licenses[i]
		if o.Outcome != "" {
			continue
		}
		// A list of failures leaves the others accepted; a list of results does not.
		o.Outcome = OutcomeAccepted
		if err != nil || complete || !readable {
			o.Outcome = OutcomeUnknown
		}
	}
	return entries, err
}

// namedElement is an element that names a licence code.
type namedElement struct {
	license string // or, of a plain string, whatever it is
	members members
	failed  bool // it stands in a list of failures
}

// namedElements collects the elements of data whatever its shape is: a list, an
// object with lists in it, or one element. Elements are objects or plain
// strings. Lists whose name speaks of failure hold failures. ok is false if
// something is there that is neither.
func namedElements(data json.RawMessage) (list []namedElement, ok bool) {
	data = unwrap(data)
	if isNull(data) || string(data) == `""` {
		return nil, true
	}
	switch data[0] {
	case '[':
		return listElements(data, false)
	case '{':
	default:
		return nil, false
	}
	if m, ok := readMembers(data); ok && own(data, "licensecode", "license") {
		return []namedElement{{license: m.license(), members: m}}, true
	}
	var object map[string]json.RawMessage
	if decodeObject(data, &object, "") != nil {
		return nil, false
	}
	ok = true
	for _, name := range slices.Sorted(maps.Keys(object)) {
		raw := unwrap(object[name])
		if isNull(raw) || (raw[0] != '[' && raw[0] != '{') {
			continue // a count or a text
		}
		elements, readable := listElements(raw, failureName(name))
		list, ok = append(list, elements...), ok && readable
	}
	return list, ok
}

func listElements(raw json.RawMessage, failed bool) (list []namedElement, ok bool) {
	elements, ok := oneOrMany(raw)
	for _, element := range elements {
		if m, object := readMembers(element); object {
			list = append(list, namedElement{license: m.license(), members: m, failed: failed})
			continue
		}
		var t text
		if json.Unmarshal(element, &t) != nil || t == "" {
			ok = false
			continue
		}
		list = append(list, namedElement{license: string(t), members: members{}, failed: failed})
	}
	return list, ok
}

// own reports whether the object itself, and not one inside it, has one of the members.
func own(raw json.RawMessage, names ...string) bool {
	m := make(members)
	if !m.add(raw, false) {
		return false
	}
	return m.text(names...) != ""
}

func failureName(name string) bool {
	name = fold(name)
	for _, word := range []string{"fail", "invalid", "error", "abnormal", "illegal", "reject"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
