// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/koogate/koogate/client/login"
	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// ready leaves what needs more than Go to make login-test.
func ready(t *testing.T) {
	t.Helper()
	if os.Getenv("KOOGATE_LOGIN_TEST") == "" {
		t.Skip("make login-test runs it: it needs chromium, and packages of Node.js")
	}
}

// chromium starts a real browser; each of its windows remembers nothing of the others.
func chromium(t *testing.T) context.Context {
	t.Helper()
	ready(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Flag("lang", "en"),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(60*time.Second))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// window is one person's browser.
func window(browser context.Context, t *testing.T, width int64) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800)); err != nil { // without a time limit, which would end the window
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stop)
	return ctx
}

// does does something in a window and says where the window is when it cannot.
func does(ctx context.Context, t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		where, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		at, _ := chromedp.Run(where, chromedp.Location())
		text, _ := chromedp.Run(where, chromedp.Text("body"))
		t.Fatalf("%s: %v, at %s: %s", what, err, at, text)
	}
}

// reads is what a window shows.
func reads[T any](ctx context.Context, t *testing.T, what string, a chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return value
}

// TestInABrowser: a real Chromium, from both entrances, by OAuth and by CAS, three tenants at once: the app shows the right person of the right
// tenant.
func TestInABrowser(t *testing.T) {
	browser := chromium(t)
	for _, id := range []string{oauth, cas} {
		r := newRig(t)
		s := r.newSite(id)
		people := []struct {
			account, tenant, enterprise string
			tile                        bool
		}{
			{"zhangsan01", acme, "甲方制造", false}, {"zhangsan01", bright, "明亮照明", true}, {"sunqi05", crane, "鹤翔物流", false},
			{"zhangsan01", acme, "甲方制造", true}, {"zhangsan01", bright, "明亮照明", false}, {"sunqi05", crane, "鹤翔物流", true},
		}
		var all sync.WaitGroup
		for _, p := range people {
			ctx := window(browser, t, 1440)
			all.Go(func() {
				name := fmt.Sprintf("%s %s of %s, tile %v", id, p.account, p.enterprise, p.tile)
				if p.tile {
					does(ctx, t, name+": workbench", chromedp.Navigate(r.workbench(p.tenant)), chromedp.SendKeys("#account", p.account), chromedp.SendKeys("#password", password+"\n"),
						chromedp.WaitVisible(".tiles"), chromedp.Click(`a[href*="appId=`+id+`"]`), chromedp.WaitVisible(`button[value="continue"]`), chromedp.Click(`button[value="continue"]`))
				} else {
					does(ctx, t, name+": app", chromedp.Navigate(s.at+"/"), chromedp.WaitVisible("#account"), chromedp.SendKeys("#account", p.account), chromedp.SendKeys("#password", password+"\n"))
					if p.account == "zhangsan01" {
						does(ctx, t, name+": tenant", chromedp.WaitVisible(`button[value="`+p.tenant+`"]`), chromedp.Click(`button[value="`+p.tenant+`"]`))
					}
				}
				text := ""
				for ctx.Err() == nil && !strings.HasPrefix(text, "true ") { // while the window goes from page to page there is no text
					text, _ = chromedp.Run(ctx, chromedp.Text("body"))
					time.Sleep(50 * time.Millisecond)
				}
				var who login.Person
				_, person, _ := strings.Cut(text, "{")
				_ = json.Unmarshal([]byte("{"+person), &who)
				if who.UserName != p.account || who.TenantID != p.tenant || who.Enterprise != p.enterprise {
					t.Errorf("%s: the app shows %s", name, text)
				}
			})
		}
		all.Wait()
		if findings := r.centre.Journal().Findings(10); len(findings) > 0 {
			t.Errorf("%s: %+v", id, findings)
		}
	}
}

// workbench is where a tenant's people click on tiles.
func (r *rig) workbench(tenantID string) string {
	for _, t := range r.centre.Describe().Tenants {
		if t.TenantID == tenantID {
			return t.Workbench
		}
	}
	return ""
}

// TestThePagesInABrowser: nothing is wider than the window at either width, the style sheet is in force in spite of the policy, what a
// person can act on can be reached by the keyboard, and axe-core finds no fault in light and dark.
func TestThePagesInABrowser(t *testing.T) {
	browser := chromium(t)
	axe, err := os.ReadFile("../../../.ci/tools/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	for _, lang := range []string{words.Chinese, words.English} {
		for _, width := range []int64{390, 1440} {
			ctx := window(browser, t, width)
			does(ctx, t, "language", chromedp.Navigate(r.issuer+"/?lang="+lang))
			look := func(name string) {
				t.Helper()
				does(ctx, t, name, chromedp.WaitVisible(".card"))
				over := reads(ctx, t, name, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
				radius := reads(ctx, t, name, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".card")).borderTopLeftRadius`))
				does(ctx, t, name, chromedp.KeyEvent("\t"))
				focused := reads(ctx, t, name, chromedp.Evaluate[string](`document.activeElement.className`))
				if over || radius != "6px" || focused != "skip" {
					t.Errorf("%s, %s at %d: wider than the window %v, radius %s, focus %q", name, lang, width, over, radius, focused)
				}
				for _, scheme := range []string{"light", "dark"} {
					does(ctx, t, name, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
						_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
							Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
						})
						return err
					}))
					faults := reads(ctx, t, name, chromedp.Evaluate[string](string(axe)+`; axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")).join("; "))`, chromedp.EvalAwaitPromise))
					if faults != "" {
						t.Errorf("%s, %s at %d, %s: %s", name, lang, width, scheme, faults)
					}
				}
				if dir := os.Getenv("KOOGATE_SHOTS"); dir != "" {
					png := reads(ctx, t, name, chromedp.CaptureScreenshot())
					_ = os.WriteFile(fmt.Sprintf("%s/%s-%s-%d.png", dir, name, lang, width), png, 0o600)
				}
			}
			look("unknown")
			does(ctx, t, "tenant", chromedp.Navigate(r.asks(oauth, ask{choose: true})))
			look("tenant")
			does(ctx, t, "confirm", chromedp.Navigate(r.unused(oauth, "sunqi05", crane)))
			look("confirm")
			does(ctx, t, "declined", chromedp.Click(`button[value="no"]`), chromedp.WaitVisible("details"))
			look("declined")
			r.fault(authcentre.Fault{Kind: "bad-client", Times: 1})
			does(ctx, t, "fault", chromedp.Navigate(r.unused(oauth, "sunqi05", crane)), chromedp.Evaluate[chromedp.Void](`document.querySelector("details").open = true`))
			look("fault")
			a, err := r.store.LoginApplication(t.Context(), oauth)
			r.world.Must(err)
			q, err := r.book.Begin(t.Context(), &a, store.LoginByTrial, nil)
			r.world.Must(err)
			does(ctx, t, "trial", chromedp.Navigate(registry.TrialURL(r.issuer, q.ID)))
			look("trial")
			session.Note(&q, session.Step{Name: session.StepSent}, session.Step{Name: session.StepTenant, Host: "t1.example.com"}, session.Step{Name: session.StepToken, Fault: "BUSY", Said: "HTTP 503"})
			_, err = r.store.ChangeLoginRequest(t.Context(), q.ID, func(x *store.LoginRequest) error {
				x.Steps, x.Step, x.Reason = q.Steps, store.LoginFailed, "BUSY"
				return nil
			})
			r.world.Must(err)
			does(ctx, t, "trial", chromedp.Reload())
			look("trial-failed")
			does(ctx, t, "logout", chromedp.Navigate(r.issuer+"/logout"))
			look("logout")
		}
	}
}
