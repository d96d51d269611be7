// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hand is a clock that is moved by hand.
type hand struct {
	mu     sync.Mutex
	now    time.Time
	timers []*handTimer
	asked  chan time.Duration // is told of every timer, if there is room
}

type handTimer struct {
	of *hand
	at time.Time
	c  chan time.Time
}

func newHand() *hand {
	return &hand{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), asked: make(chan time.Duration, 16)}
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) NewTimer(d time.Duration) clock.Timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &handTimer{h, h.now.Add(d), make(chan time.Time, 1)}
	h.timers = append(h.timers, t)
	select {
	case h.asked <- d:
	default:
	}
	return t
}

func (h *hand) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	h.timers = slices.DeleteFunc(h.timers, func(t *handTimer) bool {
		if t.at.After(h.now) {
			return false
		}
		t.c <- h.now
		return true
	})
}

// until waits until somebody asks for a timer of a length.
func (h *hand) until(t testing.TB, d time.Duration) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case asked := <-h.asked:
			if asked == d {
				return
			}
		case <-late:
			t.Errorf("nobody waits for %v", d)
			return
		}
	}
}

func (t *handTimer) C() <-chan time.Time { return t.c }

func (t *handTimer) Stop() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.timers = slices.DeleteFunc(t.of.timers, func(o *handTimer) bool { return o == t })
}

// site is a centre that listens, with the clock that it goes by.
type site struct {
	t testing.TB
	*authcentre.Centre
	clock  *hand
	server *authcentre.Server
}

// The ids of the example's tenants and applications, and the address of a seller that does not exist.
const (
	acme   = "68cbc86a0000000000000000000000a1"
	bright = "68cbc86a0000000000000000000000b2"
	crane  = "68cbc86a0000000000000000000000c3"
	crm    = "demo-crm"
	cas    = "demo-cas"
	seller = "http://127.0.0.1:9"
)

// open starts a centre for a world, the example's after change.
func open(t testing.TB, change func(w *world.World)) *site {
	t.Helper()
	w := world.Example(seller)
	if change != nil {
		change(w)
	}
	s := &site{t: t, clock: newHand()}
	var err error
	if s.Centre, err = authcentre.New(authcentre.Config{World: w, Clock: s.clock}); err != nil {
		t.Fatal(err)
	}
	if s.server, err = s.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.server.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return s
}

// settings changes the settings of the first tenant.
func settings(change func(s *world.Settings)) func(w *world.World) {
	return func(w *world.World) { change(&w.Tenants[0].Settings) }
}

// browser is a person with a cookie jar, who follows redirects as long as they stay at the centre.
type browser struct {
	t      testing.TB
	client *http.Client
	lang   string
}

func newBrowser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	return &browser{t: t, lang: "en", client: &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host == seller {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// page is what a browser shows.
type page struct {
	status  int
	text    string
	at      *url.URL
	to      *url.URL // the seller's address that the browser is led to
	header  http.Header
	cookies []*http.Cookie
}

func (b *browser) do(method, address string, form url.Values) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", b.lang)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := page{status: answer.StatusCode, text: string(text), at: answer.Request.URL, header: answer.Header, cookies: answer.Cookies()}
	if to, err := answer.Location(); err == nil {
		p.to = to
	}
	return p
}

func (b *browser) get(address string) page { b.t.Helper(); return b.do("GET", address, nil) }

// hidden returns the hidden members of a form.
func hidden(text string) url.Values {
	form := url.Values{}
	for _, part := range strings.Split(text, `<input type="hidden" name="`)[1:] {
		name, rest, _ := strings.Cut(part, `" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(name, value)
	}
	return form
}

// login fills in the form of a page, and chooses a tenant if it is asked for.
func (b *browser) login(p page, account, password, tenant string) page {
	b.t.Helper()
	form := hidden(p.text)
	form.Set("account", account)
	form.Set("password", password)
	_, rest, ok := strings.Cut(p.text, `<form method="post" action="`)
	action, _, _ := strings.Cut(rest, `"`)
	to, err := p.at.Parse(action)
	if !ok || err != nil {
		b.t.Fatalf("there is no form: %d %s", p.status, p.text)
	}
	p = b.do("POST", to.String(), form)
	if strings.Contains(p.text, `action="/unified-login/choose"`) {
		form = hidden(p.text)
		form.Set("tenant", tenant)
		to, _ = p.at.Parse("/unified-login/choose")
		p = b.do("POST", to.String(), form)
	}
	return p
}

// broken are the rules that were broken, sorted, without repetition.
func (s *site) broken() []string {
	var ids []string
	for _, f := range s.Journal().Findings(1000) {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
