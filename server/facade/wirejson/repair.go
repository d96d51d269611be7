// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// How a text was repaired, for the record that goes with a call. None of them repeats the text.
const (
	repairMark    = "the body began with a byte order mark"
	repairText    = "not valid text, U+FFFD in its place"
	repairLength  = "longer than the contract, cut and kept whole beside"
	repairType    = "not a text, left out and kept beside"
	repairUnknown = "members that the contract does not know: not valid text, U+FFFD in its place"
)

// maxRepairs bounds what is told of one call.
const maxRepairs = 16

// mark is the byte order mark in UTF-8.
const mark = "\ufeff"

// descriptive are the members that only describe: Koogate finds, decides and counts nothing by them, so a fault in one never
// decides what becomes of a call (ADR 15). Every other member is taken as it was sent, or refused.
var descriptive = map[string]bool{
	"customerName": true, "userName": true, "mobilePhone": true, "email": true, "saasExtendParams": true, // of V1 purchases
	"productName": true,                                                                                                // of changeInstanceCheck
	"name":        true, "orgName": true, "position": true, "employeeCode": true, "employeeType": true, "mobile": true, // of the Kit
	"workPlace": true, "entryDate": true, "extension": true,
}

// wrapped are the members that hold Base64.
var wrapped = map[string]bool{"mobilePhone": true, "email": true, "saasExtendParams": true}

// isDescriptive says whether a field only describes. The user name of the Kit is a key.
func isDescriptive(fd protoreflect.FieldDescriptor) bool {
	return descriptive[fd.JSONName()] && (fd.JSONName() != "userName" || fd.ContainingMessage().Name() != "KitUser")
}

// Repairs tells what was repaired in reading and decoding the object: the member and the kind of repair, never the text.
func (o *Object) Repairs() []string { return o.repairs }

func (o *Object) repaired(name, how string) {
	if name != "" {
		how = name + ": " + how
	}
	if len(o.repairs) < maxRepairs && !slices.Contains(o.repairs, how) {
		o.repairs = append(o.repairs, how)
	}
}

// isIDs says whether a field holds IDs separated by commas: the one of the queries does.
func isIDs(fd protoreflect.FieldDescriptor) bool {
	return fd.JSONName() == "instanceId" && strings.HasPrefix(string(fd.ContainingMessage().Name()), "QueryInstance")
}

// noID stands for an ID that is no text. No ID holds a control character, so it names nothing and costs the IDs beside it
// nothing, while a repaired one would be another ID.
const noID = "\x1a"

// soundIDs puts noID in the place of each ID that is no text.
func soundIDs(list string) string {
	if sound(list) {
		return list
	}
	ids := strings.Split(list, ",")
	for i := range ids {
		if !sound(ids[i]) {
			ids[i] = noID
		}
	}
	return strings.Join(ids, ",")
}

// sound reports whether every database and every reader takes a text: UTF-8 without NUL.
func sound(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// mend replaces bytes that are not UTF-8, halves of surrogate pairs and control characters by U+FFFD.
func mend(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// take decodes a member of a text field. When beside is true, the member must be kept as it was sent, too.
func (f *field) take(o *Object, mem *member) (text string, beside bool, err error) {
	text, ok := mem.text()
	if f.free && !ok {
		text, ok = string(compact(nil, mem.raw)), true
	}
	switch {
	case !ok && f.descriptive:
		o.repaired(f.name, repairType)
		return "", true, nil
	case !ok:
		return "", false, &FieldError{f.name, "must be a text"}
	case f.ids:
		return soundIDs(text), false, nil
	case !f.descriptive && !sound(text):
		return "", false, &FieldError{f.name, "must be valid text"}
	case !f.descriptive:
		return text, false, nil
	}
	if wrapped[f.name] { // a line break has no meaning in Base64
		text = strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(text)
	}
	if whole := mend(text); whole != text {
		o.repaired(f.name, repairText)
		text = whole
	}
	if f.longest > 0 && utf8.RuneCountInString(text) > f.longest {
		o.repaired(f.name, repairLength)
		return string([]rune(text)[:f.longest]), true, nil
	}
	return text, false, nil
}

// keep renders the members that the contract does not know.
func (o *Object) keep(unknown []member) string {
	text := extra(unknown)
	if !utf8.ValidString(text) {
		o.repaired("", repairUnknown)
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	return text
}

// unmark drops a byte order mark.
func (o *Object) unmark(body []byte) []byte {
	whole := bytes.TrimPrefix(body, []byte(mark))
	if len(whole) < len(body) {
		o.repaired("", repairMark)
	}
	return whole
}
