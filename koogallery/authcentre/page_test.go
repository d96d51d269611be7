// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

var han = regexp.MustCompile(`\p{Han}+`)

// Every page is there in both languages, holds no foreign address and no key of the catalogue that has no text.
func TestEveryPageInBothLanguages(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	code, _ := s.byPage("zhangsan01", acme)
	f := &faulty{&vendor{t: t, s: s}, code}
	f.right()
	f.post(f.form())
	if _, err := s.SetFault(authcentre.Fault{Kind: "slow", Point: conduct.PointLogout}); err != nil {
		t.Fatal(err)
	}
	inside := newBrowser(t)
	desk := s.Domain(acme) + "/t/acme/workbench"
	inside.login(inside.get(desk), "wangwu03", "Demo-1234", "")
	for name, c := range map[string]struct {
		b           *browser
		address     string
		status      int
		zh, en      string
		ownLangOnly bool // the English page has no Chinese but names
	}{
		"overview":        {newBrowser(t), s.PortalURL() + "/", 200, "违反的规则数，见下表：", "Rules broken, listed below:", false},
		"rules":           {newBrowser(t), s.PortalURL() + "/rules", 200, "一个 code 只使用一次", "A code is used once", true},
		"a login":         {newBrowser(t), s.PortalURL() + "/logins/1", 200, "经过", "Steps", false},
		"no such login":   {newBrowser(t), s.PortalURL() + "/logins/77", 404, "没有这个页面", "There is no such page", true},
		"no number":       {newBrowser(t), s.PortalURL() + "/logins/x", 404, "没有这个页面", "There is no such page", true},
		"unified login":   {newBrowser(t), s.PortalURL() + "/unified-login/portal-login?ind=UNOP&appId=" + crm, 200, "账号", "Account", false},
		"its fragment":    {newBrowser(t), s.PortalURL() + "/unified-login/", 200, "由脚本读取", "a script reads them", true},
		"no application":  {newBrowser(t), s.PortalURL() + "/unified-login/portal-login?ind=UNOP", 404, "没有这个应用", "no such application", true},
		"a tenant's":      {newBrowser(t), s.Domain(acme) + "/t/acme/login", 200, "密码", "Password", false},
		"the workbench":   {inside, desk, 200, "未授权", "not authorised", false},
		"no redirect_uri": {newBrowser(t), s.Domain(acme) + authorizePath + "?client_id=client-acme-crm", 400, "没有跳转", "nobody was led there", true},
		"CAS by OAuth":    {newBrowser(t), s.Domain(acme) + authorizePath + "?client_id=client-acme-cas&redirect_uri=" + url.QueryEscape(seller+"/cas"), 400, "请使用 CAS 登录地址", "use the login address of CAS", true},
	} {
		t.Run(name, func(t *testing.T) {
			for lang, want := range map[string]string{"zh": c.zh, "en": c.en} {
				c.b.t, c.b.lang = t, lang
				p := c.b.get(c.address)
				if p.status != c.status || !strings.Contains(p.text, want) || !strings.Contains(p.text, `<html lang="`+lang+`">`) {
					t.Errorf("%s: %d %s", lang, p.status, p.text)
				}
				if !strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'") || p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%v", p.header)
				}
				if lang == "en" && c.ownLangOnly {
					if other := strings.ReplaceAll(p.text, "中文", ""); han.MatchString(other) {
						t.Errorf("the English page says %v", han.FindAllString(other, 5))
					}
				}
				for _, key := range regexp.MustCompile(`>\s*(err[A-Z]\w*|[a-z]+(?:None|Title|Text|Hint|Button))\s*<`).FindAllString(p.text, -1) {
					t.Errorf("%s has no text", key)
				}
			}
		})
	}
}

// Whatever a template asks of the catalogue is there, in both languages.
func TestTheCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("assets/*.html")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := os.ReadFile("text.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t"(\w+)":\s+\{(.*)\},$`).FindAllStringSubmatch(string(catalogue), -1) {
		lines[m[1]] = m[2]
		zh, en, ok := strings.Cut(m[2], `", "`)
		if !ok || zh == `"` || en == `"` || m[1] != "otherLang" && m[1] != "status" && (!han.MatchString(zh) || han.MatchString(en)) {
			t.Errorf("%s: %s", m[1], m[2])
		}
	}
	asked := map[string]bool{}
	for _, file := range append(files, sources...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`[{( ]t "(\w+)"|"(err[A-Z]\w*)"`).FindAllStringSubmatch(string(text), -1) {
			asked[m[1]+m[2]] = true
		}
	}
	for key := range asked {
		if lines[key] == "" {
			t.Errorf("%q is not in the catalogue", key)
		}
	}
	if len(asked) < 60 {
		t.Errorf("only %d keys were found", len(asked))
	}
}

// Who may log in, and where it ends.
func TestWhoMayLogIn(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	page := s.PortalURL() + "/unified-login/portal-login?ind=UNOP&appId=" + crm
	for name, c := range map[string]struct {
		account, password string
		status            int
		says              string
	}{
		"a wrong password": {"zhangsan01", "x", 401, "The account or the password is wrong"},
		"nobody":           {"nobody", "Demo-1234", 401, "The account or the password is wrong"},
		"disabled":         {"lisi02", "Demo-1234", 403, "The account is disabled"},
		"not authorised":   {"wangwu03", "Demo-1234", 403, "not authorised for this application"},
		"capitals":         {"ZhangSan01", "Demo-1234", 401, "capitals count"},
	} {
		b := newBrowser(t)
		p := b.login(b.get(page), c.account, c.password, "")
		if p.status != c.status || !strings.Contains(p.text, c.says) || p.to != nil || len(p.cookies) != 0 || !strings.Contains(p.text, `name="account" value="`+c.account+`"`) {
			t.Errorf("%s: %d %v %s", name, p.status, p.to, p.text)
		}
	}
	// At a tenant's own page the same, for the application that was asked for.
	_, client, _, callback := (&vendor{t: t, s: s}).of(acme, crm)
	authorize := s.Domain(acme) + authorizePath + "?" + url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"x1"}}.Encode()
	for account, status := range map[string]int{"lisi02": 403, "wangwu03": 403, "nobody": 401} {
		b := newBrowser(t)
		if p := b.login(b.get(authorize), account, "Demo-1234", ""); p.status != status || p.to != nil {
			t.Errorf("%s: %d %v", account, p.status, p.to)
		}
	}
	for _, l := range s.Journal().Logins(100) {
		if l.State != conduct.Refused && l.State != conduct.Begun {
			t.Errorf("%+v", l)
		}
	}
}

// What becomes of a user ends sessions, codes and tokens, and the test account is found or made.
func TestUsersChange(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	v := &vendor{t: t, s: s}
	code, _ := s.byPage("zhangsan01", acme)
	later, _ := s.byPage("zhangsan01", acme)
	g := v.exchange(acme, crm, code)
	v.who(acme, crm, g.Access)
	b := newBrowser(t)
	b.login(b.get(s.Domain(acme)+"/t/acme/workbench"), "zhangsan01", "Demo-1234", "")
	if p := b.get(s.Domain(acme) + "/t/acme/open?appId=" + crm); p.to == nil {
		t.Fatalf("%d", p.status)
	}
	no, yes := false, true
	if err := s.Change(authcentre.Change{TenantID: acme, UserName: "zhangsan01", Enabled: &no}); err != nil {
		t.Fatal(err)
	}
	f := &faulty{v, later}
	for name, answered := range map[string]func() (int, string){
		"userinfo": func() (int, string) {
			status, body, _ := v.call("GET", s.Domain(acme)+userinfoPath, nil, "Authorization", "Bearer "+g.Access)
			return status, body
		},
		"code":    func() (int, string) { return f.post(f.form()) },
		"refresh": func() (int, string) { return f.post(f.form("grant_type", "refresh_token", "refresh_token", g.Refresh)) },
		"session": func() (int, string) {
			p := b.get(s.Domain(acme) + "/t/acme/open?appId=" + crm)
			if p.to != nil || !strings.Contains(p.text, `name="password"`) {
				return 200, p.text
			}
			return 400, ""
		},
	} {
		if status, body := answered(); status < 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if ids := s.broken(); len(ids) != 0 {
		t.Errorf("the seller is blamed for it: %v", ids)
	}
	// Enabled again but not authorised for this application any more: the other one goes on.
	if err := s.Change(authcentre.Change{TenantID: acme, UserName: "zhangsan01", Enabled: &yes, AppID: crm, Authorised: &no}); err != nil {
		t.Fatal(err)
	}
	b = newBrowser(t)
	if p := b.login(b.get(s.PortalURL()+"/unified-login/portal-login?ind=UNOP&appId="+crm), "zhangsan01", "Demo-1234", ""); p.to == nil || p.to.Query().Get("tenant") != bright {
		t.Errorf("%d %v", p.status, p.to)
	}
	if f := (&faulty{v, ""}); !strings.HasPrefix(f.ticket(), "ST-") {
		t.Error("the other application is closed, too")
	}
	role, password := world.RoleAdmin, "New-1234"
	if err := s.Change(authcentre.Change{TenantID: acme, UserName: "zhangsan01", Role: &role, Password: &password, AppID: crm, Authorised: &yes}); err != nil {
		t.Fatal(err)
	}
	b = newBrowser(t)
	p := b.login(b.get(s.PortalURL()+"/unified-login/portal-login?ind=UNOP&appId="+crm), "zhangsan01", "New-1234", "")
	if said := v.who(acme, crm, v.exchange(acme, crm, p.to.Query().Get("code")).Access); said["role"] != "admin" {
		t.Errorf("%v", said)
	}
	empty, boss := "", "boss"
	for name, ch := range map[string]authcentre.Change{
		"no tenant": {TenantID: "x", UserName: "zhangsan01"}, "no user": {TenantID: acme, UserName: "x"}, "no application": {TenantID: acme, UserName: "zhangsan01", AppID: "x", Authorised: &yes},
		"a role": {TenantID: acme, UserName: "zhangsan01", Role: &boss}, "no password": {TenantID: acme, UserName: "zhangsan01", Password: &empty}, "half": {TenantID: acme, UserName: "zhangsan01", AppID: crm},
	} {
		if s.Change(ch) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	there, err := s.TestAccount(crm)
	if err != nil || there != (authcentre.Account{Domain: s.Domain(crane), TenantID: crane, UserName: "test-demo-crm", Password: "Test-1234"}) {
		t.Errorf("%+v %v", there, err)
	}
	s.Reset()
	w := s.World()
	w.Tenants[2].Users = slices.DeleteFunc(w.Tenants[2].Users, func(u world.User) bool { return u.Test })
	for i := range w.Tenants[2].Applications {
		w.Tenants[2].Applications[i].Users = []string{"sunqi05"}
	}
	bare := open(t, func(into *world.World) { *into = *w })
	made, err := bare.TestAccount(crm)
	if err != nil || made.TenantID != acme || !strings.HasPrefix(made.UserName, "test-") {
		t.Fatalf("%+v %v", made, err)
	}
	if again, _ := bare.TestAccount(crm); again != made {
		t.Errorf("%+v", again)
	}
	b = newBrowser(t)
	if p := b.login(b.get(bare.PortalURL()+"/unified-login/portal-login?ind=UNOP&appId="+crm), made.UserName, made.Password, ""); p.to == nil {
		t.Errorf("%d %s", p.status, p.text)
	}
	if _, err := bare.TestAccount("x"); err == nil {
		t.Error("a test account of nothing")
	}
}

// A session that has ended is none any more, whoever still has its cookie; one that is too old, too.
func TestASessionEnds(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	desk := s.Domain(acme) + "/t/acme/workbench"
	for name, end := range map[string]func(b *browser){
		"logged out": func(b *browser) { b.get(s.Domain(acme) + "/api/v1/logout") },
		"too old":    func(*browser) { s.clock.advance(8 * time.Hour) },
		"disabled, and enabled again": func(*browser) {
			for _, enabled := range []bool{false, true} {
				if err := s.Change(authcentre.Change{TenantID: acme, UserName: "zhangsan01", Enabled: &enabled}); err != nil {
					t.Fatal(err)
				}
			}
		},
		"a reset": func(*browser) { s.Reset() },
	} {
		b := newBrowser(t)
		b.login(b.get(desk), "zhangsan01", "Demo-1234", "")
		u, err := url.Parse(desk)
		if err != nil {
			t.Fatal(err)
		}
		kept := b.client.Jar.Cookies(u)
		if p := b.get(desk); p.at.Path != "/t/acme/workbench" || len(kept) != 1 || kept[0].Name != "centre-acme" {
			t.Fatalf("%s: %s %v", name, p.at, kept)
		}
		end(b)
		thief := newBrowser(t)
		thief.client.Jar.SetCookies(u, kept)
		if p := thief.get(desk); p.at.Path != "/t/acme/login" {
			t.Errorf("%s: %s", name, p.at)
		}
	}
}

// What the portal takes and tells as JSON.
func TestTheControlAPI(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	ask := func(method, path, body string, header ...string) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.PortalURL()+"/centre/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		var said map[string]any
		_ = json.Unmarshal(text, &said)
		return answer.StatusCode, said
	}
	code, _ := s.byPage("zhangsan01", acme)
	f := &faulty{&vendor{t: t, s: s}, code}
	f.right()
	f.post(f.form())
	for path, want := range map[string]string{
		"world": `"loginPage":"` + s.PortalURL() + `/unified-login/#/portal-login?ind=UNOP&appId=demo-crm"`, "rules": `"id":"code-twice"`, "logins": `"state":"COMPLETE"`, "logins/1": `"userName":"zhangsan01"`,
		"logins?limit=1": `"id":1`, "verdicts": `"rule":"code-twice"`, "log": `"point":"token"`, "log?after=1": `"seq":2`, "faults": `"unavailable":"503 without JSON"`, "clock": `"now":"2026-05-01T12:00:00Z"`,
	} {
		status, body, _ := f.call("GET", s.PortalURL()+"/centre/"+path, nil)
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"limit":            {"GET", "logins?limit=0", "", 400, "limit is a number"},
		"no login":         {"GET", "logins/7", "", 404, "no such"},
		"after":            {"GET", "log?after=x", "", 400, "after is"},
		"wait":             {"GET", "log?wait=2m", "", 400, "to 1m"},
		"fault":            {"POST", "faults", `{"kind":"slow","delay":"1s","point":"logout"}`, 200, ""},
		"no kind":          {"POST", "faults", `{}`, 400, "kind is none of"},
		"unknown member":   {"POST", "faults", `{"kind":"slow","color":"red"}`, 400, "color: it is not known"},
		"no member":        {"POST", "faults", `{"kind":"slow","":1}`, 400, "it is not known"},
		"no JSON":          {"POST", "faults", `kind=slow`, 400, "no JSON"},
		"too long":         {"POST", "faults", `{"kind":"` + strings.Repeat("x", 65<<10) + `"}`, 400, "too long"},
		"no such fault":    {"DELETE", "faults/77", "", 404, "no such fault"},
		"no number":        {"DELETE", "faults/x", "", 404, "no such fault"},
		"not all by id":    {"DELETE", "faults/0", "", 404, "no such fault"},
		"all faults":       {"DELETE", "faults", "", 200, ""},
		"clock":            {"POST", "clock", `{"advance":"90m"}`, 200, ""},
		"backwards":        {"POST", "clock", `{"advance":"-1h"}`, 400, "goes forward"},
		"no time":          {"POST", "clock", `{"advance":"later"}`, 400, "such as 2h"},
		"user":             {"POST", "users", `{"tenantId":"` + acme + `","userName":"zhangsan01","enabled":false}`, 200, ""},
		"no user":          {"POST", "users", `{"tenantId":"` + acme + `","userName":"x"}`, 404, "no such tenant, user"},
		"settings":         {"POST", "settings", `{"tenantId":"` + acme + `","settings":{"userinfo":"plain"}}`, 200, ""},
		"settings of none": {"POST", "settings", `{"tenantId":"x","settings":{}}`, 404, "no such tenant"},
		"wrong settings":   {"POST", "settings", `{"tenantId":"` + acme + `","settings":{"userinfo":"all"}}`, 400, "settings.userinfo"},
		"test account":     {"POST", "test-accounts", `{"appId":"demo-crm"}`, 200, ""},
		"account of none":  {"POST", "test-accounts", `{"appId":"x"}`, 404, "no such"},
		"another method":   {"PUT", "faults", `{}`, 404, ""},
		"something else":   {"GET", "elsewhere", "", 404, ""},
	} {
		status, said := ask(c.method, c.path, c.body)
		text, _ := said["error_description"].(string)
		if status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	if status, said := ask("GET", "clock", ""); status != 200 || said["now"] != "2026-05-01T13:30:00Z" {
		t.Errorf("%v", said)
	}
	// Who follows is told at once.
	last := ""
	events, _, _ := s.Journal().Events(0)
	if text, err := json.Marshal(events[len(events)-1].Seq); err == nil {
		last = string(text)
	}
	told := make(chan map[string]any)
	go func() { _, said := ask("GET", "log?wait=1m&after="+last, ""); told <- said }()
	s.clock.until(t, time.Minute)
	f.post(f.form())
	if said := <-told; len(said["events"].([]any)) == 0 {
		t.Errorf("%v", said)
	}
	// Another site's page cannot act, not even by a form.
	for _, path := range []string{"reset", "faults", "form/reset", "form/fault", "form/user"} {
		if status, _ := ask("POST", path, "", "Sec-Fetch-Site", "cross-site"); status != 403 {
			t.Errorf("%s from another site: %d", path, status)
		}
	}
	if status, _ := ask("POST", "reset", ""); status != 200 || len(s.Journal().Logins(10)) != 0 || len(s.broken()) != 0 {
		t.Errorf("%d %v", status, s.broken())
	}
}

// The forms of the overview do what they say.
func TestTheOverviewActs(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	b := newBrowser(t)
	post := func(form string, values url.Values) page {
		return b.do("POST", s.PortalURL()+"/centre/form/"+form, values)
	}
	if p := post("fault", url.Values{"kind": {"unavailable"}, "every": {"2"}}); p.status != 200 || p.at.Path != "/" || !strings.Contains(p.text, `<td class="id">unavailable`) || s.Faults()[0].Every != 2 {
		t.Errorf("%d %s", p.status, p.text)
	}
	if p := post("clear", url.Values{"id": {"1"}}); p.status != 200 || len(s.Faults()) != 0 {
		t.Errorf("%d", p.status)
	}
	before := s.Now()
	if post("clock", url.Values{"advance": {"2h"}}); s.Now().Sub(before) != 2*time.Hour {
		t.Errorf("%v", s.Now())
	}
	user := url.Values{"tenantId": {acme}, "userName": {"zhangsan01"}, "enabled": {"false"}}
	if p := post("user", user); !strings.Contains(p.text, `<code>`+acme) || !s.World().Tenants[0].Users[0].Disabled {
		t.Errorf("%d", p.status)
	}
	user.Set("enabled", "true")
	if post("user", user); s.World().Tenants[0].Users[0].Disabled {
		t.Error("still disabled")
	}
	for _, c := range []struct{ form, key, value string }{{"fault", "kind", "x"}, {"clear", "id", "x"}, {"clear", "id", "9"}, {"clock", "advance", "x"}, {"user", "tenantId", "x"}} {
		if p := post(c.form, url.Values{c.key: {c.value}}); p.status != 400 {
			t.Errorf("%v: %d", c, p.status)
		}
	}
	s.byPage("zhangsan01", acme)
	if p := post("reset", nil); p.status != 200 || !strings.Contains(p.text, "Nobody has logged in yet") {
		t.Errorf("%d", p.status)
	}
	if p := b.get(s.PortalURL() + "/?lang=zh"); !strings.Contains(p.text, `<html lang="zh">`) {
		t.Error("the language is not chosen")
	}
	if p := b.get(s.PortalURL() + "/"); !strings.Contains(p.text, `<html lang="zh">`) {
		t.Error("the language is forgotten")
	}
}
