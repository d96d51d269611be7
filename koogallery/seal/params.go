package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
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
// Errors: ErrParams, also beyond 8192 bytes or 100 parameters.
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
	if err != nil || !utf8.Valid(text) || !json.Valid(text) {
		return nil, ErrParams
	}
	return params(json.NewDecoder(bytes.NewReader(text)))
}

// params reads an array of a text that is known to be one JSON value.
func params(dec *json.Decoder) ([]Param, error) {
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return nil, ErrParams
	}
	var list []Param
	for dec.More() {
		var p Param
		var named bool
		err := object(dec, func(name string, value json.RawMessage) bool {
			switch name {
			case "name":
				p.Name, named = text(value), value[0] == '"'
				return named
			case "value":
				p.Value = text(value)
			}
			return true
		})
		if err != nil || !named || len(list) == maxParams {
			return nil, ErrParams
		}
		list = append(list, p)
	}
	return list, nil
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
		if len(p.Value) > maxExtendParams || !json.Valid([]byte(p.Value)) {
			return nil
		}
		members := make(map[string]string)
		err := object(json.NewDecoder(strings.NewReader(p.Value)), func(name string, value json.RawMessage) bool {
			members[name] = text(value)
			return len(members) <= maxParams
		})
		if err != nil {
			return nil
		}
		return members
	}
	return nil
}

// object calls member for each member of the object that comes next. Names are
// compared exactly, which json.Unmarshal does not do. member returns false to
// give up.
func object(dec *json.Decoder, member func(name string, value json.RawMessage) bool) error {
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return ErrParams
	}
	var value json.RawMessage
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return ErrParams
		}
		s, ok := name.(string)
		if !ok || dec.Decode(&value) != nil || len(value) == 0 || !member(s, value) {
			return ErrParams
		}
	}
	if _, err := dec.Token(); err != nil && err != io.EOF {
		return ErrParams
	}
	return nil
}

// text is the content of a JSON string, and any other value as compact JSON.
func text(value json.RawMessage) string {
	if value[0] == '"' {
		var s string
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return ""
	}
	return b.String()
}
