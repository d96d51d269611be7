// SPDX-License-Identifier: Apache-2.0

package production

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/errs"
)

// parseTime reads a time of 14 or 17 digits in a zone; an empty text yields the zero time. Errors: INVALID_FIELD, under the
// field's name on the wire.
func parseTime(field, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := wiretime.ParseIn(text, zone)
	if errors.Is(err, wiretime.ErrRange) {
		return time.Time{}, errs.Wrap(err, errs.Invalid, errs.InvalidField, "%s: the year is not one of %d to %d", field, wiretime.MinYear, wiretime.MaxYear)
	}
	if err != nil {
		return time.Time{}, errs.Wrap(err, errs.Invalid, errs.InvalidField, "%s: not a date and time of 14 or 17 digits", field)
	}
	return t.UTC(), nil
}

// parseExpiry is parseTime for expireTime: a year after the last that can be stored stands for "never" and becomes the last
// moment that can be stored, so that the customer does not lose the service.
func parseExpiry(text string, zone *time.Location) (time.Time, error) {
	t, err := parseTime("expireTime", text, zone)
	if errors.Is(err, wiretime.ErrRange) && text > strconv.Itoa(wiretime.MaxYear) {
		return time.Date(wiretime.MaxYear, time.December, 31, 23, 59, 59, 0, time.UTC), nil
	}
	return t, err
}

// parseLoose reads the times of getLicenseAsync, which are in UTC unless they name an offset: "2023-10-27 10:30:15 z" as
// printed by the page (saas-v1 §6), the same without the z or with a T, RFC 3339, 14 or 17 digits. An empty text yields the
// zero time. Errors: INVALID_FIELD.
func parseLoose(field, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789") == "" {
		return parseTime(field, text, time.UTC)
	}
	local := strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(text, "z"), "Z"), " ")
	for _, form := range []struct{ layout, text string }{
		{"2006-01-02 15:04:05", local}, {"2006-01-02T15:04:05", local}, {time.RFC3339, text},
	} {
		t, err := time.Parse(form.layout, form.text)
		if t = t.UTC(); err == nil && t.Year() >= wiretime.MinYear && t.Year() <= wiretime.MaxYear {
			return t, nil
		}
	}
	return time.Time{}, errs.BadField(field, "not a date and time")
}
