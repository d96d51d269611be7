// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// trialSteps are the steps of a whole trial, in their order.
var trialSteps = []session.StepName{
	session.StepSent, session.StepCallback, session.StepTenant, session.StepToken, session.StepPerson, session.StepRight,
}

// trial shows a trial of the login: how far it has come, and what went wrong. Who knows its address may see it; it names nobody.
func (s *Site) trial(v *visit) {
	r, err := s.Store.LoginRequest(v.ctx, v.r.PathValue("request"))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && r.Entrance != store.LoginByTrial:
		v.fail(words.PageUnknown)
		return
	case err != nil:
		v.broken(err)
		return
	}
	v.req = &r
	if !v.knows(r.AppID) {
		return
	}
	v.browser()
	v.page(http.StatusOK, "trial", v.trialPage(&r))
}

// trialStep is a step as the page shows it.
type trialStep struct {
	Name        string
	State       string // ok, failed, waiting
	At          time.Time
	Host, Said  string
	What, Staff string // of a fault
}

type trialPage struct {
	Request, Proof, App, AppID, Callback, Start string
	Open, Done, Failed, Begun                   bool
	Steps                                       []trialStep
}

func (v *visit) trialPage(r *store.LoginRequest) trialPage {
	p := trialPage{
		Request: r.ID, Proof: v.proof("trial " + r.ID), App: v.app.Name, AppID: v.app.AppID,
		Callback: registry.CallbackURL(v.s.Issuer, v.app.AppID), Start: registry.StartURL(v.s.Issuer, v.app.AppID),
		Done: r.Step == store.LoginDone, Failed: r.Step == store.LoginFailed || r.Step == store.LoginRefused,
	}
	p.Open = !p.Done && !p.Failed && v.s.Clock.Now().Before(r.ExpiresAt)
	seen := make(map[session.StepName]session.Step)
	var cas, failed bool
	for _, step := range session.Steps(r) {
		seen[step.Name] = step
		p.Begun = p.Begun || step.Name == session.StepSent
	}
	_, token := seen[session.StepToken]
	_, person := seen[session.StepPerson]
	cas = person && !token
	for _, name := range trialSteps {
		if cas && name == session.StepToken {
			continue
		}
		one := trialStep{Name: string(name), State: "waiting"}
		if step, ok := seen[name]; ok {
			one.State, one.At, one.Host, one.Said = "ok", step.At, step.Host, step.Said
			if step.Fault != "" {
				f := words.Of(step.Fault)
				one.State, one.What, one.Staff, failed = "failed", f.What.In(v.lang), f.Staff.In(v.lang), true
			}
		}
		p.Steps = append(p.Steps, one)
	}
	p.Failed = p.Failed || failed
	return p
}

// trialBegun binds the trial to this browser and sends it to the centre.
func (s *Site) trialBegun(v *visit) {
	if !v.opens(v.r.PathValue("request")) || !v.proven("trial "+v.req.ID) || !v.binds() {
		return
	}
	if v.req.Entrance != store.LoginByTrial {
		v.fail(words.PageUnknown)
		return
	}
	tenantID, ok := v.hinted(v.r.PostFormValue("tenant"))
	if ok {
		v.sends(tenantID)
	}
}

// trialDone ends a trial that went well. There is no session: nobody was to be logged in.
func (v *visit) trialDone(held session.Held, right gate.Right) {
	r, err := v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
		r.Step, r.TenantID, r.Held = store.LoginDone, cmp.Or(held.TenantID, r.TenantID), nil
		return nil
	})
	switch {
	case errors.Is(err, session.ErrOver):
		v.fail(words.RequestOver)
		return
	case err != nil:
		v.broken(err)
		return
	}
	v.req = &r
	v.finish("", ordersOf(right.Instances))
	v.leads("/try/" + r.ID)
}
