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

// Say formats both sentences with the same values, in the same order. A value that has both languages, as a Text has, stands in each in its
// own.
func Say(zh, en string, values ...any) Text {
	if len(values) == 0 {
		return Text{zh, en}
	}
	return Text{fmt.Sprintf(zh, in("zh", values)...), fmt.Sprintf(en, in("en", values)...)}
}

// in returns values in a language, as far as they have several.
func in(language string, values []any) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
		if both, ok := value.(interface{ In(language string) string }); ok {
			all[i] = both.In(language)
		}
	}
	return all
}
