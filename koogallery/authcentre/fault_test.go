// SPDX-License-Identifier: Apache-2.0

package authcentre_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// Every fault does what it says, leaves no finding, and ends when it is cleared: then the same login goes on.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	type seen struct {
		status int
		body   string // a part, or the whole if it begins with {
	}
	at := map[string]struct {
		point conduct.Point
		want  seen
		after string // what has happened to the login meanwhile: "spent" if the call was carried out
	}{
		"invalid-code":          {conduct.PointToken, seen{400, `{"error":"invalid_grant","error_description":"Invalid authorization code"}`}, ""},
		"invalid-refresh-token": {conduct.PointRefresh, seen{400, `{"error":"invalid_grant","error_description":"Invalid refresh token"}`}, ""},
		"client-mismatch":       {conduct.PointToken, seen{401, `{"error":"invalid_client","error_description":"Client ID mismatch"}`}, ""},
		"bad-client":            {conduct.PointToken, seen{401, `{"error":"invalid_client","error_description":"Bad client credentials"}`}, ""},
		"forbidden":             {conduct.PointToken, seen{403, `{"error":"access_denied","error_description":"Forbidden"}`}, ""},
		"unauthorized":          {conduct.PointUserinfo, seen{401, `{"error":"unauthorized","error_description":"Full authentication is required to access this resource"}`}, ""},
		"invalid-ticket":        {conduct.PointValidate, seen{200, `"code":"INVALID_TICKET"`}, ""},
		"invalid-service":       {conduct.PointValidate, seen{200, `"code":"INVALID_SERVICE"`}, ""},
		"invalid-request":       {conduct.PointValidate, seen{200, `"code":"INVALID_REQUEST"`}, ""},
		"internal-error":        {conduct.PointValidate, seen{200, `"code":"INTERNAL_ERROR"`}, ""},
		"expires-in-string":     {conduct.PointToken, seen{200, `"expires_in":"7200"`}, "spent"},
		"no-refresh-token":      {conduct.PointToken, seen{200, `"scope":"get_user_info"}`}, "spent"},
		"plain-userinfo":        {conduct.PointUserinfo, seen{200, `"userName":"zhangsan01","name":"张三"}`}, ""},
		"slow":                  {conduct.PointToken, seen{200, `"access_token"`}, "spent"},
		"unavailable":           {conduct.PointToken, seen{503, `<h1>503`}, ""},
		"cut":                   {conduct.PointToken, seen{0, `unexpected EOF`}, "spent"},
		"content-type":          {conduct.PointToken, seen{200, `"access_token"`}, "spent"},
		"huge":                  {conduct.PointToken, seen{200, `"access_token"`}, "spent"},
		"answer":                {conduct.PointToken, seen{418, `tea`}, ""},
	}
	for kind := range authcentre.FaultKinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c, ok := at[kind]
			if !ok {
				t.Fatal("no case")
			}
			s := open(t, nil)
			code, _ := s.byPage("zhangsan01", acme)
			f := &faulty{&vendor{t: t, s: s}, code}
			var g granted
			ticket := ""
			switch c.point {
			case conduct.PointUserinfo, conduct.PointRefresh:
				g = f.right()
			case conduct.PointValidate:
				f.right()
				ticket = f.ticket()
			}
			call := func() (int, string, string) {
				switch c.point {
				case conduct.PointUserinfo:
					status, body, header := f.call("GET", f.domain(acme, crm)+userinfoPath, nil, "Authorization", "Bearer "+g.Access)
					return status, body, header.Get("Content-Type")
				case conduct.PointRefresh:
					status, body, header := f.call("POST", f.domain(acme, crm)+tokenPath, f.form("grant_type", "refresh_token", "refresh_token", g.Refresh))
					return status, body, header.Get("Content-Type")
				case conduct.PointValidate:
					return 200, f.check(acme, seller+"/cas", ticket), ""
				default:
					status, body, header := f.call("POST", f.domain(acme, crm)+tokenPath, f.form())
					return status, body, header.Get("Content-Type")
				}
			}
			set, err := s.SetFault(authcentre.Fault{Kind: kind, TenantID: acme, Times: 1, Delay: "7s", Status: 418, ContentType: "text/x-tea", Body: "tea"})
			if err != nil || set.ID != 1 {
				t.Fatal(err)
			}
			if kind == "slow" {
				go func() {
					s.clock.until(t, 7*time.Second)
					s.clock.advance(7 * time.Second)
				}()
			}
			before := s.clock.Now()
			status, body, contentType := call()
			if status != c.want.status || !strings.Contains(body, c.want.body) || strings.HasPrefix(c.want.body, "{") && body != c.want.body {
				t.Errorf("answered %d %.300s", status, body)
			}
			switch kind {
			case "slow":
				if s.clock.Now().Sub(before) != 7*time.Second {
					t.Error("it was not slow")
				}
			case "content-type":
				if contentType != "text/html;charset=UTF-8" {
					t.Error(contentType)
				}
			case "answer":
				if contentType != "text/x-tea" {
					t.Error(contentType)
				}
			case "huge":
				if len(body) < 16<<20 {
					t.Errorf("%d bytes", len(body))
				}
			}
			if ids := s.broken(); len(ids) != 0 {
				t.Errorf("broken: %v", ids)
			}
			if list := s.Faults(); len(list) != 1 || list[0].Met != 1 {
				t.Errorf("%+v", list)
			}
			events, _, _ := s.Journal().Events(0)
			if last := events[len(events)-1].Step; last == nil || last.Fault != kind || last.Status != c.want.status {
				t.Errorf("%+v", last)
			}
			if c.after == "spent" { // carried out: the code is used up
				call()
				if ids := s.broken(); len(ids) != 1 || ids[0] != conduct.CodeTwice {
					t.Errorf("broken: %v", ids)
				}
				return
			}
			if status, body, _ := call(); status != 200 || strings.Contains(body, "authenticationFailure") {
				t.Errorf("after it: %d %s", status, body)
			}
		})
	}
	for kind := range at {
		if authcentre.FaultKinds()[kind] == "" {
			t.Errorf("%s is no kind", kind)
		}
	}
}

// Faults are at one tenant, at one point, at every second call, as long as they are set, and together.
func TestFaultsAreAimed(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	v := &vendor{t: t, s: s}
	ask := func(tenant string) int {
		status, _, _ := v.call("GET", v.domain(tenant, crm)+userinfoPath, nil)
		return status
	}
	flaky, err := s.SetFault(authcentre.Fault{Kind: "unavailable", TenantID: bright, Point: conduct.PointUserinfo, Every: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for range 4 {
		got = append(got, ask(bright))
	}
	if got[0] != 401 || got[1] != 503 || got[2] != 401 || got[3] != 503 || ask(acme) != 401 {
		t.Errorf("%v", got)
	}
	if status, _, _ := v.call("POST", v.domain(bright, crm)+tokenPath, url.Values{}); status != 400 {
		t.Errorf("another point: %d", status)
	}
	if err := s.ClearFault(flaky.ID); err != nil || ask(bright) != 401 || ask(bright) != 401 {
		t.Errorf("%v", err)
	}
	if err := s.ClearFault(flaky.ID); !errors.Is(err, authcentre.ErrFault) {
		t.Errorf("%v", err)
	}
	for _, kind := range []string{"unauthorized", "content-type"} {
		if _, err := s.SetFault(authcentre.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, header := v.call("GET", v.domain(acme, crm)+userinfoPath, nil); status != 401 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %v", status, header)
	}
	if err := s.ClearFault(0); err != nil || len(s.Faults()) != 0 {
		t.Errorf("%v", err)
	}
	for name, f := range map[string]authcentre.Fault{
		"a kind":            {Kind: "earthquake"},
		"a point":           {Kind: "slow", Point: "moon"},
		"not there":         {Kind: "unauthorized", Point: conduct.PointToken},
		"too slow":          {Kind: "slow", Delay: "11m"},
		"not a time":        {Kind: "slow", Delay: "soon"},
		"backwards":         {Kind: "slow", Delay: "-1s"},
		"less than never":   {Kind: "slow", Times: -1},
		"no status":         {Kind: "answer"},
		"a status":          {Kind: "answer", Status: 99},
		"a long body":       {Kind: "answer", Status: 200, Body: strings.Repeat("x", 65<<10)},
		"an unknown tenant": {Kind: "slow", TenantID: "x"},
	} {
		if _, err := s.SetFault(f); !errors.Is(err, authcentre.ErrConfig) && !errors.Is(err, authcentre.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 100 {
		if _, err := s.SetFault(authcentre.Fault{Kind: "slow", Point: conduct.PointLogout}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.SetFault(authcentre.Fault{Kind: "slow"}); err == nil {
		t.Error("101 faults")
	}
}

// A stop ends who waits for a slow answer.
func TestAStopEndsSlowAnswers(t *testing.T) {
	t.Parallel()
	w := world.Example(seller)
	clock := newHand()
	c, err := authcentre.New(authcentre.Config{World: w, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	server, err := c.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetFault(authcentre.Fault{Kind: "slow", Delay: "10m"}); err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, s: &site{t: t, Centre: c}}
	over := make(chan int)
	go func() { status, _, _ := v.call("GET", c.Domain(acme)+userinfoPath, nil); over <- status }()
	clock.until(t, 10*time.Minute)
	if err := server.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
	if status := <-over; status != 0 {
		t.Errorf("answered %d", status)
	}
}
