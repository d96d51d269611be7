// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
)

// reasonPrefix is what the names of ErrorReason begin with.
const reasonPrefix = "ERROR_REASON_"

// read collects what texts refer to: reasons and the names of fields.
func (b *builder) read(f *protogen.File) {
	for _, e := range f.Enums {
		for _, v := range e.Values {
			if name, ok := strings.CutPrefix(string(v.Desc.Name()), reasonPrefix); ok {
				b.reasons[name] = b.text(v.Comments)
			}
		}
	}
	for _, m := range f.Messages {
		for _, field := range m.Fields {
			if proto, json := string(field.Desc.Name()), field.Desc.JSONName(); proto != json {
				b.words[proto] = json
			}
			if field.Message != nil && field.Desc.IsList() && rules(field).GetRepeated().GetItems().GetIgnore() == ignoreAlways {
				b.alone[string(field.Message.Desc.FullName())] = true
			}
		}
	}
}

var protoName = regexp.MustCompile(`[a-z][a-z0-9]*(?:_[a-z0-9]+)+`)

// text is a comment as paragraphs, with the JSON names of fields.
func (b *builder) text(c protogen.CommentSet) string {
	return protoName.ReplaceAllStringFunc(plain(c), func(word string) string {
		if name, ok := b.words[word]; ok {
			return name
		}
		return word
	})
}

// fieldText is the comment of a field, which begins with its JSON name. Filters and orders have a language of their own, whose
// words are proto names.
func (b *builder) fieldText(f *protogen.Field) string {
	text := b.text(f.Comments)
	if n := f.Desc.Name(); n == "filter" || n == "order_by" {
		text = plain(f.Comments)
	}
	if rest, ok := strings.CutPrefix(text, f.GoName+" "); ok {
		text = f.Desc.JSONName() + " " + rest
	}
	return text
}

// plain joins a comment's lines to paragraphs.
func plain(c protogen.CommentSet) string {
	var paragraphs []string
	for p := range strings.SplitSeq(string(c.Leading), "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// first is the first sentence of a text.
func first(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	text, _, _ = strings.Cut(text, "\n")
	return text
}
