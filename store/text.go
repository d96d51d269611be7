// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// keyID makes one text of bounded length from a key: the first half of the SHA-256 of its parts, each after its length, in
// hex. No two keys share an ID, whatever characters they hold, and a page token does not reveal at whose account it stops.
func keyID(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:sha256.Size/2])
}

// UUID makes a UUID of version 8 (RFC 9562) from the first 16 bytes of a digest: whoever makes the same digest gets the same UUID.
func UUID(digest []byte) string {
	id := [16]byte(digest)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version and variant
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
