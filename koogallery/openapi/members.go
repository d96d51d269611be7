// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// members are those of an object whose field names were never seen. The names
// are folded to lower case without underscores, so that error_code and errorCode
// are one. Members of nested objects are included, behind the object's own.
type members map[string]json.RawMessage

// readMembers reads an object, or a string that holds the text of one.
func readMembers(raw json.RawMessage) (members, bool) {
	m := make(members)
	if !m.add(unwrap(raw), true) {
		return nil, false
	}
	return m, true
}

func (m members) add(raw json.RawMessage, nested bool) bool {
	var object map[string]json.RawMessage
	if decodeObject(raw, &object, "") != nil {
		return false
	}
	names := slices.Sorted(maps.Keys(object))
	for _, name := range names {
		folded := fold(name)
		if _, taken := m[folded]; !taken && !isNull(object[name]) {
			m[folded] = object[name]
		}
	}
	if nested {
		for _, name := range names {
			m.add(unwrap(object[name]), false)
		}
	}
	return true
}

func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "") }

// text returns the first of the named members that is a scalar and not empty.
func (m members) text(names ...string) string {
	for _, name := range names {
		var t text
		if raw, ok := m[name]; ok && json.Unmarshal(raw, &t) == nil && t != "" {
			return string(t)
		}
	}
	return ""
}

// rawCode returns the code of an element without its prefix. What is not a few
// digits is not taken for one: "code" may be the name of a licence code.
func (m members) rawCode() string {
	code := cleanCode(m.text("errorcode", "errcode", "failcode", "resultcode", "code"))
	digits := suffix(code)
	if len(digits) > len(CodeLicenseSuccess) || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return code
}

// code returns the code of an element, normalised.
func (m members) code() string { return normalise(m.rawCode()) }

// message returns the text of an element, as received.

func (m members) message() string {
	return m.text("errormsg", "errormessage", "errmsg", "resultmsg", "msg", "message", "failreason", "reason", "desc", "description")
}

// instant normalises a time so that two spellings of it compare equal.
func instant(s string) string {
	s = strings.TrimSuffix(strings.Replace(s, "T", "", 1), "Z")
	if t, err := wiretime.Parse(s); err == nil {
		return wiretime.Format14(t)
	}
	return s
}

// unwrap returns the content of a string that holds the text of an object or an
// array, as license_code_info does, or else raw itself.
func unwrap(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	s = strings.TrimSpace(s)
	if s == "" || (s[0] != '{' && s[0] != '[') || !json.Valid([]byte(s)) {
		return raw
	}
	return json.RawMessage(s)
}
