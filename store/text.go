// SPDX-License-Identifier: Apache-2.0

package store

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Sound says whether a text can be stored unsealed and searched for: it is UTF-8 and holds no NUL. PostgreSQL refuses any other
// text, so every backend does.
func Sound(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// CheckText returns ErrBadText when a text in any of the values is not sound: in strings, structs, slices, maps and what
// pointers lead to. Byte slices are sealed values or hashes and are not checked.
func CheckText(values ...any) error {
	for _, v := range values {
		if !soundValue(reflect.ValueOf(v)) {
			return ErrBadText
		}
	}
	return nil
}

var timeType = reflect.TypeFor[time.Time]()

func soundValue(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return Sound(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || soundValue(v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			return true
		}
		for i := range v.NumField() {
			if !soundValue(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		switch v.Type().Elem().Kind() {
		case reflect.String, reflect.Struct, reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		default:
			return true
		}
		for i := range v.Len() {
			if !soundValue(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if !soundValue(iter.Key()) || !soundValue(iter.Value()) {
				return false
			}
		}
	default: // numbers and truth values
	}
	return true
}

// Mend makes a text that only describes sound: it replaces bytes that are not UTF-8, and each NUL, by U+FFFD.
func Mend(text string) string {
	if Sound(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}
