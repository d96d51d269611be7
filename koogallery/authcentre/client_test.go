// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// vendor is a seller's side as it should be: an OAuth and a CAS client that look everything up by tenant.
type vendor struct {
	t     testing.TB
	s     *site
	extra http.Header // of every call
}

// of returns domain, client and secret of a tenant, as tenantSync and applicationSync bring them.
func (v *vendor) of(tenant, app string) (domain, client, secret, callback string) {
	for _, t := range v.s.Describe().Tenants {
		for _, c := range t.Clients {
			if t.TenantID == tenant && c.AppID == app {
				return t.Domain, c.ClientID, c.ClientSecret, c.Callback
			}
		}
	}
	v.t.Fatalf("no %s of %s", app, tenant)
	return "", "", "", ""
}

// call makes a call and returns what came.
func (v *vendor) call(method, address string, form url.Values, header ...string) (int, string, http.Header) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range v.extra {
		r.Header[name] = values
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return answer.StatusCode, string(body), answer.Header
}

// granted is the answer of the token address.
type granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires any    `json:"expires_in"`
	Kind    string `json:"token_type"`
	Scope   string `json:"scope"`
}

func (v *vendor) exchange(tenant, app, code string) granted {
	v.t.Helper()
	domain, client, secret, _ := v.of(tenant, app)
	return v.token(domain, url.Values{"client_id": {client}, "client_secret": {secret}, "code": {code}, "grant_type": {"authorization_code"}})
}

func (v *vendor) refresh(tenant, app, token string) granted {
	v.t.Helper()
	domain, client, secret, _ := v.of(tenant, app)
	return v.token(domain, url.Values{"client_id": {client}, "client_secret": {secret}, "refresh_token": {token}, "grant_type": {"refresh_token"}})
}

func (v *vendor) token(domain string, form url.Values) granted {
	v.t.Helper()
	status, body, _ := v.call("POST", domain+"/api/v1/oauth2/token", form)
	var g granted
	if err := json.Unmarshal([]byte(body), &g); status != 200 || err != nil || g.Access == "" || g.Kind != "Bearer" || g.Scope != "get_user_info" {
		v.t.Fatalf("%d %s", status, body)
	}
	return g
}

// who asks userinfo.
func (v *vendor) who(tenant, app, token string) map[string]string {
	v.t.Helper()
	domain, _, _, _ := v.of(tenant, app)
	status, body, _ := v.call("GET", domain+"/api/v1/oauth2/userinfo", nil, "Authorization", "Bearer "+token, "Accept", "application/json")
	said := map[string]string{}
	if err := json.Unmarshal([]byte(body), &said); status != 200 || err != nil {
		v.t.Fatalf("%d %s", status, body)
	}
	return said
}

// byPage logs in through the unified login page and returns code and tenant of the callback.
func (s *site) byPage(account, tenant string) (code, at string) {
	s.t.Helper()
	b := newBrowser(s.t)
	p := b.login(b.get(s.PortalURL()+"/unified-login/portal-login?ind=UNOP&appId="+crm), account, "Demo-1234", tenant)
	if p.to == nil || !strings.HasPrefix(p.to.String(), seller+"/callback?code=") || p.to.Query().Has("state") {
		s.t.Fatalf("%d %v %s", p.status, p.to, p.text)
	}
	return p.to.Query().Get("code"), p.to.Query().Get("tenant")
}

// A client that keeps to the documents breaks no rule, from every entrance, at three tenants, however long it goes on.
func TestACorrectClientRaisesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	v := &vendor{t: t, s: s}

	for tenant, account := range map[string]string{acme: "zhangsan01", bright: "zhangsan01", crane: "sunqi05"} {
		// The unified login page, where zhangsan01 has to say of which tenant he is.
		code, at := s.byPage(account, tenant)
		if at != tenant {
			t.Fatalf("led to %s instead of %s", at, tenant)
		}
		g := v.exchange(at, crm, code)
		if g.Expires != 7200.0 || g.Refresh == "" {
			t.Errorf("%+v", g)
		}
		said := v.who(at, crm, g.Access)
		if said["userName"] != account || said["tenant"] != tenant || said["role"] != "user" || said["organizationName"] != "研发部" || (said["mobile"] != "") != (tenant == bright) {
			t.Errorf("%v", said)
		}
		// A day of work: renewed before each token ends, with the newest refresh token.
		for range 12 {
			s.clock.advance(119 * time.Minute)
			g = v.refresh(at, crm, g.Refresh)
			if again := v.who(at, crm, g.Access); again["userName"] != account {
				t.Errorf("%v", again)
			}
		}

		// The workbench: code and tenant.
		b := newBrowser(t)
		desk := b.login(b.get(v.domain(tenant, crm)+"/t/"+code3(tenant)+"/workbench"), account, "Demo-1234", "")
		if !strings.Contains(desk.text, "示例 CRM") {
			t.Fatalf("%d %s", desk.status, desk.text)
		}
		p := b.get(v.domain(tenant, crm) + "/t/" + code3(tenant) + "/open?appId=" + crm)
		if p.to == nil || p.to.Query().Get("tenant") != tenant {
			t.Fatalf("%d %v", p.status, p.to)
		}
		if said := v.who(tenant, crm, v.exchange(tenant, crm, p.to.Query().Get("code")).Access); said["userName"] != account {
			t.Errorf("%v", said)
		}

		// The seller starts it, and the user is logged in at the centre already.
		domain, client, _, callback := v.of(tenant, crm)
		state := rand.Text()
		p = b.get(domain + "/api/v1/oauth2/authorize?" + url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {state}, "scope": {"get_user_info"}}.Encode())
		if p.to == nil || p.to.RawQuery != "code="+p.to.Query().Get("code")+"&state="+state {
			t.Fatalf("%d %v", p.status, p.to)
		}
		v.who(tenant, crm, v.exchange(tenant, crm, p.to.Query().Get("code")).Access)

		// Logged out, the same leads to the login page, and on from there.
		p = b.get(domain + "/api/v1/logout?redirect_url=" + url.QueryEscape(seller+"/bye?a=b"))
		if p.to == nil || p.to.String() != seller+"/bye?a=b" {
			t.Fatalf("%d %v", p.status, p.to)
		}
		state = rand.Text()
		p = b.login(b.get(domain+"/api/v1/oauth2/authorize?"+url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {state}}.Encode()), account, "Demo-1234", "")
		if p.to == nil || p.to.Query().Get("state") != state {
			t.Fatalf("%d %v %s", p.status, p.to, p.text)
		}
		v.who(tenant, crm, v.exchange(tenant, crm, p.to.Query().Get("code")).Access)

		// CAS, in every version and form, from the page, the tile and by itself.
		v.casWalk(b, tenant, account)
	}
	s.clock.advance(31 * 24 * time.Hour)
	if ids := s.broken(); len(ids) != 0 {
		t.Errorf("a correct client breaks %v: %+v", ids, s.Journal().Findings(5))
	}
	for _, l := range s.Journal().Logins(1000) {
		if l.State != conduct.Complete && l.State != conduct.Ended {
			t.Errorf("%d: %s %+v", l.ID, l.State, l.Steps)
		}
	}
}

func (v *vendor) domain(tenant, app string) string {
	domain, _, _, _ := v.of(tenant, app)
	return domain
}

func code3(tenant string) string {
	return map[string]string{acme: "acme", bright: "bright", crane: "crane"}[tenant]
}

// casWalk logs in by CAS.
func (v *vendor) casWalk(b *browser, tenant, account string) {
	v.t.Helper()
	domain, _, _, service := v.of(tenant, cas)
	ticket := func(address string) string {
		p := b.get(address)
		if p.to == nil || !strings.HasPrefix(p.to.Query().Get("ticket"), "ST-") || p.to.Path != "/cas" {
			v.t.Fatalf("%d %v", p.status, p.to)
		}
		return p.to.Query().Get("ticket")
	}
	login := domain + "/api/v1/cas/login?service=" + url.QueryEscape(service)
	check := func(path, ticket, format string) (int, string, http.Header) {
		query := url.Values{"service": {service}, "ticket": {ticket}}
		if format != "" {
			query.Set("format", format)
		}
		return v.call("GET", domain+path+"?"+query.Encode(), nil)
	}
	_, body, header := check("/api/v1/cas/p3/serviceValidate", ticket(login), "")
	var said struct {
		ServiceResponse struct {
			AuthenticationSuccess struct {
				User       string            `json:"user"`
				Attributes map[string]string `json:"attributes"`
			} `json:"authenticationSuccess"`
		} `json:"serviceResponse"`
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil || said.ServiceResponse.AuthenticationSuccess.User != account ||
		said.ServiceResponse.AuthenticationSuccess.Attributes["tenant"] != tenant || header.Get("Content-Type") != "application/json;charset=UTF-8" {
		v.t.Errorf("%s", body)
	}
	_, body, _ = check("/api/v1/cas/p3/serviceValidate", ticket(v.domain(tenant, cas)+"/t/"+code3(tenant)+"/open?appId="+cas), "XML")
	var said3 struct {
		User string `xml:"authenticationSuccess>user"`
		Role string `xml:"authenticationSuccess>attributes>role"`
		Name string `xml:"authenticationSuccess>attributes>name"`
	}
	if err := xml.Unmarshal([]byte(body), &said3); err != nil || said3.User != account || said3.Role != "user" || said3.Name == "" {
		v.t.Errorf("%v %s", err, body)
	}
	if _, body, _ = check("/api/v1/cas/serviceValidate", ticket(login), "xml"); !strings.Contains(body, "<cas:user>"+account+"</cas:user>") || strings.Contains(body, "attributes") {
		v.t.Errorf("%s", body)
	}
	if _, body, _ = check("/api/v1/cas/validate", ticket(login), ""); body != "yes\n"+account+"\n" {
		v.t.Errorf("%q", body)
	}
	p := newBrowser(v.t)
	led := p.login(p.get(v.s.PortalURL()+"/unified-login/portal-login?ind=UNOP&appId="+cas), account, "Demo-1234", tenant)
	if led.to == nil || led.to.Query().Get("tenant") != tenant {
		v.t.Fatalf("%d %v", led.status, led.to)
	}
	if _, body, _ = check("/api/v1/cas/p3/serviceValidate", led.to.Query().Get("ticket"), "JSON"); !strings.Contains(body, `"user":"`+account+`"`) {
		v.t.Errorf("%s", body)
	}
	if p := b.get(domain + "/api/v1/cas/logout?service=" + url.QueryEscape(service)); p.to == nil || p.to.String() != service {
		v.t.Errorf("%d %v", p.status, p.to)
	}
}

// The settings of a tenant change what goes over the wire, and a client that knows them breaks nothing.
func TestSettingsChangeTheWire(t *testing.T) {
	t.Parallel()
	token := func(s *site) (string, string) {
		v := &vendor{t: t, s: s}
		code, at := s.byPage("zhangsan01", acme)
		domain, client, secret, _ := v.of(at, crm)
		_, body, _ := v.call("POST", domain+"/api/v1/oauth2/token", url.Values{"client_id": {client}, "client_secret": {secret}, "code": {code}, "grant_type": {"authorization_code"}})
		var g granted
		_ = json.Unmarshal([]byte(body), &g)
		_, said, _ := v.call("GET", domain+"/api/v1/oauth2/userinfo", nil, "Authorization", "bearer "+g.Access)
		return body, said
	}
	for name, c := range map[string]struct {
		change      func(s *world.Settings)
		token, info string // what the answers end with; * stands for what is random
	}{
		"defaults":         {func(*world.Settings) {}, `"expires_in":7200,"scope":"get_user_info","refresh_token":"*"}`, `"tenant":"` + acme + `","accName":"zhangsan01","loginName":"zhangsan01"}`},
		"expires_in":       {func(s *world.Settings) { s.ExpiresIn = world.AsString }, `"expires_in":"7200","scope":"get_user_info","refresh_token":"*"}`, `}`},
		"no refresh_token": {func(s *world.Settings) { s.NoRefreshToken = true }, `"expires_in":7200,"scope":"get_user_info"}`, `}`},
		"plain":            {func(s *world.Settings) { s.Userinfo = world.Plain }, `}`, `","userName":"zhangsan01","name":"张三"}`},
		"protocol":         {func(s *world.Settings) { s.Userinfo = world.Brief }, `}`, `{"userName":"zhangsan01","name":"张三","role":"user","organizationCode":"10001","tenant":"` + acme + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, settings(c.change))
			got, said := token(s)
			if !endsLike(got, c.token) || !endsLike(said, c.info) || len(s.broken()) != 0 {
				t.Errorf("%s\n%s\n%v", got, said, s.broken())
			}
		})
	}
	t.Run("lists of CAS", func(t *testing.T) {
		t.Parallel()
		s := open(t, settings(func(s *world.Settings) { s.CASLists, s.AuthorizeTenant = true, world.Always }))
		b, v := newBrowser(t), &vendor{t: t, s: s}
		domain, _, _, service := v.of(acme, cas)
		p := b.login(b.get(domain+"/api/v1/cas/login?service="+url.QueryEscape(service)), "zhaoliu04", "Demo-1234", "")
		if p.to == nil || p.to.Query().Get("tenant") != acme {
			t.Fatal(p.to)
		}
		_, body, _ := v.call("GET", domain+"/api/v1/cas/p3/serviceValidate?"+url.Values{"service": {service}, "ticket": {p.to.Query().Get("ticket")}}.Encode(), nil)
		if !strings.Contains(body, `"role":["admin"]`) {
			t.Error(body)
		}
	})
	t.Run("an older refresh token counts", func(t *testing.T) {
		t.Parallel()
		s := open(t, settings(func(s *world.Settings) { s.KeepRefreshToken = true }))
		v := &vendor{t: t, s: s}
		code, at := s.byPage("zhangsan01", acme)
		g := v.exchange(at, crm, code)
		v.refresh(at, crm, g.Refresh)
		v.refresh(at, crm, g.Refresh)
		if ids := s.broken(); !slices.Equal(ids, []string{conduct.RefreshOld}) {
			t.Error(ids)
		}
	})
}

// endsLike compares the end of a text; * stands for letters and digits.
func endsLike(text, end string) bool {
	head, tail, star := strings.Cut(end, "*")
	if !star {
		return strings.HasSuffix(text, end)
	}
	text, ok := strings.CutSuffix(text, tail)
	return ok && strings.HasSuffix(strings.TrimRight(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), head)
}

// OrgID's paths, header, fields and form of errors.
func TestOrgID(t *testing.T) {
	t.Parallel()
	s := open(t, settings(func(s *world.Settings) { s.Dialect = world.OrgID }))
	v := &vendor{t: t, s: s}
	domain, client, secret, callback := v.of(acme, crm)
	const at = "/orgid/openapi/v1"
	for _, offline := range []bool{false, true} {
		code, _ := s.byPage("zhangsan01", acme)
		form := url.Values{"client_id": {client}, "client_secret": {secret}, "code": {code}, "grant_type": {"authorization_code"}, "redirect_uri": {callback}}
		if offline {
			form.Set("access_type", "offline")
		}
		status, body, _ := v.call("POST", domain+at+"/oauth2/token", form)
		var g granted
		if err := json.Unmarshal([]byte(body), &g); err != nil || status != 200 || (g.Refresh != "") != offline {
			t.Fatalf("%d %s", status, body)
		}
		for _, header := range []string{"X-OrgID-Authorization", "Authorization"} {
			if status, body, _ := v.call("GET", domain+at+"/oauth2/userinfo", nil, header, "Bearer "+g.Access); status != 200 || !strings.HasPrefix(body, `{"tenant_name":"甲方制造","tenant":"acme","name":"张三","user_name":"zhangsan01","user_id":"`) {
				t.Errorf("%d %s", status, body)
			}
		}
	}
	if ids := s.broken(); len(ids) != 0 {
		t.Errorf("%v", ids)
	}
	status, body, _ := v.call("POST", domain+at+"/oauth2/token", url.Values{"client_id": {client}, "client_secret": {secret}, "code": {"x"}, "grant_type": {"authorization_code"}})
	if want := `{"error_code":"invalid_grant","error_msg":"Invalid authorization code","error":"invalid_grant","error_description":"Invalid authorization code"}`; status != 400 || body != want {
		t.Errorf("%d %s", status, body)
	}
	b := newBrowser(t)
	if p := b.get(domain + "/oauth/logout?service=" + url.QueryEscape(seller+"/bye")); p.to == nil || p.to.Path != "/bye" {
		t.Errorf("%d %v", p.status, p.to)
	}
	p := b.login(b.get(domain+at+"/cas/login?service="+url.QueryEscape(seller+"/cas")), "zhangsan01", "Demo-1234", "")
	_, body, _ = v.call("GET", domain+at+"/cas/p3/serviceValidate?"+url.Values{"service": {seller + "/cas"}, "ticket": {p.to.Query().Get("ticket")}}.Encode(), nil)
	if !strings.Contains(body, `"displayName":"张三"`) || !strings.Contains(body, `"uid":"`) {
		t.Error(body)
	}
}

// A tenant's domain may be one of the user's own, which leads to where the centre listens.
func TestADomainOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := open(t, func(w *world.World) { w.Tenants[0].Domain = "https://acme.example/" })
	d := s.Describe().Tenants
	if s.Domain(acme) != "https://acme.example" || d[0].Domain != "https://acme.example" || d[0].Workbench != "https://acme.example/t/acme/workbench" || d[1].Listens != "" {
		t.Errorf("%+v", d[0])
	}
	if status, _, _ := (&vendor{t: t, s: s}).call("GET", d[0].Listens+userinfoPath, nil); status != 401 {
		t.Errorf("%d at %s", status, d[0].Listens)
	}
}

// At the common domain two headers say who is meant.
func TestTheCommonDomain(t *testing.T) {
	t.Parallel()
	s := open(t, settings(func(s *world.Settings) { s.CommonDomain = true }))
	domain, client, secret, callback := (&vendor{t: t, s: s}).of(acme, crm)
	if domain != s.PortalURL() {
		t.Fatalf("%s is not %s", domain, s.PortalURL())
	}
	v := &vendor{t: t, s: s, extra: http.Header{"X-Tenant-Id": {acme}, "X-Client-Id": {client}}}
	code, at := s.byPage("zhangsan01", acme)
	if said := v.who(at, crm, v.exchange(at, crm, code).Access); said["tenant"] != acme {
		t.Errorf("%v", said)
	}
	b := newBrowser(t)
	p := b.login(b.get(domain+"/api/v1/oauth2/authorize?"+url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {rand.Text()}}.Encode()), "zhangsan01", "Demo-1234", "")
	v.who(acme, crm, v.exchange(acme, crm, p.to.Query().Get("code")).Access)
	p = b.get(domain + "/t/acme/open?appId=" + crm)
	v.who(acme, crm, v.exchange(acme, crm, p.to.Query().Get("code")).Access)
	p = b.get(domain + "/t/acme/open?appId=" + cas)
	v.extra.Set("X-client-id", "client-acme-cas")
	if _, body, _ := v.call("GET", domain+"/api/v1/cas/p3/serviceValidate?"+url.Values{"service": {seller + "/cas"}, "ticket": {p.to.Query().Get("ticket")}}.Encode(), nil); !strings.Contains(body, "zhangsan01") {
		t.Error(body)
	}
	if p := b.get(domain + "/api/v1/logout?redirect_url=" + url.QueryEscape(seller+"/bye")); p.to == nil || p.to.Path != "/bye" {
		t.Errorf("%d %v", p.status, p.to)
	}
	if ids := s.broken(); len(ids) != 0 {
		t.Errorf("%v", ids)
	}
	form := url.Values{"client_id": {client}, "client_secret": {secret}, "code": {"x"}, "grant_type": {"authorization_code"}}
	for name, header := range map[string]http.Header{"none": {}, "no client": {"X-Tenant-Id": {acme}}, "no such tenant": {"X-Tenant-Id": {"x"}}, "a tenant with a domain": {"X-Tenant-Id": {bright}}} {
		v := &vendor{t: t, s: s, extra: header}
		if status, body, _ := v.call("POST", domain+"/api/v1/oauth2/token", form); status != 400 || !strings.Contains(body, "invalid_request") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if ids := s.broken(); !slices.Equal(ids, []string{conduct.CommonHeaders}) {
		t.Errorf("%v", ids)
	}
}
