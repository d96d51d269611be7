// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/koogate/koogate/server/access"
)

// claims are what a token says.
type claims map[string]any

// at finds a claim: by its whole name first, since a name may hold points itself (https://example.com/roles), and else inside others.
func (c claims) at(path string) any {
	if v, ok := c[path]; ok {
		return v
	}
	var v any = map[string]any(c)
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// words are the texts that a claim is or lists. scope, and scp as some issuers call it, is one text with blanks between (RFC 8693 §4.2).
func (c claims) words(path string) []string {
	switch v := c.at(path).(type) {
	case string:
		if path == "scope" || path == "scp" {
			return strings.Fields(v)
		}
		return []string{v}
	case bool:
		if v {
			return []string{"true"}
		}
		return []string{"false"}
	case []any:
		var list []string
		for _, element := range v {
			if s, ok := element.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

const longestSubject = 255 // characters, as OpenID Connect has it for sub

// subject names the caller in records; ok is false when the claim is no text that can be shown.
func (c claims) subject(path string) (name string, ok bool) {
	name, ok = c.at(path).(string)
	if !ok || name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestSubject {
		return "", false
	}
	return name, strings.TrimSpace(name) == name && strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (c claims) fits(r Rule) bool {
	return slices.ContainsFunc(c.words(r.Claim), func(w string) bool { return slices.Contains(r.Values, w) })
}

// grant is what the rules give a caller: the seller of all that fit, and together what each of them gives. Of queues only rules that let
// lease decide; one of these that names none gives every queue. sellers counts how many are named.
func (c claims) grant(rules []Rule) (p access.Principal, sellers int) {
	every := false
	seen := map[string]bool{}
	for _, r := range rules {
		if !c.fits(r) {
			continue
		}
		seen[r.Seller], p.Seller = true, r.Seller
		for _, s := range r.Allows() {
			if !p.Has(s) {
				p.Scopes = append(p.Scopes, s)
			}
		}
		if !slices.Contains(r.Allows(), access.Worker) {
			continue
		}
		every = every || len(r.Queues) == 0
		for _, q := range r.Queues {
			if !slices.Contains(p.Queues, q) {
				p.Queues = append(p.Queues, q)
			}
		}
	}
	if every {
		p.Queues = nil
	}
	return p, len(seen)
}
