// SPDX-License-Identifier: Apache-2.0

package conduct

import (
	"slices"

	"github.com/koogate/koogate/koogallery/checker/rule"
)

// Rule is one thing that must hold for a seller's side of a login.
type Rule struct {
	ID       string        `json:"id"` // kebab-case, unique
	Severity rule.Severity `json:"severity"`
	Sentence rule.Text     `json:"sentence"` // what must hold
	Remedy   rule.Text     `json:"remedy"`
	Source   []string      `json:"source"` // IDs of rows of docs/fidelity.yaml, at least one
}

// Rules returns all rules, in the order of a login.
func Rules() []Rule { return slices.Clone(table) }

// Find returns a rule by its id.
func Find(id string) (Rule, bool) {
	i := slices.IndexFunc(table, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return table[i], true
}

// The ids of the rules.
const (
	PageIndicator    = "page-indicator"
	PageApplication  = "page-application"
	ResponseType     = "response-type"
	RedirectURI      = "redirect-uri"
	StateMissing     = "state-missing"
	StateForm        = "state-form"
	StateTwice       = "state-twice"
	ScopeUnknown     = "scope-unknown"
	ClientOfOther    = "client-of-another-tenant"
	ClientUnknown    = "client-unknown"
	ClientHeader     = "client-in-header"
	SecretSealed     = "secret-not-decrypted"
	SecretWrong      = "secret-wrong"
	SecretQuery      = "secret-in-query"
	SecretBrowser    = "secret-in-browser"
	TokenGet         = "token-by-get"
	TokenForm        = "token-not-a-form"
	GrantType        = "grant-type"
	CodeTwice        = "code-twice"
	CodeLate         = "code-late"
	CodeUnused       = "code-unused"
	CodeUnknown      = "code-unknown"
	CodeOfOther      = "code-of-another-tenant"
	CodeOfClient     = "code-of-another-client"
	RefreshNone      = "refresh-without-token"
	RefreshOld       = "refresh-old"
	RefreshOfOther   = "refresh-of-another-tenant"
	UserinfoBearer   = "userinfo-without-bearer"
	UserinfoUnknown  = "userinfo-unknown-token"
	UserinfoExpired  = "userinfo-expired-token"
	UserinfoOfOther  = "userinfo-of-another-tenant"
	UserinfoNotAsked = "userinfo-not-asked"
	LogoutParameter  = "logout-parameter"
	TicketService    = "ticket-other-service"
	TicketTwice      = "ticket-twice"
	TicketLate       = "ticket-late"
	TicketUnused     = "ticket-unused"
	TicketUnknown    = "ticket-unknown"
	TicketOfOther    = "ticket-of-another-tenant"
	TicketParameters = "ticket-parameters"
	CommonHeaders    = "common-domain-headers"
	PathUnknown      = "path-unknown"
)
