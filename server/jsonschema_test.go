// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// faults says where a value differs from a schema of the document, in the part of JSON Schema that the document uses; what it uses
// beyond that is a fault as well. A member that a schema does not name is one, even where readers may ignore it.
func (d *apiDocument) faults(path string, schema, v any) []string {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{path + ": has no schema"}
	}
	fault := func(format string, args ...any) []string { return []string{path + ": " + fmt.Sprintf(format, args...)} }
	var all []string
	for keyword, want := range s {
		switch keyword {
		case "description", "examples", "contentEncoding", "required", "additionalProperties":
		case "$ref":
			all = append(all, d.faults(path, d.Components.Schemas[strings.TrimPrefix(want.(string), "#/components/schemas/")], v)...)
		case "anyOf":
			var each []string
			for _, one := range want.([]any) {
				f := d.faults(path, one, v)
				if len(f) == 0 {
					each = nil
					break
				}
				each = append(each, f...)
			}
			all = append(all, each...)
		case "type":
			if !isType(want.(string), v) {
				all = append(all, fault("%v is no %s", v, want)...)
			}
		case "const":
			if v != want {
				all = append(all, fault("%v is not %v", v, want)...)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				all = append(all, fault("%v is none of %v", v, want)...)
			}
		case "properties":
			all = append(all, d.memberFaults(path, s, v)...)
		case "items":
			list, _ := v.([]any)
			for i, element := range list {
				all = append(all, d.faults(path+"["+itoa(i)+"]", want, element)...)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(text) {
				all = append(all, fault("%q does not match %s", text, want)...)
			}
		case "format":
			if text, ok := v.(string); ok && want == "date-time" {
				if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
					all = append(all, fault("%q is no time", text)...)
				}
			} else if !slices.Contains([]any{"date-time", "int32", "int64", "uri"}, want) {
				all = append(all, fault("the format %v", want)...)
			}
		case "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "exclusiveMinimum":
			if n, ok := measure(keyword, v); ok && outside(keyword, n, float64(want.(int))) {
				all = append(all, fault("breaks %s %v", keyword, want)...)
			}
		default:
			all = append(all, fault("the test does not know the keyword %s", keyword)...)
		}
	}
	if s["properties"] == nil && s["type"] == "object" {
		all = append(all, d.memberFaults(path, s, v)...)
	}
	return all
}

func (d *apiDocument) memberFaults(path string, s map[string]any, v any) []string {
	members, _ := v.(map[string]any)
	known, _ := s["properties"].(map[string]any)
	var all []string
	for name, member := range members {
		schema, ok := known[name]
		if more, open := s["additionalProperties"].(map[string]any); !ok && open {
			schema, ok = more, true
		}
		if !ok {
			all = append(all, path+"."+name+": is not in the schema")
			continue
		}
		all = append(all, d.faults(path+"."+name, schema, member)...)
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok && members != nil {
			all = append(all, fmt.Sprintf("%s.%v: is missing", path, name))
		}
	}
	return all
}

func isType(want string, v any) bool {
	switch v := v.(type) {
	case nil:
		return want == "null"
	case bool:
		return want == "boolean"
	case string:
		return want == "string"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

func measure(keyword string, v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		return float64(utf8.RuneCountInString(v)), strings.HasSuffix(keyword, "Length")
	case []any:
		return float64(len(v)), strings.HasSuffix(keyword, "Items")
	case map[string]any:
		return float64(len(v)), keyword == "maxProperties"
	}
	return 0, false
}

func outside(keyword string, n, bound float64) bool {
	switch {
	case keyword == "exclusiveMinimum":
		return n <= bound
	case strings.HasPrefix(keyword, "min"):
		return n < bound
	}
	return n > bound
}
