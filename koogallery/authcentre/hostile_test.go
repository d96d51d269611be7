// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// Nobody is led to an address of a stranger's choice, and no page says what a stranger has written as anything but text.
func TestStrangersLeadNobodyAway(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	domain := s.Domain(acme)
	evil := url.QueryEscape("https://evil.example/")
	for _, address := range []string{
		domain + authorizePath + "?response_type=code&client_id=client-acme-crm&redirect_uri=" + evil,
		domain + authorizePath + "?response_type=code&client_id=x&redirect_uri=" + evil,
		domain + "/api/v1/cas/login?service=" + evil,
		domain + "/api/v1/logout?redirect_url=javascript:alert(1)",
		domain + "/api/v1/logout?redirect_url=" + url.QueryEscape("/\\evil.example"),
		domain + "/api/v1/logout?redirect_url=" + url.QueryEscape("https://evil.example/\r\nSet-Cookie: a=b"),
		domain + "/t/acme/login?login=" + evil,
		domain + "/t/nobody/login",
		domain + "/t/acme/open?appId=" + evil,
		s.PortalURL() + "/unified-login/portal-login?ind=UNOP&appId=" + url.QueryEscape(`"><script>alert(1)</script>`),
		s.PortalURL() + "/unified-login/portal-login?ind=" + url.QueryEscape(`<b>`) + "&appId=" + crm,
		s.PortalURL() + "/centre-assets/../centre.go",
		s.PortalURL() + "/?lang=" + url.QueryEscape(`"><b>`),
	} {
		p := newBrowser(t).get(address)
		if p.to != nil || strings.Contains(p.text, "<script>alert") || strings.Contains(p.text, "<b>") || strings.Contains(p.text, "evil.example\"") || p.header.Get("Set-Cookie") != "" && strings.Contains(p.header.Get("Set-Cookie"), "a=b") || p.status >= 500 {
			t.Errorf("%s: %d %v %s", address, p.status, p.to, p.text)
		}
	}
	// A tenant's domain has its own pages only, the portal those of all.
	for address, status := range map[string]int{domain + "/t/crane/login": 404, domain + "/t/acme/login": 200, domain + "/t/ACME/login": 200, s.PortalURL() + "/t/crane/login": 200} {
		if p := newBrowser(t).get(address); p.status != status {
			t.Errorf("%s: %d", address, p.status)
		}
	}
	// A login page of one tenant goes on with no other tenant's login, and a choice is used once, by the tenants that it has.
	_, client, _, callback := (&vendor{t: t, s: s}).of(bright, crm)
	p := newBrowser(t).get(s.Domain(bright) + authorizePath + "?" + url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"x1"}}.Encode())
	b := newBrowser(t)
	if p := b.do("POST", domain+"/t/acme/login", url.Values{"login": {hidden(p.text).Get("login")}, "account": {"zhaoliu04"}, "password": {"Demo-1234"}}); p.to != nil || p.at.Path != "/t/acme/workbench" {
		t.Errorf("%d %v", p.status, p.to)
	}
	b = newBrowser(t)
	form := url.Values{"ind": {"UNOP"}, "appId": {crm}, "account": {"zhangsan01"}, "password": {"Demo-1234"}}
	choice := hidden(b.do("POST", s.PortalURL()+"/unified-login/portal-login", form).text)
	choice.Set("tenant", crane)
	for range 2 {
		if p := b.do("POST", s.PortalURL()+"/unified-login/choose", choice); p.status != 400 || p.to != nil {
			t.Errorf("%d %v", p.status, p.to)
		}
		choice.Set("tenant", acme) // the choice is gone
	}
	// Another site cannot log somebody in.
	r, _ := http.NewRequestWithContext(t.Context(), "POST", s.PortalURL()+"/unified-login/portal-login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil || answer.StatusCode != 403 {
		t.Errorf("%v %v", answer, err)
	}
	answer.Body.Close()
	// A tile's click counts once, and for its own tenant.
	b = newBrowser(t)
	b.login(b.get(domain+"/t/acme/workbench"), "zhaoliu04", "Demo-1234", "")
	var launched *url.URL
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Query().Has("launch") {
			launched = r.URL
		}
		if "http://"+r.URL.Host == seller {
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.get(domain + "/t/acme/open?appId=" + crm)
	if p := b.get(launched.String()); p.to == nil || p.to.Query().Has("tenant") {
		t.Errorf("%d %v", p.status, p.to)
	}
	// And for no other tenant.
	b.login(b.get(s.Domain(bright)+"/t/bright/workbench"), "zhaoliu04", "Demo-1234", "")
	for _, address := range []string{
		s.Domain(bright) + authorizePath + "?" + url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}}.Encode(),
		s.Domain(bright) + "/api/v1/cas/login?service=" + url.QueryEscape(seller+"/cas"),
	} {
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the click is not used up
		click := b.get(domain + "/t/acme/open?appId=" + crm).to.Query().Get("launch")
		if p := b.get(address + "&launch=" + click); p.to == nil || p.to.Query().Has("tenant") || p.to.Query().Get("code")+p.to.Query().Get("ticket") == "" {
			t.Errorf("%d %v", p.status, p.to)
		}
	}
	if ids := s.broken(); !strings.Contains(strings.Join(ids, " "), conduct.StateMissing) {
		t.Errorf("the second click is the seller's own: %v", ids)
	}
}

// token posts bytes to a token address without a network.
func post(t testing.TB, h http.Handler, body []byte, contentType string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), "POST", tokenPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHostileForms(t *testing.T) {
	t.Parallel()
	c, err := authcentre.New(authcentre.Config{World: world.Example(seller), Clock: newHand()})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Tenant(acme)
	const form = "application/x-www-form-urlencoded"
	for name, body := range map[string]string{
		"twice":      "grant_type=authorization_code&code=a&code=b",
		"semicolons": "grant_type=authorization_code;code=a",
		"escapes":    "grant_type=%zz",
		"nothing":    "",
		"bytes":      "\xff\x00\xfe=\x01&client_secret=\xff",
		"long":       "client_secret=" + strings.Repeat("a", 65<<10),
		"many":       strings.Repeat("a=b&", 5000),
		"sealed":     "grant_type=refresh_token&client_id=client-acme-crm&client_secret=" + strings.Repeat("A", 1<<15),
	} {
		if w := post(t, h, []byte(body), form+"; charset=utf-8"); w.Code < 400 || w.Code > 405 || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, kind := range []string{"", "multipart/form-data; boundary=x", "application/json", "\x00", strings.Repeat("a", 1000)} {
		if w := post(t, h, []byte("grant_type=authorization_code"), kind); w.Code != 400 {
			t.Errorf("%q: %d", kind, w.Code)
		}
	}
	for _, f := range c.Journal().Findings(100) {
		if len(f.Seen.EN) > 600 {
			t.Errorf("%d bytes of a stranger's", len(f.Seen.EN))
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add([]byte("grant_type=authorization_code&code=x&client_id=client-acme-crm&client_secret=secret-of-acme-crm-0123456789"), "application/x-www-form-urlencoded")
	f.Add([]byte("grant_type=refresh_token&client_secret="+strings.Repeat("A", 512)), "application/x-www-form-urlencoded;")
	f.Add([]byte{0xff, '=', '%'}, "text/plain")
	c, err := authcentre.New(authcentre.Config{World: world.Example(seller), Clock: newHand()})
	if err != nil {
		f.Fatal(err)
	}
	h := c.Tenant(acme)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if w := post(t, h, body, contentType); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// Many log in at once, and what is remembered stays bounded.
func TestManyLogInAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	v := &vendor{t: t, s: s}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 6 {
				tenant, account := []string{acme, bright, crane}[n%3], []string{"zhangsan01", "zhaoliu04"}[i%2]
				if tenant == crane {
					account = "zhaoliu04"
				}
				code, at := s.byPage(account, tenant)
				g := v.exchange(at, crm, code)
				if said := v.who(at, crm, g.Access); said["userName"] != account || said["tenant"] != at {
					t.Errorf("%v instead of %s of %s", said, account, at)
				}
				s.Journal().Logins(10)
				s.Describe()
			}
		})
	}
	all.Wait()
	if ids := s.broken(); len(ids) != 0 || len(s.Journal().Logins(100)) != 48 {
		t.Errorf("%v, %d logins", ids, len(s.Journal().Logins(100)))
	}
}

// Of many uses of one code at the same time one succeeds.
func TestOneUseOfACode(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	code, _ := s.byPage("zhangsan01", acme)
	f := &faulty{&vendor{t: t, s: s}, code}
	got := make(chan int, 10)
	for range cap(got) {
		go func() { status, _ := f.post(f.form()); got <- status }()
	}
	good := 0
	for range cap(got) {
		if <-got == 200 {
			good++
		}
	}
	if list := s.Journal().Findings(10); good != 1 || len(list) != 1 || list[0].Rule != conduct.CodeTwice || list[0].Times != 9 {
		t.Errorf("%d, %+v", good, list)
	}
}

// By HTTPS with the authority that was made for it, and by nobody's leave without.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	certificate, authority, err := authcentre.NewCertificate(time.Now(), "127.0.0.1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	c, err := authcentre.New(authcentre.Config{World: world.Example(seller), Clock: newHand(), Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	server, err := c.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}, Certificate: certificate})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop(10 * time.Second) }()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) || !strings.HasPrefix(c.Domain(acme), "https://127.0.0.1:") {
		t.Fatal(c.Domain(acme))
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	r, _ := http.NewRequestWithContext(t.Context(), "POST", c.PortalURL()+"/unified-login/portal-login", strings.NewReader("ind=UNOP&appId=demo-crm&account=sunqi05&password=Demo-1234"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if cookie := answer.Header.Get("Set-Cookie"); answer.StatusCode != 302 || !strings.Contains(cookie, "Secure") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("%d %q", answer.StatusCode, cookie)
	}
	r, _ = http.NewRequestWithContext(t.Context(), "GET", c.Domain(acme), nil)
	if answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r); err == nil {
		answer.Body.Close()
		t.Error("a stranger's certificate is trusted")
	}
}

func TestWhatACentreCannotBeMadeFrom(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]authcentre.Config{
		"nothing":         {},
		"no clock":        {World: world.Example(seller)},
		"an empty world":  {World: &world.World{}, Clock: newHand()},
		"a language":      {World: world.Example(seller), Clock: newHand(), Language: "fr"},
		"a negative life": {World: world.Example(seller), Clock: newHand(), CodeLife: -1},
		"a short life":    {World: world.Example(seller), Clock: newHand(), AccessLife: time.Millisecond},
	} {
		if _, err := authcentre.New(cfg); !errors.Is(err, authcentre.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := authcentre.New(authcentre.Config{World: world.Example(seller), Clock: newHand()})
	if err != nil {
		t.Fatal(err)
	}
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	addr := strings.TrimPrefix(taken.URL, "http://")
	for name, addrs := range map[string][]string{"none": nil, "no port": {"127.0.0.1"}, "taken": {addr}, "a tenant's is taken": {"127.0.0.1:0", addr}, "too many": {"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}} {
		if _, err := c.Start(t.Context(), authcentre.Options{Addrs: addrs}); err == nil {
			t.Errorf("%s: it listens", name)
		}
	}
}
