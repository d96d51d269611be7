// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"slices"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of objects and arrays that Canonical follows,
// counting the outermost object as one.
const MaxDepth = 64

// MaxMembers is how many members an object may have for Canonical to follow; the
// longest documented one has 26. Sorting many costs far more than reading them.
const MaxMembers = 4096

// Canonical returns the sorted form of a JSON body, over which the
// marketplace's sample computes its signature (saas-v2 §2.1, §2.4):
//
//   - the members of the outermost object in ascending order of their names,
//     compared by UTF-16 code unit as a Java TreeMap does;
//   - members of the outermost object whose value is null left out;
//   - no white space; nested members in the order received, and numbers in the
//     text received;
//   - strings as Jackson writes them by default: only the quotation mark, the
//     reverse solidus and control characters are escaped (\b \t \n \f \r, else
//     \u00XX in upper case), everything else is plain UTF-8;
//   - a repeated name keeps its last value, at every level.
//
// The result is never longer than body, and Canonical of it is itself. Work is
// bounded by len(body) times MaxDepth, memory by a few times len(body).
//
// Errors: ErrJSON if body is not exactly one JSON object in valid UTF-8 (a byte
// order mark, an unpaired surrogate escape and trailing text are refused),
// ErrDepth beyond MaxDepth, ErrMembers beyond MaxMembers.
func Canonical(body []byte) ([]byte, error) {
	// What turns out to be no object after a few bytes has cost no more than they do.
	s := scanner{in: body, out: make([]byte, 0, min(len(body), 64<<10))}
	s.space()
	if !s.accept('{') {
		return nil, ErrJSON
	}
	if err := s.members(1); err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(s.in) {
		return nil, ErrJSON
	}

	members := s.list
	slices.SortStableFunc(members, func(a, b member) int { return compareUTF16(a.name, b.name) })
	out := make([]byte, 0, len(s.out)+2)
	out = append(out, '{')
	for i, m := range members {
		repeated := i+1 < len(members) && members[i+1].name == m.name
		if repeated || m.null {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, s.out[m.start:m.end]...)
	}
	return append(out, '}'), nil
}

// member is one "name":value of an object, as a range of the scanner's output.
type member struct {
	name       string
	start, end int
	null       bool
}

// compareUTF16 compares valid UTF-8 strings as Java compares strings. That is
// the order of the bytes, except that runes outside the basic plane begin with a
// surrogate and so come before U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	for i > 0 && !utf8.RuneStart(a[i]) {
		i--
	}
	ra, _ := utf8.DecodeRuneInString(a[i:])
	rb, _ := utf8.DecodeRuneInString(b[i:])
	return utf16Rank(ra) - utf16Rank(rb)
}

// utf16Rank maps runes to numbers that sort like their UTF-16 encodings.
func utf16Rank(r rune) int {
	if 0xE000 <= r && r <= 0xFFFF {
		return int(r) + utf8.MaxRune + 1
	}
	return int(r)
}
