// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const formList = "want a list"

// form says how a field is written: in a body, where a text has quotes, or in a query.
func form(f protoreflect.FieldDescriptor, body bool) string {
	text := func(what, example string) string {
		switch {
		case example == "" && !body:
			return "want " + what
		case example == "":
			return "want " + what + " in quotes"
		case !body:
			return "want " + what + " such as " + example
		}
		return "want " + what + ` such as "` + example + `"`
	}
	switch {
	case f.IsMap():
		return "want an object"
	case f.Enum() != nil:
		return "want one of " + strings.Join(enumNames(f.Enum()), ", ")
	case f.Message() != nil:
		switch f.Message().FullName() {
		case "google.protobuf.Duration":
			return text("a duration in seconds, with their unit,", "30s")
		case "google.protobuf.Timestamp":
			return text("a time by RFC 3339", "2026-03-14T15:09:26Z")
		case "google.protobuf.FieldMask":
			return text("the names of fields, joined by commas,", "")
		}
		return "want an object"
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return "want true or false"
	case protoreflect.BytesKind:
		return text("bytes as Base64", "")
	case protoreflect.StringKind:
		return text("a text of valid UTF-8", "")
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "want a number"
	}
	return "want a whole number"
}

// enumNames are the values that a caller may give.
func enumNames(e protoreflect.EnumDescriptor) []string {
	var names []string
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); v.Number() != 0 {
			names = append(names, string(v.Name()))
		}
	}
	return names
}

// maxShown is how much of a name that the contract does not know is repeated, in characters.
const maxShown = 63

// shown makes a name that the caller chose fit for a message.
func shown(name string) string {
	plain := strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '@' && r != '$' && r != '.'
	}) < 0
	rest := ""
	if utf8.RuneCountInString(name) > maxShown {
		name, rest = string([]rune(name)[:maxShown]), "…"
	}
	if name == "" || !plain {
		name = strconv.QuoteToGraphic(name)
	}
	return name + rest
}
