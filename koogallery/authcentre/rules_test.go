// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// faulty is a seller's side that does one thing wrong. It has a login of zhangsan01 at acme under way.
type faulty struct {
	*vendor
	code string
}

// form is a right form of the token address.
func (f *faulty) form(change ...string) url.Values {
	_, client, secret, _ := f.of(acme, crm)
	v := url.Values{"client_id": {client}, "client_secret": {secret}, "code": {f.code}, "grant_type": {"authorization_code"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

const tokenPath, userinfoPath, authorizePath = "/api/v1/oauth2/token", "/api/v1/oauth2/userinfo", "/api/v1/oauth2/authorize"

// post calls the token address of acme.
func (f *faulty) post(form url.Values, header ...string) (int, string) {
	status, body, _ := f.call("POST", f.domain(acme, crm)+tokenPath, form, header...)
	return status, body
}

// right takes the token as it should be, so that the code is no finding of its own.
func (f *faulty) right() granted {
	g := f.exchange(acme, crm, f.code)
	f.who(acme, crm, g.Access)
	return g
}

// ask asks authorize with a browser of its own, and logs in where it is asked to.
func (f *faulty) ask(tenant string, change ...string) page {
	_, client, _, callback := f.of(acme, crm)
	q := url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"abc123"}}
	for i := 0; i < len(change); i += 2 {
		if q.Set(change[i], change[i+1]); change[i+1] == "" {
			q.Del(change[i])
		}
	}
	b := newBrowser(f.t)
	p := b.get(f.domain(tenant, crm) + authorizePath + "?" + q.Encode())
	if strings.Contains(p.text, `name="password"`) {
		p = b.login(p, "zhaoliu04", "Demo-1234", "")
	}
	if p.to != nil && p.to.Query().Get("code") != "" {
		f.who(acme, crm, f.exchange(acme, crm, p.to.Query().Get("code")).Access)
	}
	return p
}

// ticket logs in by CAS.
func (f *faulty) ticket() string {
	b := newBrowser(f.t)
	p := b.login(b.get(f.domain(acme, cas)+"/api/v1/cas/login?service="+url.QueryEscape(seller+"/cas")), "zhangsan01", "Demo-1234", "")
	return p.to.Query().Get("ticket")
}

func (f *faulty) check(tenant, service, ticket string) string {
	_, body, _ := f.call("GET", f.domain(tenant, cas)+"/api/v1/cas/p3/serviceValidate?"+url.Values{"service": {service}, "ticket": {ticket}}.Encode(), nil)
	return body
}

// mistakes are the faulty sides, by the rules that they break. What they return is the answer to the mistake.
var mistakes = map[string]func(f *faulty) (status int, body string){
	conduct.PageIndicator: func(f *faulty) (int, string) {
		f.right()
		p := newBrowser(f.t).get(f.s.PortalURL() + "/unified-login/portal-login?appId=" + crm)
		return p.status, p.text
	},
	conduct.PageApplication: func(f *faulty) (int, string) {
		f.right()
		p := newBrowser(f.t).get(f.s.PortalURL() + "/unified-login/portal-login?ind=UNOP&appId=other")
		return p.status, p.text
	},
	conduct.ResponseType: func(f *faulty) (int, string) {
		f.right()
		p := f.ask(acme, "response_type", "token")
		return p.status, p.text
	},
	conduct.RedirectURI: func(f *faulty) (int, string) {
		f.right()
		p := f.ask(acme, "redirect_uri", seller+"/callback/")
		return p.status, p.text
	},
	conduct.RedirectURI + " at the token": func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form("redirect_uri", seller+"/other"))
	},
	conduct.StateMissing: func(f *faulty) (int, string) { f.right(); p := f.ask(acme, "state", ""); return p.status, p.text },
	conduct.StateForm:    func(f *faulty) (int, string) { f.right(); p := f.ask(acme, "state", "a-b"); return p.status, p.text },
	conduct.StateTwice: func(f *faulty) (int, string) {
		f.right()
		f.ask(acme)
		p := f.ask(acme)
		return p.status, p.text
	},
	conduct.ScopeUnknown: func(f *faulty) (int, string) {
		f.right()
		p := f.ask(acme, "scope", "openid")
		return p.status, p.text
	},
	conduct.ClientOfOther: func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form("client_id", "client-bright-crm", "client_secret", "secret-of-bright-crm-0123456789"))
	},
	conduct.ClientOfOther + " by its secret": func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form("client_secret", "secret-of-bright-crm-0123456789"))
	},
	conduct.ClientOfOther + " at authorize": func(f *faulty) (int, string) {
		f.right()
		p := f.ask(bright)
		return p.status, p.text
	},
	conduct.ClientUnknown: func(f *faulty) (int, string) { defer f.right(); return f.post(f.form("client_id", "x")) },
	conduct.ClientHeader: func(f *faulty) (int, string) { // as libraries try it first
		defer f.right()
		form := f.form()
		basic := base64.StdEncoding.EncodeToString([]byte(form.Get("client_id") + ":" + form.Get("client_secret")))
		form.Del("client_id")
		form.Del("client_secret")
		return f.post(form, "Authorization", "Basic "+basic)
	},
	conduct.SecretSealed: func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form("client_secret", base64.StdEncoding.EncodeToString(make([]byte, 384))))
	},
	conduct.SecretWrong: func(f *faulty) (int, string) { defer f.right(); return f.post(f.form("client_secret", "wrong")) },
	conduct.SecretQuery: func(f *faulty) (int, string) {
		_, _, secret, _ := f.of(acme, crm)
		status, body, _ := f.call("POST", f.domain(acme, crm)+tokenPath+"?client_secret="+secret, f.form())
		f.whoOf(body)
		return status, body
	},
	conduct.SecretQuery + " at userinfo": func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("GET", f.domain(acme, crm)+userinfoPath+"?access_token="+g.Access, nil, "Authorization", "Bearer "+g.Access)
		return status, body
	},
	conduct.SecretBrowser: func(f *faulty) (int, string) {
		status, body := f.post(f.form(), "Origin", seller)
		f.whoOf(body)
		return status, body
	},
	conduct.TokenGet: func(f *faulty) (int, string) {
		defer f.right()
		status, body, _ := f.call("GET", f.domain(acme, crm)+tokenPath, nil)
		return status, body
	},
	conduct.TokenForm: func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form(), "Content-Type", "application/json")
	},
	conduct.GrantType:   func(f *faulty) (int, string) { defer f.right(); return f.post(f.form("grant_type", "password")) },
	conduct.CodeTwice:   func(f *faulty) (int, string) { f.right(); return f.post(f.form()) },
	conduct.CodeLate:    func(f *faulty) (int, string) { f.s.clock.advance(5 * time.Minute); return f.post(f.form()) },
	conduct.CodeUnused:  func(f *faulty) (int, string) { f.s.clock.advance(5 * time.Minute); return 0, "" },
	conduct.CodeUnknown: func(f *faulty) (int, string) { defer f.right(); return f.post(f.form("code", f.code+"=")) },
	conduct.CodeOfOther: func(f *faulty) (int, string) {
		defer f.right()
		status, body, _ := f.call("POST", f.domain(bright, crm)+tokenPath, f.form("client_id", "client-bright-crm", "client_secret", "secret-of-bright-crm-0123456789"))
		return status, body
	},
	conduct.CodeOfClient: func(f *faulty) (int, string) {
		defer f.right()
		return f.post(f.form("client_id", "client-acme-cas", "client_secret", "secret-of-acme-cas-0123456789"))
	},
	conduct.RefreshNone: func(f *faulty) (int, string) {
		g := f.right()
		return f.post(f.form("grant_type", "refresh_token", "refresh_token", g.Access))
	},
	conduct.RefreshOld: func(f *faulty) (int, string) {
		g := f.right()
		f.refresh(acme, crm, g.Refresh)
		return f.post(f.form("grant_type", "refresh_token", "refresh_token", g.Refresh))
	},
	conduct.RefreshOfOther: func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("POST", f.domain(bright, crm)+tokenPath, url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {g.Refresh}, "client_id": {"client-bright-crm"}, "client_secret": {"secret-of-bright-crm-0123456789"},
		})
		return status, body
	},
	conduct.CodeOfClient + " at a refresh": func(f *faulty) (int, string) {
		g := f.right()
		return f.post(f.form("grant_type", "refresh_token", "refresh_token", g.Refresh, "client_id", "client-acme-cas", "client_secret", "secret-of-acme-cas-0123456789"))
	},
	conduct.UserinfoBearer: func(f *faulty) (int, string) {
		f.right()
		status, body, _ := f.call("GET", f.domain(acme, crm)+userinfoPath, nil)
		return status, body
	},
	conduct.UserinfoBearer + " but another scheme": func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("GET", f.domain(acme, crm)+userinfoPath, nil, "Authorization", g.Access)
		return status, body
	},
	conduct.UserinfoUnknown: func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("GET", f.domain(acme, crm)+userinfoPath, nil, "Authorization", "Bearer "+g.Refresh)
		return status, body
	},
	conduct.UserinfoExpired: func(f *faulty) (int, string) {
		g := f.right()
		f.s.clock.advance(2 * time.Hour)
		status, body, _ := f.call("GET", f.domain(acme, crm)+userinfoPath, nil, "Authorization", "Bearer "+g.Access)
		return status, body
	},
	conduct.UserinfoOfOther: func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("GET", f.domain(bright, crm)+userinfoPath, nil, "Authorization", "Bearer "+g.Access)
		return status, body
	},
	conduct.UserinfoNotAsked: func(f *faulty) (int, string) {
		f.exchange(acme, crm, f.code)
		f.s.clock.advance(2 * time.Hour)
		return 0, ""
	},
	conduct.LogoutParameter: func(f *faulty) (int, string) {
		f.right()
		status, body, header := f.call("GET", f.domain(acme, crm)+"/api/v1/logout?redirect_uri="+url.QueryEscape(seller), nil)
		return status, body + header.Get("Location")
	},
	conduct.LogoutParameter + " that leads nowhere": func(f *faulty) (int, string) {
		f.right()
		p := newBrowser(f.t).get(f.domain(acme, crm) + "/api/v1/logout?redirect_url=" + url.QueryEscape("//evil.example"))
		return p.status, p.text
	},
	conduct.TicketService: func(f *faulty) (int, string) { f.right(); return 200, f.check(acme, seller+"/cas/", f.ticket()) },
	conduct.TicketService + " at the login": func(f *faulty) (int, string) {
		f.right()
		p := newBrowser(f.t).get(f.domain(acme, cas) + "/api/v1/cas/login?service=" + url.QueryEscape(seller+"/other"))
		return p.status, p.text
	},
	conduct.TicketTwice: func(f *faulty) (int, string) {
		f.right()
		ticket := f.ticket()
		f.check(acme, seller+"/cas", ticket)
		return 200, f.check(acme, seller+"/cas", ticket)
	},
	conduct.TicketLate: func(f *faulty) (int, string) {
		f.right()
		ticket := f.ticket()
		f.s.clock.advance(5 * time.Minute)
		return 200, f.check(acme, seller+"/cas", ticket)
	},
	conduct.TicketUnused:  func(f *faulty) (int, string) { f.right(); f.ticket(); f.s.clock.advance(5 * time.Minute); return 0, "" },
	conduct.TicketUnknown: func(f *faulty) (int, string) { f.right(); return 200, f.check(acme, seller+"/cas", "ST-x") },
	conduct.TicketUnknown + " but a code": func(f *faulty) (int, string) {
		defer f.right()
		return 200, f.check(acme, seller+"/cas", f.code)
	},
	conduct.TicketOfOther: func(f *faulty) (int, string) {
		f.right()
		ticket := f.ticket()
		defer f.check(acme, seller+"/cas", ticket)
		return 200, f.check(bright, seller+"/cas", ticket)
	},
	conduct.TicketParameters: func(f *faulty) (int, string) { f.right(); return 200, f.check(acme, "", "ST-x") },
	conduct.TicketParameters + " and another format": func(f *faulty) (int, string) {
		f.right()
		_, body, _ := f.call("GET", f.domain(acme, cas)+"/api/v1/cas/serviceValidate?service=x&ticket=y&format=yaml", nil)
		return 200, body
	},
	conduct.CommonHeaders: func(f *faulty) (int, string) {
		f.right()
		status, body, _ := f.call("POST", f.s.PortalURL()+tokenPath, f.form())
		return status, body
	},
	conduct.PathUnknown: func(f *faulty) (int, string) {
		f.right()
		status, body, _ := f.call("POST", f.domain(acme, crm)+"/orgid/openapi/v1/oauth2/token", f.form())
		return status, body
	},
	conduct.PathUnknown + " by its method": func(f *faulty) (int, string) {
		g := f.right()
		status, body, _ := f.call("POST", f.domain(acme, crm)+userinfoPath, url.Values{}, "Authorization", "Bearer "+g.Access)
		return status, body
	},
}

// whoOf asks whose the token of an answer is.
func (f *faulty) whoOf(body string) {
	var g granted
	if err := json.Unmarshal([]byte(body), &g); err != nil || g.Access == "" {
		f.t.Fatalf("no token: %s", body)
	}
	f.who(acme, crm, g.Access)
}

// answered are the answers that the documents have for mistakes; the others have a page, or are answered as usual.
var answered = map[string]struct {
	status int
	body   string
}{
	conduct.CodeTwice:                                {400, `{"error":"invalid_grant","error_description":"Invalid authorization code"}`},
	conduct.CodeLate:                                 {400, `{"error":"invalid_grant","error_description":"Invalid authorization code"}`},
	conduct.CodeUnknown:                              {400, `{"error":"invalid_grant","error_description":"Invalid authorization code"}`},
	conduct.CodeOfOther:                              {400, `{"error":"invalid_grant","error_description":"Invalid authorization code"}`},
	conduct.RefreshNone:                              {400, `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
	conduct.RefreshOld:                               {400, `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
	conduct.RefreshOfOther:                           {400, `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
	conduct.CodeOfClient:                             {401, `{"error":"invalid_client","error_description":"Client ID mismatch"}`},
	conduct.CodeOfClient + " at a refresh":           {401, `{"error":"invalid_client","error_description":"Client ID mismatch"}`},
	conduct.ClientUnknown:                            {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.ClientHeader:                             {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.ClientOfOther:                            {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.ClientOfOther + " by its secret":         {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.ClientOfOther + " at authorize":          {400, `client_id is not this tenant`},
	conduct.SecretSealed:                             {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.SecretWrong:                              {401, `{"error":"invalid_client","error_description":"Bad client credentials"}`},
	conduct.GrantType:                                {400, `unsupported_grant_type`},
	conduct.TokenGet:                                 {405, `invalid_request`},
	conduct.TokenForm:                                {400, `invalid_request`},
	conduct.RedirectURI:                              {400, `redirect_uri is not the registered callback`},
	conduct.RedirectURI + " at the token":            {400, `invalid_grant`},
	conduct.UserinfoBearer:                           {401, `{"error":"unauthorized","error_description":"Full authentication is required to access this resource"}`},
	conduct.UserinfoBearer + " but another scheme":   {401, `"error":"unauthorized"`},
	conduct.UserinfoUnknown:                          {401, `"error":"unauthorized"`},
	conduct.UserinfoExpired:                          {401, `"error":"unauthorized"`},
	conduct.UserinfoOfOther:                          {401, `"error":"unauthorized"`},
	conduct.LogoutParameter:                          {302, `/t/acme/login`},
	conduct.LogoutParameter + " that leads nowhere":  {400, `nobody was led there`},
	conduct.TicketService:                            {200, `"code":"INVALID_SERVICE"`},
	conduct.TicketService + " at the login":          {403, `service is no registered callback`},
	conduct.TicketTwice:                              {200, `"code":"INVALID_TICKET"`},
	conduct.TicketLate:                               {200, `"code":"INVALID_TICKET"`},
	conduct.TicketUnknown:                            {200, `{"serviceResponse":{"authenticationFailure":{"code":"INVALID_TICKET","description":"Ticket ST-x not recognized"}}}`},
	conduct.TicketUnknown + " but a code":            {200, `"code":"INVALID_TICKET"`},
	conduct.TicketOfOther:                            {200, `"code":"INVALID_TICKET"`},
	conduct.TicketParameters:                         {200, `"code":"INVALID_REQUEST"`},
	conduct.TicketParameters + " and another format": {200, `"code":"INVALID_REQUEST"`},
	conduct.CommonHeaders:                            {400, `invalid_request`},
	conduct.PathUnknown:                              {404, `not_found`},
	conduct.PathUnknown + " by its method":           {404, `not_found`},
	conduct.PageIndicator:                            {400, `lacks ind=UNOP`},
	conduct.PageApplication:                          {404, `no such application`},
	conduct.ResponseType:                             {400, `response_type has to be code`},
	conduct.StateMissing:                             {302, ``},
	conduct.StateForm:                                {302, ``},
	conduct.StateTwice:                               {302, ``},
	conduct.ScopeUnknown:                             {302, ``},
	conduct.SecretQuery:                              {200, `"access_token"`},
	conduct.SecretQuery + " at userinfo":             {200, `"userName"`},
	conduct.SecretBrowser:                            {200, `"access_token"`},
	conduct.CodeUnused:                               {0, ``},
	conduct.TicketUnused:                             {0, ``},
	conduct.UserinfoNotAsked:                         {0, ``},
}

// Every rule is found out, by a seller's side that does this one thing wrong, and nothing else is found.
func TestEveryRuleIsFoundOut(t *testing.T) {
	t.Parallel()
	for name, mistake := range mistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			code, _ := s.byPage("zhangsan01", acme)
			status, body := mistake(&faulty{&vendor{t: t, s: s}, code})
			id, _, _ := strings.Cut(name, " ")
			if ids := s.broken(); !slices.Equal(ids, []string{id}) {
				t.Errorf("broken: %v", ids)
			}
			want, ok := answered[name]
			if !ok || status != want.status || !strings.Contains(body, want.body) || strings.HasPrefix(want.body, "{") && body != want.body {
				t.Errorf("answered %d %s", status, body)
			}
			for _, f := range s.Journal().Findings(10) {
				if f.Seen.EN == "" || f.Seen.ZH == "" || f.Sentence.EN == "" || f.Remedy.ZH == "" {
					t.Errorf("%+v", f)
				}
			}
			noSecrets(t, s, code)
		})
	}
	for _, r := range conduct.Rules() {
		if mistakes[r.ID] == nil {
			t.Errorf("no mistake breaks %s", r.ID)
		}
	}
}

// noSecrets looks for secrets and whole codes in what is told.
func noSecrets(t *testing.T, s *site, code string) {
	t.Helper()
	events, _, _ := s.Journal().Events(0)
	text, err := json.Marshal(map[string]any{"events": events, "logins": s.Journal().Logins(100), "findings": s.Journal().Findings(100)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range s.World().Tenants {
		for _, b := range tenant.Applications {
			if strings.Contains(string(text), b.ClientSecret) {
				t.Errorf("the journal holds a secret: %s", text)
			}
		}
	}
	if strings.Contains(string(text), "Demo-1234") || strings.Contains(string(text), code) || regexp.MustCompile(`ST-[A-Z2-7]{8}`).Match(text) {
		t.Errorf("the journal holds a password, a code or a ticket: %s", text)
	}
}

// A wrong client is answered 403 where a tenant is set so.
func TestForbiddenAtTheToken(t *testing.T) {
	t.Parallel()
	s := open(t, settings(func(s *world.Settings) { s.ClientFailure = world.Forbidden }))
	code, _ := s.byPage("zhangsan01", acme)
	f := &faulty{&vendor{t: t, s: s}, code}
	if status, body := f.post(f.form("client_secret", "wrong")); status != 403 || body != `{"error":"access_denied","error_description":"Forbidden"}` {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := f.post(f.form("client_id", "wrong")); status != 403 {
		t.Errorf("%d", status)
	}
	f.right()
}
