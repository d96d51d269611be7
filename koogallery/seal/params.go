// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// Limits of saasExtendParams. 2048 characters are documented (saas-v1 §1.1).
const (
	maxExtendParams = 8192
	maxParams       = 100
)

// platformParams is the name of WeLink's extension parameter (saas-v1 §2.5).
const platformParams = "platformParams"

// Param is one extension parameter of an order, for example an e-mail address
// that the buyer was asked for.
type Param struct {
	// Name is the name configured when the product was published.
	Name string `json:"name"`

	// Value is the text of a string, and the JSON text of any other value.
	Value string `json:"value"`
}

// ParseExtendParams reads the parameter saasExtendParams, after the query was
// decoded: Base64 of a JSON array of {"name","value"} (saas-v1 §2.5). Empty
// input gives no parameters. A value that is no string is kept as compact JSON,
// numbers as written, null as "null"; an absent value is empty.
//
// It is lenient where the sources are unsure: both Base64 alphabets, padding or
// none, blanks that were plus signs, and one more layer of percent-encoding.
// Unpaired surrogate escapes become U+FFFD.
//
// Errors: ErrParams, also beyond 8192 bytes, 100 parameters or a nesting of 64.
func ParseExtendParams(s string) ([]Param, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxExtendParams {
		return nil, ErrParams
	}
	if strings.Contains(s, "%") {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, ErrParams
		}
		s = plain
	}
	s = strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(trimPadding(s))
	text, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || !isJSON(text) {
		return nil, ErrParams
	}
	c := cursor{text: text}
	if !c.accept('[') {
		return nil, ErrParams
	}
	var list []Param
	for !c.accept(']') {
		p, ok := c.param()
		if !ok || len(list) == maxParams {
			return nil, ErrParams
		}
		list = append(list, p)
		c.accept(',')
	}
	return list, nil
}

// param reads one element. Without a name, or with one that is no string, it is
// none.
func (c *cursor) param() (p Param, ok bool) {
	named := false
	ok = c.object(func(name string, value []byte) bool {
		switch name {
		case "name":
			p.Name, named = content(value), value[0] == '"'
			return named
		case "value":
			p.Value = content(value)
		}
		return true
	})
	return p, ok && named
}

// FormatExtendParams returns the value of saasExtendParams for a simulator:
// standard Base64, before percent-encoding. It is empty without parameters.
func FormatExtendParams(ps []Param) string {
	if len(ps) == 0 {
		return ""
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ps); err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// PlatformParams returns the members of WeLink's parameter platformParams, whose
// value is a JSON object in a string: tenantName, tennantId (sic) and userId
// (saas-v1 §2.5). Values are as in [ParseExtendParams]. It is nil if ps has no
// such parameter, or one that is no object.
func PlatformParams(ps []Param) map[string]string {
	for _, p := range ps {
		if p.Name != platformParams {
			continue
		}
		if len(p.Value) > maxExtendParams || !isJSON([]byte(p.Value)) {
			return nil
		}
		members := make(map[string]string)
		c := cursor{text: []byte(p.Value)}
		ok := c.object(func(name string, value []byte) bool {
			members[name] = content(value)
			return len(members) <= maxParams
		})
		if !ok {
			return nil
		}
		return members
	}
	return nil
}
