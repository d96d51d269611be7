// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// oneCode reads the code of a request about a single one.
func oneCode(m judge.Members) ([]string, bool) {
	code, ok := m.Text("license")
	return []string{code}, ok && licenseText(code, catalogue.MaxID)
}

// severalCodes reads the codes of a batch.
func severalCodes(m judge.Members) ([]string, bool) {
	var list []string
	if !m.Has("license_list") || json.Unmarshal(m["license_list"], &list) != nil || len(list) == 0 || len(list) > maxLicenseBatch {
		return nil, false
	}
	for _, code := range list {
		if !licenseText(code, catalogue.MaxID) {
			return nil, false
		}
	}
	return list, true
}

// licenseText tells whether a mandatory text is there and not too long.
func licenseText(text string, limit int) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= limit
}

// effectOf reads real_effect_time. The zero time stands for none.
func effectOf(m judge.Members) (time.Time, bool) {
	if !m.Has("real_effect_time") {
		return time.Time{}, true
	}
	const digits = 14
	text, _ := m.Text("real_effect_time")
	at, err := wiretime.Parse(text)
	return at, err == nil && len(text) == digits
}

func repeated(codes []string) bool {
	seen := make(map[string]bool, len(codes))
	for _, code := range codes {
		if seen[code] {
			return true
		}
		seen[code] = true
	}
	return false
}
