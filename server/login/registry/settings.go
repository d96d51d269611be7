// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/store"
)

// What users of a frozen instance may do.
const (
	FrozenDeny           = "DENY"           // nobody logs in
	FrozenAllow          = "ALLOW"          // everybody does, and the app is told that the instance is frozen
	FrozenAdministrators = "ADMINISTRATORS" // whose role in the directory is admin
)

// Whose word counts for a role.
const (
	RolesDirectory = "DIRECTORY" // what authSync said
	RolesUserinfo  = "USERINFO"  // what the authentication centre says at the login
)

// When a person is asked, before a session begins, whether to go on as who the authentication centre says.
const (
	ConfirmUnbound      = "UNBOUND"       // when this browser did not begin the login here: somebody else may have
	ConfirmWithoutState = "WITHOUT_STATE" // whenever the callback came without state, also when this browser began the login
	ConfirmNever        = "NEVER"
)

// Which personal data an app is told.
const (
	PersonalMobile = "MOBILE"
	PersonalEmail  = "EMAIL"
)

// The bounds of settings.
const (
	MostURIs    = 20   // of each kind
	MaxURI      = 2000 // bytes
	MaxName     = 128  // characters
	MaxAppID    = 64   // characters
	MaxProduct  = 64   // characters
	ShortLife   = 10 * time.Minute
	LongLife    = 30 * 24 * time.Hour
	DefaultLife = 12 * time.Hour
	ShortIdle   = 5 * time.Minute
	DefaultIdle = 2 * time.Hour // or the life, when that is shorter
)

// The values of each choice, the default first.
var (
	protocols = []string{string(store.LoginOAuth2), string(store.LoginCAS)}
	frozen    = []string{FrozenDeny, FrozenAllow, FrozenAdministrators}
	roles     = []string{RolesDirectory, RolesUserinfo}
	confirm   = []string{ConfirmUnbound, ConfirmWithoutState, ConfirmNever}
	personal  = []string{PersonalMobile, PersonalEmail}
)

// Defaults are settings with what is empty in them filled in, as every reader of them should see them.
func Defaults(s store.LoginSettings) store.LoginSettings {
	s.Protocol = cmp.Or(s.Protocol, store.LoginOAuth2)
	s.Frozen, s.Roles, s.Confirm = cmp.Or(s.Frozen, FrozenDeny), cmp.Or(s.Roles, RolesDirectory), cmp.Or(s.Confirm, ConfirmUnbound)
	s.LifeSeconds = cmp.Or(s.LifeSeconds, int64(DefaultLife/time.Second))
	s.IdleSeconds = cmp.Or(s.IdleSeconds, min(int64(DefaultIdle/time.Second), s.LifeSeconds))
	return s
}

// Life is how long a session lives at most, with the default where nothing is chosen.
func Life(s store.LoginSettings) time.Duration {
	return time.Duration(Defaults(s).LifeSeconds) * time.Second
}

// Idle is how long a session lives that nobody uses, with the default where nothing is chosen.
func Idle(s store.LoginSettings) time.Duration {
	return time.Duration(Defaults(s).IdleSeconds) * time.Second
}

// at is the path of an application in requests.
const at = "login_application."

// check judges an application. Errors: INVALID_FIELD, TARGET_FORBIDDEN.
func (s *Service) check(a *store.LoginApplication) error {
	switch {
	case !good(a.AppID, MaxAppID) || strings.ContainsFunc(a.AppID, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`:/?#%"\`, r) }):
		return errs.BadField(at+"app_id", `must be 1 to %d ASCII characters without blanks and without : / ? # %% " \`, MaxAppID)
	case !good(a.Name, MaxName) || strings.TrimSpace(a.Name) == "":
		return errs.BadField(at+"name", "must be 1 to %d characters without line ends", MaxName)
	case a.ProductID != "" && (!good(a.ProductID, MaxProduct) || strings.ContainsFunc(a.ProductID, unicode.IsSpace)):
		return errs.BadField(at+"product_id", "must be at most %d characters without blanks", MaxProduct)
	case a.State != store.LoginEnabled && a.State != store.LoginDisabled:
		return errs.BadField(at+"state", "must be ENABLED or DISABLED")
	}
	return s.checkSettings(&a.Settings)
}

// good says whether a text has 1 to most characters, none of which controls a terminal.
func good(text string, most int) bool {
	return text != "" && len([]rune(text)) <= most && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

func (s *Service) checkSettings(c *store.LoginSettings) error {
	for _, list := range []struct {
		field string
		uris  []string
	}{{"redirect_uris", c.RedirectURIs}, {"post_logout_uris", c.PostLogoutURIs}} {
		if len(list.uris) > MostURIs {
			return errs.BadField(at+list.field, "has %d addresses, and %d is the most", len(list.uris), MostURIs)
		}
		for i, text := range list.uris {
			field := fmt.Sprintf("%s%s[%d]", at, list.field, i)
			if err := page(field, text); err != nil {
				return err
			}
			if slices.Contains(list.uris[:i], text) {
				return errs.BadField(field, "is there twice")
			}
		}
	}
	for _, one := range []struct{ field, text string }{{"initiate_uri", c.InitiateURI}, {"ticket_uri", c.TicketURI}} {
		if one.text == "" {
			continue
		}
		if err := page(at+one.field, one.text); err != nil {
			return err
		}
	}
	if err := s.checkBackChannel(c.BackChannelURI); err != nil {
		return err
	}
	return checkChoices(c)
}

// page judges an address to which browsers are sent. Errors: INVALID_FIELD.
func page(field, text string) error {
	u, err := address(field, text)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errs.BadField(field, "must begin with https://; http:// is for this machine alone, such as http://127.0.0.1:9000/callback")
	}
	return nil
}

// address reads an absolute address without user and fragment. Errors: INVALID_FIELD.
func address(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case len(text) > MaxURI:
		return nil, errs.BadField(field, "has %d bytes, and %d is the most", len(text), MaxURI)
	case err != nil || text != strings.TrimSpace(text) || u.Opaque != "" || u.Hostname() == "": // the parser's text would repeat the caller's
		return nil, errs.BadField(field, "is not a whole URL, such as https://app.example.com/callback")
	case u.User != nil:
		return nil, errs.BadField(field, "holds a user; leave it out")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errs.BadField(field, "holds a fragment (#), which OpenID Connect forbids")
	case strings.ContainsAny(text, `\*<>"`) || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errs.BadField(field, "holds a character that has to be escaped, or a wildcard, which is not understood: each address is compared as a whole")
	}
	return u, nil
}

// loopback says whether a host is this machine, without asking anybody.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// checkBackChannel judges the address that Koogate itself calls, which may lead to no network that the configuration does not allow.
func (s *Service) checkBackChannel(text string) error {
	const field = at + "back_channel_uri"
	if text == "" {
		return nil
	}
	u, err := address(field, text)
	if err != nil {
		return err
	}
	switch err := s.Caller.Check(u); {
	case errors.Is(err, outbound.ErrForbidden):
		e := errs.Wrap(err, errs.Precondition, errs.TargetForbidden,
			"Koogate calls no private, local or reserved address, and http:// none at all, unless webhooks.allow of the configuration file names its network: use a public https:// address, or have it added there")
		e.Fields = []errs.Field{{Path: field, Msg: "is not allowed as a target"}}
		return e
	case err != nil:
		return errs.BadField(field, "%s", err) // a sentence of the guard
	}
	return nil
}

func checkChoices(c *store.LoginSettings) error {
	for _, choice := range []struct {
		field, value string
		of           []string
	}{{"protocol", string(c.Protocol), protocols}, {"frozen", c.Frozen, frozen}, {"roles", c.Roles, roles}, {"confirm", c.Confirm, confirm}} {
		if choice.value != "" && !slices.Contains(choice.of, choice.value) {
			return errs.BadField(at+choice.field, "must be one of %s", strings.Join(choice.of, ", "))
		}
	}
	for i, p := range c.Personal {
		field := fmt.Sprintf("%spersonal[%d]", at, i)
		switch {
		case !slices.Contains(personal, p):
			return errs.BadField(field, "must be one of %s", strings.Join(personal, ", "))
		case slices.Contains(c.Personal[:i], p):
			return errs.BadField(field, "is there twice")
		}
	}
	full := Defaults(*c)
	switch life, idle := time.Duration(full.LifeSeconds), time.Duration(full.IdleSeconds); {
	case life < ShortLife/time.Second || life > LongLife/time.Second:
		return errs.BadField(at+"life", "must be 10 minutes to 30 days")
	case idle < ShortIdle/time.Second || idle > life:
		return errs.BadField(at+"idle", "must be 5 minutes at least, and not longer than life")
	}
	return nil
}

// CallbackURL is what is entered in the seller centre as the address of an application's login; empty without an issuer.
func CallbackURL(issuer, appID string) string { return under(issuer, "/callback/", appID) }

// StartURL begins a login to an application without the vendor's own app; empty without an issuer.
func StartURL(issuer, appID string) string { return under(issuer, "/start/", appID) }

// TrialURL is where an operator opens a trial of the login; empty without an issuer.
func TrialURL(issuer, requestID string) string { return under(issuer, "/try/", requestID) }

func under(issuer, path, id string) string {
	if issuer == "" {
		return ""
	}
	return issuer + path + url.PathEscape(id)
}
