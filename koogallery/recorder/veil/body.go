// SPDX-License-Identifier: Apache-2.0

package veil

import (
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/plain"
	"github.com/koogate/koogate/koogallery/rewrite"
	"github.com/koogate/koogate/koogallery/seal"
)

// Lists that the Kit's first generation sends as a text (kit §A.9).
var inText = []string{"userList", "orgInfo", "orgInfoList", "productInfo"}

// Asked returns the body of a call without what is secret or personal. Errors: rewrite.ErrText.
func (v *Veil) Asked(body []byte) ([]byte, error) {
	return rewrite.Edit(body, func(x rewrite.Value) string {
		switch {
		case x.Text == "" || plain.Asked(x.Name):
			return x.Text
		case x.Number:
			return v.Number(x.Text)
		case slices.Contains(inText, x.Name):
			if inner, err := v.Asked([]byte(x.Text)); err == nil {
				return string(inner)
			}
			return v.loose(x.Text)
		}
		return v.Shaped(x.Name, x.Text)
	}, v.Name)
}

// inLists are the names of members of lists that come as a text.
var inLists = []string{
	"userName", "name", "position", "orgCode", "orgName", "parentCode", "role", "enable", "employeeCode", "employeeType", "mobile", "email",
	"workPlace", "extension", "entryDate", "productId", "productName", "skuCode", "linearValue",
}

// loose replaces the values in a list that is no proper JSON, such as one without quotation marks around names, and leaves its punctuation.
func (v *Veil) loose(text string) string {
	const marks, blanks = "{}[],:", " \t\r\n"
	var b strings.Builder
	name := ""
	for text != "" {
		if strings.IndexByte(marks+blanks, text[0]) >= 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		quote := ""
		var end int
		if text[0] == '"' || text[0] == '\'' {
			quote, text = text[:1], text[1:]
			if end = strings.Index(text, quote); end < 0 {
				quote, end = "", len(text)
			}
		} else if end = strings.IndexAny(text, marks+blanks); end < 0 {
			end = len(text)
		}
		word, rest := text[:end], text[end+len(quote):]
		switch {
		case strings.HasPrefix(strings.TrimLeft(rest, blanks), ":") && slices.Contains(inLists, word):
			name = word
		case !plain.Asked(name):
			word = v.Shaped(name, word)
		}
		b.WriteString(quote + word + quote)
		text = rest
	}
	return b.String()
}

// Said returns the body of an answer without what is secret or personal. open returns the plain text of a value that may be encrypted.
// Errors: rewrite.ErrText.
func (v *Veil) Said(body []byte, open func(string) string) ([]byte, error) {
	return rewrite.Edit(body, func(x rewrite.Value) string {
		switch {
		case plain.Said(x.Name):
			return x.Text
		case x.Number:
			return v.Number(x.Text)
		default:
			return v.Opaque(open(x.Text))
		}
	}, v.Name)
}

// Extend returns saasExtendParams with other values under the same names (saas-v1 §2.5). What cannot be read is replaced as a whole.
func (v *Veil) Extend(text string) string {
	params, err := seal.ParseExtendParams(text)
	if err != nil {
		return v.Shaped("", text)
	}
	for i, p := range params {
		params[i].Name = v.Name(p.Name)
		if inner, err := v.Asked([]byte(p.Value)); err == nil && p.Value[0] == '{' {
			params[i].Value = string(inner)
		} else {
			params[i].Value = v.Shaped(p.Name, p.Value)
		}
	}
	return seal.FormatExtendParams(params)
}
