// SPDX-License-Identifier: Apache-2.0

package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	acme   = "68cbc86a0000000000000000000000a1"
	bright = "68cbc86a0000000000000000000000b2"
	seller = "http://127.0.0.1:9"
)

// site is a client, and the authentication centre that it speaks to.
type site struct {
	t      *testing.T
	centre *authcentre.Centre
	client *upstream.Client
}

// open starts both. The first tenant of the centre has settings; rules and budget are the client's.
func open(t *testing.T, settings world.Settings, cfg upstream.Config) *site {
	t.Helper()
	w := world.Example(seller)
	w.Tenants[0].Settings = settings
	s := &site{t: t}
	var err error
	if s.centre, err = authcentre.New(authcentre.Config{World: w, Clock: clock.System{}}); err != nil {
		t.Fatal(err)
	}
	server, err := s.centre.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	guard := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	t.Cleanup(func() {
		guard.Close()
		if err := server.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	cfg.Guard = guard
	for i := range cfg.Rules {
		if cfg.Rules[i].Dialect.Common == "portal" {
			cfg.Rules[i].Dialect.Common = s.centre.PortalURL()
		}
	}
	if s.client, err = upstream.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// tenant is what the directory would know.
func (s *site) tenant(id, app string) upstream.Tenant {
	for _, t := range s.centre.Describe().Tenants {
		for _, c := range t.Clients {
			if t.TenantID == id && c.AppID == app {
				return upstream.Tenant{ID: id, Code: t.TenantCode, Domain: t.Domain, ClientID: c.ClientID, Secret: upstream.Secret(c.ClientSecret), Callback: c.Callback}
			}
		}
	}
	s.t.Fatal("no such tenant")
	return upstream.Tenant{}
}

// person goes to an address, logs in where asked to, and returns the seller's address that the browser is led to.
func (s *site) person(address string) *url.URL {
	s.t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), seller) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if answer.Header.Get("Location") == "" { // the login page of the tenant
		form := url.Values{"login": {answer.Request.URL.Query().Get("login")}, "account": {"zhangsan01"}, "password": {"Demo-1234"}}
		r, _ = http.NewRequestWithContext(s.t.Context(), http.MethodPost, answer.Request.URL.String(), strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if answer, err = client.Do(r); err != nil {
			s.t.Fatal(err)
		}
		answer.Body.Close()
	}
	to, err := answer.Location()
	if err != nil {
		s.t.Fatalf("%d at %s", answer.StatusCode, answer.Request.URL)
	}
	return to
}

// code logs in at authorize.
func (s *site) code(t upstream.Tenant, state string) upstream.Secret {
	s.t.Helper()
	address, err := s.client.AuthorizeURL(t, state)
	if err != nil {
		s.t.Fatal(err)
	}
	to := s.person(address)
	if to.Query().Get("state") != state {
		s.t.Fatalf("the state is %q", to.Query().Get("state"))
	}
	return upstream.Secret(to.Query().Get("code"))
}

func (s *site) ticket(t upstream.Tenant) upstream.Secret {
	s.t.Helper()
	address, err := s.client.CASLoginURL(t)
	if err != nil {
		s.t.Fatal(err)
	}
	return upstream.Secret(s.person(address).Query().Get("ticket"))
}

// kind is the kind of a fault.
func kind(err error) upstream.Kind {
	var f *upstream.Fault
	if !errors.As(err, &f) {
		return upstream.Kind(fmt.Sprint("no fault: ", err))
	}
	return f.Kind
}

// rule is a rule of settings for every domain.
func rule(change func(d *upstream.Dialect), d upstream.Dialect) upstream.Config {
	change(&d)
	return upstream.Config{Rules: []upstream.Rule{{Suffix: "nowhere.example", Dialect: upstream.OneAccess()}, {Dialect: d}}}
}

// A login by OAuth and CAS in every dialect and setting of the centre, which finds nothing wrong with it.
func TestLoginsInEveryDialect(t *testing.T) {
	t.Parallel()
	orgid := rule(func(*upstream.Dialect) {}, upstream.OrgID())
	for name, c := range map[string]struct {
		settings world.Settings
		cfg      upstream.Config
		refresh  bool
		tenant   string // of the person
	}{
		"OneAccess":        {world.Settings{}, upstream.Config{}, true, acme},
		"expires_in":       {world.Settings{ExpiresIn: world.AsString}, upstream.Config{}, true, acme},
		"no refresh_token": {world.Settings{NoRefreshToken: true}, upstream.Config{}, false, acme},
		"plain":            {world.Settings{Userinfo: world.Plain, CASLists: true}, upstream.Config{}, true, ""},
		"protocol":         {world.Settings{Userinfo: world.Brief}, upstream.Config{}, true, acme},
		"OrgID":            {world.Settings{Dialect: world.OrgID}, orgid, true, "acme"},
		"common domain":    {world.Settings{CommonDomain: true}, rule(func(d *upstream.Dialect) { d.Common = "portal" }, upstream.OneAccess()), true, acme},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, c.settings, c.cfg)
			crm, cas := s.tenant(acme, "demo-crm"), s.tenant(acme, "demo-cas")
			got, err := s.client.Exchange(t.Context(), crm, s.code(crm, "state1"))
			if err != nil || got.Access == "" || got.Life != 2*time.Hour || (got.Refresh != "") != c.refresh {
				t.Fatalf("%v %v %v", got.Life, got.Refresh != "", err)
			}
			for range 3 {
				p, err := s.client.Userinfo(t.Context(), crm, got.Access)
				if err != nil || p.UserName != "zhangsan01" || p.Name != "张三" || p.Tenant != c.tenant {
					t.Fatalf("%+v %v", p, err)
				}
				if c.refresh {
					older := got.Refresh
					if got, err = s.client.Refresh(t.Context(), crm, got.Refresh); err != nil || got.Refresh == older {
						t.Fatal(err)
					}
				}
			}
			p, err := s.client.Validate(t.Context(), cas, s.ticket(cas))
			if name == "OrgID" { // whose attributes have no tenant
				c.tenant = ""
			} else {
				c.tenant = acme
			}
			if err != nil || p.UserName != "zhangsan01" || p.Name != "张三" || p.Tenant != c.tenant {
				t.Errorf("%+v %v", p, err)
			}
			for _, address := range []func() (string, error){
				func() (string, error) { return s.client.LogoutURL(crm, seller+"/bye?x=y") },
				func() (string, error) { return s.client.CASLogoutURL(cas, seller+"/bye?x=y") },
			} {
				to, err := address()
				if err != nil {
					t.Fatal(err)
				}
				if c.settings.CommonDomain { // a logout there is known by the browser's session
					continue
				}
				if back := s.person(to); back.String() != seller+"/bye?x=y" {
					t.Errorf("%s leads to %s", to, back)
				}
			}
			for _, f := range s.centre.Journal().Findings(10) {
				t.Errorf("%s: %s", f.Rule, f.Seen.EN)
			}
		})
	}
}

// Every documented error, and every way in which a centre can fail, is a fault of its kind, and shows nothing secret.
func TestEveryErrorIsAFault(t *testing.T) {
	t.Parallel()
	type act func(s *site, crm, cas upstream.Tenant) error
	exchange := func(s *site, crm, _ upstream.Tenant) error {
		_, err := s.client.Exchange(s.t.Context(), crm, s.code(crm, "s1"))
		return err
	}
	refresh := func(s *site, crm, _ upstream.Tenant) error {
		_, err := s.client.Refresh(s.t.Context(), crm, "REFRESHCANARY")
		return err
	}
	userinfo := func(s *site, crm, _ upstream.Tenant) error {
		_, err := s.client.Userinfo(s.t.Context(), crm, "ACCESSCANARY")
		return err
	}
	validate := func(s *site, _, cas upstream.Tenant) error {
		_, err := s.client.Validate(s.t.Context(), cas, s.ticket(cas))
		return err
	}
	fault := func(kind string, then act) act {
		return func(s *site, crm, cas upstream.Tenant) error {
			f := authcentre.Fault{Kind: kind, Delay: "20s", Status: 200, Body: `{"access_token":"x","expires_in":"soon"}`}
			if kind == "slow" || kind == "cut" || kind == "huge" || kind == "unavailable" || kind == "answer" || kind == "content-type" {
				f.Point = conduct.PointToken
			}
			if _, err := s.centre.SetFault(f); err != nil {
				s.t.Fatal(err)
			}
			return then(s, crm, cas)
		}
	}
	answered := func(status int, body string, point conduct.Point, then act) act {
		return func(s *site, crm, cas upstream.Tenant) error {
			if _, err := s.centre.SetFault(authcentre.Fault{Kind: "answer", Point: point, Status: status, Body: body}); err != nil {
				s.t.Fatal(err)
			}
			return then(s, crm, cas)
		}
	}
	cases := map[string]struct {
		do   act
		want upstream.Kind
	}{
		"a code twice": {func(s *site, crm, _ upstream.Tenant) error {
			code := s.code(crm, "s1")
			if _, err := s.client.Exchange(s.t.Context(), crm, code); err != nil {
				return err
			}
			_, err := s.client.Exchange(s.t.Context(), crm, code)
			return err
		}, upstream.CodeRefused},
		"another tenant's code": {func(s *site, crm, _ upstream.Tenant) error {
			_, err := s.client.Exchange(s.t.Context(), s.tenant(bright, "demo-crm"), s.code(crm, "s1"))
			return err
		}, upstream.CodeRefused},
		"another client's code": {func(s *site, crm, cas upstream.Tenant) error {
			_, err := s.client.Exchange(s.t.Context(), cas, s.code(crm, "s1"))
			return err
		}, upstream.ClientMismatch},
		"a wrong secret": {func(s *site, crm, _ upstream.Tenant) error {
			crm.Secret = "SECRETCANARY"
			_, err := s.client.Exchange(s.t.Context(), crm, "CODECANARY")
			return err
		}, upstream.ClientRefused},
		"an old refresh_token":        {refresh, upstream.RefreshRefused},
		"no such token":               {userinfo, upstream.TokenRefused},
		"another tenant's person":     {answered(200, `{"userName":"x","tenant":"`+bright+`"}`, conduct.PointUserinfo, userinfo), upstream.WrongTenant},
		"nobody":                      {answered(200, `{"name":"x"}`, conduct.PointUserinfo, userinfo), upstream.Malformed},
		"a redirect":                  {answered(302, ``, conduct.PointUserinfo, userinfo), upstream.Malformed},
		"too many calls":              {answered(429, `{}`, conduct.PointUserinfo, userinfo), upstream.Busy},
		"userinfo forbidden":          {answered(403, `x`, conduct.PointUserinfo, userinfo), upstream.Forbidden},
		"userinfo, a list":            {answered(200, `[]`, conduct.PointUserinfo, userinfo), upstream.Malformed},
		"token, another 400":          {answered(400, `{"error":"unsupported_grant_type"}`, conduct.PointToken, exchange), upstream.RequestRefused},
		"token, a text":               {answered(400, `<html>`, conduct.PointToken, exchange), upstream.RequestRefused},
		"token, OrgID's form":         {answered(400, `{"error_code":"invalid_grant","error_msg":"x"}`, conduct.PointToken, exchange), upstream.CodeRefused},
		"token, no token":             {answered(200, `{}`, conduct.PointToken, exchange), upstream.Malformed},
		"token, another kind":         {answered(200, `{"access_token":"x","token_type":"mac"}`, conduct.PointToken, exchange), upstream.Malformed},
		"token, no life":              {answered(200, `{"access_token":"x","expires_in":0}`, conduct.PointToken, exchange), upstream.Malformed},
		"CAS, neither":                {answered(200, `{"serviceResponse":{}}`, conduct.PointValidate, validate), upstream.Malformed},
		"CAS, both":                   {answered(200, `{"serviceResponse":{"authenticationSuccess":{"user":"u"},"authenticationFailure":{"code":"c"}}}`, conduct.PointValidate, validate), upstream.Malformed},
		"CAS, XML":                    {answered(200, "<cas:serviceResponse xmlns:cas='x'><cas:authenticationFailure code='INVALID_TICKET'>t</cas:authenticationFailure></cas:serviceResponse>\n", conduct.PointValidate, validate), upstream.TicketRefused},
		"CAS, another document":       {answered(200, "<html><authenticationSuccess><user>u</user></authenticationSuccess></html>", conduct.PointValidate, validate), upstream.Malformed},
		"CAS, two documents":          {answered(200, "<serviceResponse><authenticationSuccess><user>u</user></authenticationSuccess></serviceResponse><x/>", conduct.PointValidate, validate), upstream.Malformed},
		"CAS, another tenant":         {answered(200, "<serviceResponse><authenticationSuccess><user>u</user><attributes><tenant>"+bright+"</tenant></attributes></authenticationSuccess></serviceResponse>", conduct.PointValidate, validate), upstream.WrongTenant},
		"CAS, 404":                    {answered(404, "", conduct.PointValidate, validate), upstream.RequestRefused},
		"fault invalid-code":          {fault("invalid-code", exchange), upstream.CodeRefused},
		"fault invalid-refresh-token": {fault("invalid-refresh-token", refresh), upstream.RefreshRefused},
		"fault client-mismatch":       {fault("client-mismatch", exchange), upstream.ClientMismatch},
		"fault bad-client":            {fault("bad-client", exchange), upstream.ClientRefused},
		"fault forbidden":             {fault("forbidden", exchange), upstream.Forbidden},
		"fault unauthorized":          {fault("unauthorized", userinfo), upstream.TokenRefused},
		"fault invalid-ticket":        {fault("invalid-ticket", validate), upstream.TicketRefused},
		"fault invalid-service":       {fault("invalid-service", validate), upstream.ServiceRefused},
		"fault invalid-request":       {fault("invalid-request", validate), upstream.RequestRefused},
		"fault internal-error":        {fault("internal-error", validate), upstream.Busy},
		"fault slow":                  {fault("slow", exchange), upstream.Timeout},
		"fault unavailable":           {fault("unavailable", exchange), upstream.Busy},
		"fault cut":                   {fault("cut", exchange), upstream.Unreachable},
		"fault huge":                  {fault("huge", exchange), upstream.Malformed},
		"fault answer":                {fault("answer", exchange), upstream.Malformed},
		"fault content-type":          {fault("content-type", exchange), ""}, // it is the right answer
		"fault expires-in-string":     {fault("expires-in-string", exchange), ""},
		"fault no-refresh-token":      {fault("no-refresh-token", exchange), ""},
		"fault plain-userinfo":        {fault("plain-userinfo", exchange), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, world.Settings{}, upstream.Config{Budget: 2 * time.Second})
			crm, cas := s.tenant(acme, "demo-crm"), s.tenant(acme, "demo-cas")
			err := c.do(s, crm, cas)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if kind(err) != c.want {
				t.Fatalf("%v", err)
			}
			for _, secret := range []string{"CANARY", string(crm.Secret), crm.Domain, "ST-", "ticket", "Invalid"} {
				if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
					t.Errorf("%v holds %q", err, secret)
				}
			}
		})
	}
	for name := range authcentre.FaultKinds() {
		if _, ok := cases["fault "+name]; !ok {
			t.Errorf("no case has the fault %s", name)
		}
	}
}

// A tenant's domain leads to no private network, to no other host than the allowed ones, and nowhere that a redirect says.
func TestWhereADomainLeads(t *testing.T) {
	t.Parallel()
	called := 0
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer inner.Close()
	guard := outbound.New(nil, nil, resolver{"rebound.tenants.example": "127.0.0.1"})
	defer guard.Close()
	client, err := upstream.New(upstream.Config{Guard: guard, Suffixes: []string{".tenants.example"}})
	if err != nil {
		t.Fatal(err)
	}
	port := inner.URL[strings.LastIndex(inner.URL, ":"):]
	for name, domain := range map[string]string{
		"nothing": "", "no URL": "::", "http": "http://t1.tenants.example", "loopback": inner.URL, "its name": "https://localhost" + port, "another scheme": "file:///etc/passwd",
		"another suffix": "https://tenants.example.evil.example", "the end of a name": "https://eviltenants.example", "a user": "https://t1.tenants.example@evil.example",
		"metadata": "https://169.254.169.254", "a name that leads inside": "https://rebound.tenants.example" + port,
	} {
		tenant := upstream.Tenant{ID: acme, Domain: domain, ClientID: "c", Secret: "s", Callback: seller}
		_, exchanged := client.Exchange(t.Context(), tenant, "code")
		_, asked := client.Userinfo(t.Context(), tenant, "token")
		_, validated := client.Validate(t.Context(), tenant, "ticket")
		for _, err := range []error{exchanged, asked, validated} {
			if kind(err) != upstream.Address {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := client.AuthorizeURL(tenant, "s"); name != "a name that leads inside" && kind(err) != upstream.Address {
			t.Errorf("%s: a browser is led there", name)
		}
	}
	if called != 0 {
		t.Errorf("%d calls arrived", called)
	}
	for name, cfg := range map[string]upstream.Config{
		"no guard": {}, "a budget": {Guard: guard, Budget: -1}, "a path": {Guard: guard, Rules: []upstream.Rule{{}}},
		"a common domain": {Guard: guard, Rules: []upstream.Rule{{Dialect: func() upstream.Dialect { d := upstream.OneAccess(); d.Common = "x/y"; return d }()}}},
		"no header":       {Guard: guard, Rules: []upstream.Rule{{Dialect: func() upstream.Dialect { d := upstream.OneAccess(); d.TokenHeader = ""; return d }()}}},
	} {
		if _, err := upstream.New(cfg); !errors.Is(err, upstream.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// said is a guard that lets nobody through and answers itself.
type said struct {
	status int
	body   []byte
}

func (said) Check(*url.URL) error { return nil }

func (s said) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

// Whatever a centre answers, there is a person with a name, or a fault.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"userName":"u","tenant":"t","expires_in":"1","access_token":"x"}`))
	f.Add(200, []byte(`{"serviceResponse":{"authenticationSuccess":{"user":"u","attributes":{"role":["a"]}}}}`))
	f.Add(200, []byte(`<cas:serviceResponse xmlns:cas="x"><cas:authenticationSuccess><cas:user>u</cas:user></cas:authenticationSuccess></cas:serviceResponse>`))
	f.Add(400, []byte(`{"error":"invalid_grant"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c, err := upstream.New(upstream.Config{Guard: said{status, body}})
		if err != nil {
			t.Fatal(err)
		}
		tenant := upstream.Tenant{ID: "t", Domain: "https://t.example", ClientID: "c"}
		for _, ask := range []func() (upstream.Person, error){
			func() (upstream.Person, error) { return c.Userinfo(t.Context(), tenant, "x") },
			func() (upstream.Person, error) { return c.Validate(t.Context(), tenant, "x") },
		} {
			p, err := ask()
			var fault *upstream.Fault
			if err != nil && (!errors.As(err, &fault) || fault.Kind == "") || err == nil && (p.UserName == "" || status != 200 || p.Tenant != "" && p.Tenant != "t") {
				t.Errorf("%+v %v", p, err)
			}
		}
		if got, err := c.Exchange(t.Context(), tenant, "x"); err == nil && (got.Access == "" || status != 200 || got.Life < time.Second || got.Life > 30*24*time.Hour) {
			t.Errorf("%v", got.Life)
		}
	})
}

// resolver answers names.
type resolver map[string]string

func (r resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if text, ok := r[host]; ok {
		return []netip.Addr{netip.MustParseAddr(text)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	t.Parallel()
	tenant := upstream.Tenant{ID: acme, Secret: "SECRETCANARY"}
	tokens := upstream.Tokens{Access: "ACCESSCANARY", Refresh: "REFRESHCANARY"}
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(form+form, tenant, tokens); strings.Contains(text, "CANARY") || strings.Contains(text, "43414e") {
			t.Errorf("%s: %s", form, text)
		}
	}
	if text, _ := upstream.Secret("SECRETCANARY").MarshalText(); slices.Contains(strings.Split(string(text), ""), "C") {
		t.Errorf("%s", text)
	}
}
