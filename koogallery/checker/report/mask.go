// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// hidden stands for what is secret.
const hidden = "***"

// shortest is the least length, in bytes, of a value that is replaced wherever it stands. Shorter ones are replaced in their member only.
const shortest = 6

// Mask replaces what is secret in texts: keys, signatures, tokens, access information, licences and what names a person.
type Mask struct{ words []string }

// NewMask returns a mask for the calls of a rule and their answers. The named texts are secret too.
func NewMask(seen []probe.Seen, named ...string) *Mask {
	m := &Mask{}
	for _, text := range named {
		m.learn(text)
	}
	for _, s := range seen {
		m.learn(s.Call.Asked.Key)
		for _, header := range []map[string][]string{s.Call.Header, s.Answer.Header} {
			for name, values := range header {
				if secretMember(name) {
					m.learn(values...)
				}
			}
		}
		_, query, _ := strings.Cut(s.Call.URL, "?")
		for pair := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if secretMember(name) {
				plain, _ := url.QueryUnescape(value)
				m.learn(value, plain)
			}
		}
		m.members(string(s.Call.Body))
		m.members(string(s.Answer.Body))
	}
	slices.SortFunc(m.words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	m.words = slices.Compact(m.words)
	return m
}

// learn takes texts as secret wherever they stand, in the ways in which a call writes them.
func (m *Mask) learn(texts ...string) {
	for _, text := range texts {
		if len(text) < shortest {
			continue
		}
		quoted, _ := json.Marshal(text) // a string always can be
		m.words = append(m.words, text, url.QueryEscape(text), url.PathEscape(text), strings.Trim(string(quoted), `"`))
	}
}

var (
	// pair is a member of a JSON object whose value is a text or a number.
	pair = regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)`)
	// access is the access information of an answer.
	access = regexp.MustCompile(`"appInfo"\s*:\s*\{[^{}]*\}`)
)

// members learns the secrets in a body, which need not be JSON that can be read.
func (m *Mask) members(body string) {
	for _, part := range access.FindAllString(body, -1) {
		for _, p := range pair.FindAllStringSubmatch(part, -1) {
			m.learn(unquote(p[3]))
		}
	}
	for _, p := range pair.FindAllStringSubmatch(body, -1) {
		switch value := unquote(p[3]); {
		case secretMember(unquote(p[1])):
			m.learn(value)
		case nested(value):
			m.members(value)
		}
	}
}

// Text replaces what is secret in a text.
func (m *Mask) Text(text string) string {
	for _, word := range m.words {
		text = strings.ReplaceAll(text, word, hidden)
	}
	return text
}

// Both replaces what is secret in both languages.
func (m *Mask) Both(t rule.Text) rule.Text { return rule.Text{ZH: m.Text(t.ZH), EN: m.Text(t.EN)} }

// body replaces what is secret in a body: by the names of members, then wherever it stands.
func (m *Mask) body(text string) string {
	text = access.ReplaceAllStringFunc(text, func(part string) string {
		return pair.ReplaceAllString(part, `$1$2"`+hidden+`"`)
	})
	text = pair.ReplaceAllStringFunc(text, func(member string) string {
		p := pair.FindStringSubmatch(member)
		switch value := unquote(p[3]); {
		case secretMember(unquote(p[1])):
			return p[1] + p[2] + `"` + hidden + `"`
		case nested(value):
			inner, _ := json.Marshal(m.body(value)) // a string always can be
			return p[1] + p[2] + string(inner)
		default:
			return member
		}
	})
	return m.Text(text)
}

// nested tells whether a value is JSON in a text, as the first generation of the Kit has its lists.
func nested(value string) bool { return strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") }

// unquote returns the text of a JSON string, and anything else as it is.
func unquote(raw string) string {
	var text string
	if json.Unmarshal([]byte(raw), &text) != nil {
		return raw
	}
	return text
}

// secretNames are members whose values nobody has to see: access information, licences, what names a person.
var secretNames = []string{
	"signature", "x-sign", "body-sign", "authorization", "frontendurl", "adminurl", "username", "memo", "license", "saasextendparams", "customername",
}

// secretParts are parts of the names of such members.
var secretParts = []string{"password", "passwd", "pwd", "secret", "token", "accesskey", "apikey", "credential", "mobile", "phone", "email"}

func secretMember(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(secretNames, name) || slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}
