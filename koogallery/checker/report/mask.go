// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// hidden stands for what is secret.
const hidden = "***"

// Mask replaces what is secret in texts: keys, signatures, tokens, access information, licences and what names a person.
type Mask struct{ words wordSet }

// NewMask returns a mask for the calls of a rule and their answers. The named texts are secret too.
func NewMask(seen []probe.Seen, named ...string) *Mask {
	l := learner{named: map[string]bool{}}
	l.learn(named...)
	for _, s := range seen {
		l.learn(s.Call.Asked.Key)
		for _, header := range []map[string][]string{s.Call.Header, s.Answer.Header} {
			for name, values := range header {
				if secretMember(name) {
					l.learn(values...)
				}
			}
		}
		_, query, _ := strings.Cut(s.Call.URL, "?")
		for pair := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if secretMember(name) {
				plain, _ := url.QueryUnescape(value)
				l.learn(value, plain)
			}
		}
		l.members(string(s.Call.Body))
		l.members(string(s.Answer.Body))
	}
	return &Mask{newWordSet(l.words)}
}

// learner gathers what is secret.
type learner struct {
	named map[string]bool // what was learnt
	words []string        // and the ways in which it can be written
}

// learn takes texts as secret wherever they stand, in the ways in which a call writes them.
func (l *learner) learn(texts ...string) {
	for _, text := range texts {
		if l.named[text] {
			continue
		}
		l.named[text] = true
		quoted, _ := json.Marshal(text) // a string always can be
		l.words = append(l.words, text, url.QueryEscape(text), url.PathEscape(text), strings.Trim(string(quoted), `"`))
	}
}

// members learns the secrets in a body.
func (l *learner) members(body string) {
	eachValue(body, func(raw string, hidden bool) string {
		switch value := unquote(raw); {
		case hidden:
			l.learn(value)
		case nested(value):
			l.members(value)
		}
		return raw
	})
}

// Text replaces what is secret in a text.
func (m *Mask) Text(text string) string { return m.words.replace(text) }

// Both replaces what is secret in both languages.
func (m *Mask) Both(t rule.Text) rule.Text { return rule.Text{ZH: m.Text(t.ZH), EN: m.Text(t.EN)} }

// body replaces what is secret in a body: by the names of members, then wherever it stands.
func (m *Mask) body(text string) string {
	return m.Text(eachValue(text, func(raw string, secret bool) string {
		switch value := unquote(raw); {
		case secret:
			return `"` + hidden + `"`
		case nested(value):
			inner, _ := json.Marshal(m.body(value)) // a string always can be
			return string(inner)
		default:
			return raw
		}
	}))
}

// nested tells whether a value is JSON in a text, as the first generation of the Kit has its lists.
func nested(value string) bool { return strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") }

// unquote returns the text of a JSON string, and anything else as it is.
func unquote(raw string) string {
	if len(raw) > 1 && raw[0] == '"' && raw[len(raw)-1] == '"' && strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1] // which is most of them
	}
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
