// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// chromium is a page of a real browser, driven by its debugging protocol.
type chromium struct {
	t  *testing.T
	ws *websocket.Conn
	n  int
}

// startChromium starts a browser with nothing remembered.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "centre-chromium-") //nolint:usetesting // its removal may fail while the browser dies
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en",
		"--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir="+dir, "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	var port []string
	for end := time.Now().Add(30 * time.Second); len(port) < 2; time.Sleep(50 * time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(dir, "DevToolsActivePort"))
		if port = strings.Split(string(text), "\n"); len(port) < 2 && time.Now().After(end) {
			t.Fatal("the browser does not start")
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://127.0.0.1:"+port[0]+"/json/new?about:blank", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct {
		WS string `json:"webSocketDebuggerUrl"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	ws, err := websocket.Dial(page.WS, "", "http://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return &chromium{t: t, ws: ws}
}

// do sends a command and returns its result.
func (c *chromium) do(method string, params map[string]any) json.RawMessage {
	c.t.Helper()
	c.n++
	if err := websocket.JSON.Send(c.ws, map[string]any{"id": c.n, "method": method, "params": params}); err != nil {
		c.t.Fatal(err)
	}
	for {
		var said struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := websocket.JSON.Receive(c.ws, &said); err != nil {
			c.t.Fatal(err)
		}
		if said.ID == c.n {
			return said.Result
		}
	}
}

// eval evaluates an expression that gives a text.
func (c *chromium) eval(js string) string {
	c.t.Helper()
	var said struct {
		Result struct{ Value any }
	}
	_ = json.Unmarshal(c.do("Runtime.evaluate", map[string]any{"expression": js, "userGesture": true}), &said)
	text, _ := said.Result.Value.(string)
	return text
}

func (c *chromium) open(address string) {
	c.t.Helper()
	c.do("Page.navigate", map[string]any{"url": address})
}

// until waits for a page whose text holds want.
func (c *chromium) until(want string) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(c.eval(`document.body ? document.body.innerText : ""`), want); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%q does not come; at %s is\n%s", want, c.eval("location.href"), c.eval("document.body.innerText"))
		}
	}
}

// login fills the form in and presses its button.
func (c *chromium) login(account, password string) {
	c.t.Helper()
	c.until("Account")
	c.eval(fmt.Sprintf(`document.getElementById("account").value = %q; document.getElementById("password").value = %q; document.querySelector("button.primary").click(); ""`, account, password))
}

// press clicks the link or button with a text.
func (c *chromium) press(text string) {
	c.t.Helper()
	c.until(text)
	c.eval(fmt.Sprintf(`[...document.querySelectorAll("a, button")].find(e => e.innerText === %q).click(); ""`, text))
}

// demoApp is a seller's application: it says who has come.
func demoApp(s **site) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		v := &vendor{t: (*s).t, s: *s}
		tenant := r.FormValue("tenant")
		said := v.who(tenant, crm, v.exchange(tenant, crm, r.FormValue("code")).Access)
		fmt.Fprintf(w, "welcome %s of %s", said["userName"], said["projectName"])
	})
	mux.HandleFunc("GET /cas", func(w http.ResponseWriter, r *http.Request) {
		v := &vendor{t: (*s).t, s: *s}
		_, _, _, service := v.of(r.FormValue("tenant"), cas)
		_, body, _ := v.call("GET", v.domain(r.FormValue("tenant"), cas)+"/api/v1/cas/p3/serviceValidate?service="+service+"&ticket="+r.FormValue("ticket"), nil)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, "CAS says ", body)
	})
	return mux
}

// A person goes through the unified login page, whose parameters only the browser sees, and the workbench.
func TestInARealBrowser(t *testing.T) {
	c := startChromium(t)
	var s *site
	app := httptest.NewServer(demoApp(&s))
	defer app.Close()
	s = open(t, func(w *world.World) { *w = *world.Example(app.URL) })
	page := s.Describe().Applications[0].Page
	if !strings.Contains(page, "/unified-login/#/portal-login?ind=UNOP&appId=demo-crm") {
		t.Fatal(page)
	}

	c.open(page + "&lang=en")
	c.login("zhangsan01", "wrong")
	c.until("The account or the password is wrong")
	c.login("zhangsan01", "Demo-1234")
	c.press("明亮照明")
	c.until("welcome zhangsan01 of 明亮照明")
	// Another fragment on the page that is open already is no new page for a browser.
	c.open(s.PortalURL() + "/unified-login/")
	c.until("Opening the login page")
	c.eval(`location.hash = "#/portal-login?ind=UNOP&appId=demo-cas"; ""`)
	c.login("sunqi05", "Demo-1234")
	c.until(`CAS says {"serviceResponse":{"authenticationSuccess"`)

	c.open(s.Domain(acme) + "/t/acme/workbench")
	c.login("zhaoliu04", "Demo-1234")
	c.until("赵六")
	c.press("Open")
	c.until("welcome zhaoliu04 of 甲方制造")
	if ids := s.broken(); len(ids) != 0 {
		t.Errorf("broken: %v", ids)
	}

	// On a telephone nothing scrolls sideways, in either language, and every field has its label.
	c.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": true})
	for _, address := range []string{
		s.PortalURL() + "/", s.PortalURL() + "/rules", s.PortalURL() + "/logins/1", s.Describe().Applications[0].Query, s.Domain(acme) + "/t/acme/workbench", s.PortalURL() + "/t/crane/login",
	} {
		for lang, name := range map[string]string{"zh": "认证中心模拟器", "en": "Authentication centre simulator"} {
			at := address + "?lang=" + lang
			if strings.Contains(address, "?") {
				at = address + "&lang=" + lang
			}
			c.open(at)
			c.until(name)
			if wide := c.eval(`String(document.documentElement.scrollWidth)`); wide != "390" {
				t.Errorf("%s is %s wide", at, wide)
			}
			if bare := c.eval(`[...document.querySelectorAll("input:not([type=hidden]), select")].filter(e => e.labels.length === 0).map(e => e.name).join()`); bare != "" {
				t.Errorf("%s: %s without a label", at, bare)
			}
		}
	}
	c.do("Emulation.clearDeviceMetricsOverride", map[string]any{})
	c.open(s.PortalURL() + "/?lang=en")

	// The overview says so, waits for what is new, and its forms work under the policy of its pages.
	c.open(s.PortalURL() + "/")
	c.until("No rule is broken.")
	s.byPageAgain()
	c.press("There is something new: show it")
	c.until("No rule is broken.")
	c.press("Disable")
	for end := time.Now().Add(20 * time.Second); !s.World().Tenants[0].Users[0].Disabled; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the button did nothing")
		}
	}
}

// byPageAgain begins a login.
func (s *site) byPageAgain() {
	newBrowser(s.t).get(s.Describe().Applications[0].Query)
}
