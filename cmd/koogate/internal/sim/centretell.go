// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/clock"
)

// teller says what happens at a centre.
type teller struct {
	out      *terminal.Console
	centre   *authcentre.Centre
	language string
	clock    clock.Clock
	json     bool
	last     int64 // the event that was told last
	names    map[string]string
}

// say chooses one of two texts.
func (t *teller) say(zh, en string) string {
	if t.language == "zh" {
		return zh
	}
	return en
}

// object prints a line of JSON.
func (t *teller) object(v any) {
	e := json.NewEncoder(t.out.Data())
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who cannot print cannot say so either
}

// ready says what to enter at the seller's side.
func (t *teller) ready() {
	d := t.centre.Describe()
	t.names = make(map[string]string)
	for _, tenant := range d.Tenants {
		t.names[tenant.TenantID] = tenant.Name
	}
	if t.json {
		t.object(map[string]any{"ready": d})
		return
	}
	w := t.out.Out
	fmt.Fprintf(w, "%s  %s/\n", t.say("认证中心（概览、结论、故障）", "authentication centre (overview, verdicts, faults)"), d.Portal)
	for _, a := range d.Applications {
		fmt.Fprintf(w, "\n%s %s · %s · appId %s\n", t.say("应用", "application"), terminal.Cell(a.Name), a.Protocol, terminal.Cell(a.AppID))
		fmt.Fprintf(w, "  %s  %s\n", t.say("统一登录页", "login page"), a.Page)
		fmt.Fprintf(w, "  %s  %s\n", t.say("回调地址", "callback"), terminal.Cell(a.Callback))
	}
	for _, tenant := range d.Tenants {
		fmt.Fprintf(w, "\n%s %s · %s\n", t.say("租户", "tenant"), terminal.Cell(tenant.Name), terminal.Cell(tenant.TenantID))
		if tenant.Listens != "" {
			fmt.Fprintf(w, "  %s  %s\n", t.say("域名须指向", "its domain has to lead to"), tenant.Listens)
		}
		fmt.Fprintf(w, "  domainName  %s\n  %s  %s\n", tenant.Domain, t.say("工作台", "workbench"), tenant.Workbench)
		for _, c := range tenant.Clients {
			fmt.Fprintf(w, "  %s  clientId %s  clientSecret %s\n", terminal.Cell(c.AppID), terminal.Cell(c.ClientID), terminal.Cell(c.ClientSecret))
		}
		for _, u := range tenant.Users {
			var about []string
			if u.Role == "admin" {
				about = append(about, t.say("管理员", "administrator"))
			}
			if u.Disabled {
				about = append(about, t.say("已停用", "disabled"))
			}
			if len(u.Apps) == 0 {
				about = append(about, t.say("未授权", "not authorised"))
			}
			if u.Test {
				about = append(about, t.say("测试账号", "test account"))
			}
			fmt.Fprintf(w, "  %s / %s  %s\n", terminal.Cell(u.UserName), terminal.Cell(u.Password), strings.Join(about, ", "))
		}
	}
	fmt.Fprintf(w, "\n%s\n", t.say("等待登录；Ctrl-C 结束", "waiting for logins; Ctrl-C ends it"))
}

// follow tells events until the context is done.
func (t *teller) follow(ctx context.Context) {
	for {
		changed := t.news()
		timer := t.clock.NewTimer(time.Second) // a code that nobody uses is no event until somebody looks
		select {
		case <-changed:
		case <-timer.C():
		case <-ctx.Done():
			t.news()
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// news tells what has not been told.
func (t *teller) news() <-chan struct{} {
	events, lost, changed := t.centre.Journal().Events(t.last)
	if lost > 0 {
		fmt.Fprintf(t.out.Err, "%d %s\n", lost, t.say("条记录来不及显示", "lines were left out"))
	}
	for _, e := range events {
		t.last = e.Seq
		switch {
		case t.json:
			t.object(e)
		case e.Step != nil:
			t.step(e.Step)
		default:
			t.finding(e.Finding)
		}
	}
	return changed
}

// step tells one step.
func (t *teller) step(s *conduct.Step) {
	var about []string
	if s.UserName != "" {
		about = append(about, s.UserName)
	}
	if s.TenantID != "" {
		about = append(about, t.names[s.TenantID])
	}
	if s.Error != "" {
		about = append(about, "✕ "+s.Error)
	}
	if s.Said != "" && s.Said != s.Error {
		about = append(about, s.Said)
	}
	if s.Fault != "" {
		about = append(about, t.say("故障 ", "fault ")+s.Fault)
	}
	login, status := "", strconv.Itoa(s.Status)
	if s.Status == 0 {
		status = t.say("中断", "cut")
	}
	if s.Login != 0 {
		login = fmt.Sprint(" #", s.Login)
	}
	fmt.Fprintf(t.out.Out, "%s%s %s %s %s  %s\n", s.At.In(wiretime.Beijing()).Format("15:04:05"), login, s.Point, terminal.Cell(s.Method), status, terminal.Cell(strings.Join(about, " · ")))
}

// finding tells which rule was broken.
func (t *teller) finding(f *conduct.Finding) {
	fmt.Fprintf(t.out.Out, "✕ %s %s: %s\n    %s: %s\n    %s: %s\n", f.Severity, f.Rule, f.Sentence.In(t.language), t.say("看到", "seen"), terminal.Cell(f.Seen.In(t.language)),
		t.say("怎么改", "what to do"), f.Remedy.In(t.language))
}

// end says how it came out, and returns how many rules were broken.
func (t *teller) end() int {
	t.news() // what the time has brought about
	j := t.centre.Journal()
	broken := make(map[string]bool)
	for _, f := range j.Findings(1 << 20) {
		broken[f.Rule] = true
	}
	logins := len(j.Logins(conduct.MaxLogins))
	if t.json {
		t.object(map[string]any{"end": map[string]int{"logins": logins, "rulesBroken": len(broken)}})
	} else {
		fmt.Fprintf(t.out.Out, t.say("%d 次登录，违反的规则数：%d\n", "%d logins, rules broken: %d\n"), logins, len(broken))
	}
	return len(broken)
}
