// SPDX-License-Identifier: Apache-2.0

package veil

import (
	"github.com/koogate/koogate/koogallery/recorder/rewrite"
	"github.com/koogate/koogate/koogallery/seal"
)

// Lists that the Kit's first generation sends as a text (kit §A.9).
var inText = set("userList", "orgInfo", "orgInfoList", "productInfo")

// Asked returns the body of a call without what is secret or personal. Errors: rewrite.ErrText.
func (v *Veil) Asked(body []byte) ([]byte, error) {
	return rewrite.Edit(body, func(x rewrite.Value) string {
		switch {
		case x.Text == "" || PlainAsked(x.Name):
			return x.Text
		case x.Number:
			return v.Number(x.Text)
		case inText[x.Name]:
			if inner, err := v.Asked([]byte(x.Text)); err == nil {
				return string(inner)
			}
		}
		return v.Shaped(x.Name, x.Text)
	}, v.Name)
}

// Said returns the body of an answer without what is secret or personal. open returns the plain text of a value that may be encrypted.
// Errors: rewrite.ErrText.
func (v *Veil) Said(body []byte, open func(string) string) ([]byte, error) {
	return rewrite.Edit(body, func(x rewrite.Value) string {
		switch {
		case PlainSaid(x.Name):
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
