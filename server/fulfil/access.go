// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The longest access information that the marketplace takes (saas-v2 §5.2, saas-v1 §1.2). Its reader is Java, so lengths are
// UTF-16 units: a character beyond the basic plane counts twice.
const (
	maxURL     = 512
	maxAccount = 128 // of userName and password as they are sent, that is with the initial vector when they are encrypted
	maxMemo    = 1024
)

// utf16Len is the length of a text as Java counts it.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// isASCII says that a text has ASCII characters only.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// checkAccess holds access information to what the marketplace takes from an instance of the family: lengths as it counts
// them, of what is sent, which SaaS V1 encrypts. SaaS V1 takes no character outside ASCII except in the memo (second-reading
// C4, C15). Access information that breaks a rule is refused and never altered; only addresses are sent in their encoded
// form. The error is RESULT_INVALID, names the fields as the internal API does, and shows no value.
func checkAccess(family string, a Access) error {
	return checkAccount(family == FamilySaasV1, family == FamilySaasV1, a)
}

// checkAccessOf is checkAccess with what the instance's endpoint demands beyond its family.
func (s *Service) checkAccessOf(i *store.Instance, a Access) error {
	if err := checkAccess(i.Family, a); err != nil {
		return err
	}
	if ep, ok := s.Endpoint(i.Endpoint); ok && ep.ASCII {
		return checkAccount(i.Family == FamilySaasV1, true, a)
	}
	return nil
}

// checkAccount is checkAccess with its two questions answered: whether the account is encrypted, and whether it must be ASCII.
func checkAccount(encrypted, ascii bool, a Access) error {
	var bad []errs.Field
	add := func(field, format string, args ...any) {
		bad = append(bad, errs.Field{Path: "access_info." + field, Msg: fmt.Sprintf(format, args...)})
	}
	for _, u := range []struct{ field, text string }{{"front_end_url", a.FrontEndURL}, {"admin_url", a.AdminURL}} {
		sent, ok := wireURL(u.text)
		switch {
		case !ok:
			add(u.field, "is not an address that can be written in ASCII")
		case u.text != "" && !WebAddress(sent):
			add(u.field, "must be http or https with a host and without a user: write for example https://app.example.com/")
		case len(sent) > maxURL:
			add(u.field, "is longer than %d characters when it is encoded", maxURL)
		}
	}
	for _, c := range []struct{ field, text string }{{"user_name", a.UserName}, {"password", a.Password}} {
		switch {
		case !printable(c.text, false):
			add(c.field, "must be valid text without control characters")
		case ascii && !isASCII(c.text):
			add(c.field, "must be ASCII: the marketplace takes other characters in memo only")
		case encrypted && !seal.Fits(c.text):
			add(c.field, "is at most %d bytes, because it is encrypted", seal.MaxPlain)
		case !encrypted && utf16Len(c.text) > maxAccount:
			add(c.field, "is longer than %d UTF-16 units", maxAccount)
		}
	}
	switch {
	case !printable(a.Memo, true):
		add("memo", "must be valid text without control characters")
	case utf16Len(a.Memo) > maxMemo:
		add("memo", "is longer than %d UTF-16 units; a character beyond the basic plane counts twice", maxMemo)
	}
	if len(bad) == 0 {
		return nil
	}
	e := errs.New(errs.Invalid, errs.ResultInvalid, "%s %s", bad[0].Path, bad[0].Msg)
	e.Fields = bad
	return e
}

// printable says that a text is UTF-8 without control characters; lines may break it.
func printable(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) && (!lines || r != '\n' && r != '\r' && r != '\t') {
			return false
		}
	}
	return true
}

// wireURL returns an address as it is sent: the host's name in the form of IDNA, everything else percent-encoded; ASCII
// characters stay as they are. ok is false for an address that cannot be encoded.
func wireURL(s string) (string, bool) {
	if !printable(s, false) {
		return "", false
	}
	if isASCII(s) {
		return s, true
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !isASCII(scheme) {
		return "", false
	}
	end := strings.IndexAny(rest, `/?#\`)
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user := ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	host, port := authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:colon], authority[colon:]
	}
	if !isASCII(host) {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil || host == "" {
			return "", false
		}
	}
	sent := scheme + "://" + encoded(user) + host + encoded(port) + encoded(tail)
	if _, err := url.Parse(sent); err != nil {
		return "", false
	}
	return sent, true
}

// WebAddress says whether an address, as it is sent, is one that a customer can be sent to: http or https, with a host and
// without a user. Everything else runs, loads or shows something that is no page of the vendor, or hides whose page it is.
func WebAddress(sent string) bool {
	u, err := url.Parse(sent)
	return err == nil && webScheme(u.Scheme) && u.Opaque == "" && u.Hostname() != "" && u.User == nil
}

func webScheme(s string) bool { return strings.EqualFold(s, "http") || strings.EqualFold(s, "https") }

// encoded percent-encodes what is not ASCII.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			b.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// wire returns the access information as it is sent. Of addresses that were sealed before addresses were checked, those with
// another scheme than http and https are left out, and others that cannot be encoded are shown as they are.
func (a Access) wire() Access {
	for _, u := range []*string{&a.FrontEndURL, &a.AdminURL} {
		if sent, ok := wireURL(*u); ok {
			*u = sent
		}
		before, _, _ := strings.Cut(*u, "/")
		if scheme, _, ok := strings.Cut(before, ":"); ok && !webScheme(scheme) {
			*u = ""
		}
	}
	return a
}
