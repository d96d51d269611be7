// SPDX-License-Identifier: Apache-2.0

package rule

import "fmt"

// Text is a sentence for people in both languages of the sellers.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In returns the text in a language, English for all but "zh".
func (t Text) In(language string) string {
	if language == "zh" {
		return t.ZH
	}
	return t.EN
}

// Say formats both sentences with the same values, in the same order.
func Say(zh, en string, values ...any) Text {
	if len(values) == 0 {
		return Text{zh, en}
	}
	return Text{fmt.Sprintf(zh, values...), fmt.Sprintf(en, values...)}
}
