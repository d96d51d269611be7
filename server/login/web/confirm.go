// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// asks asks the person whether to go on as who the centre says. The code is gone from the address of the page that does.
func (v *visit) asks(held session.Held) {
	sealed, err := session.SealHeld(v.s.Book.Sealer, held, store.LoginRequestContext(v.req.ID))
	if err == nil {
		_, err = v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
			session.Note(r, v.step(session.StepAsked))
			r.Step, r.TenantID, r.Held = store.LoginAsked, held.TenantID, sealed
			return nil
		})
	}
	if err != nil {
		v.broken(err)
		return
	}
	v.leads("/confirm?request=" + url.QueryEscape(v.req.ID))
}

// held opens whom the visit's request is about. It is false when the visit is over.
func (v *visit) held() (session.Held, bool) {
	if v.req.Step != store.LoginAsked || !v.isBrowser(v.req.Browser) {
		v.fail(words.RequestOver)
		return session.Held{}, false
	}
	held, err := session.OpenHeld(v.s.Book.Sealer, v.req.Held, store.LoginRequestContext(v.req.ID))
	if err != nil {
		v.broken(err)
		return held, false
	}
	return held, true
}

// confirm shows who it would be.
func (s *Site) confirm(v *visit) {
	if !v.opens(v.r.URL.Query().Get("request")) {
		return
	}
	held, ok := v.held()
	if !ok {
		return
	}
	right, err := s.Gate.Person(v.ctx, *v.app, held.TenantID, held.Person)
	if err != nil {
		v.refused(session.StepRight, "", err)
		return
	}
	v.page(http.StatusOK, "confirm", struct{ Request, Proof, App, Name, UserName, Tenant string }{
		v.req.ID, v.proof("confirm " + v.req.ID), v.app.Name, cmp.Or(right.Name, held.Person.Name, right.Key.UserName), right.Key.UserName,
		cmp.Or(right.TenantName, right.TenantCode, right.Key.TenantID),
	})
}

// confirmed goes on, or does not. The right is read again: the page may have been looked at for minutes.
func (s *Site) confirmed(v *visit) {
	if !v.opens(v.r.PostFormValue("request")) || !v.proven("confirm "+v.req.ID) {
		return
	}
	held, ok := v.held()
	if !ok {
		return
	}
	if v.r.PostFormValue("choice") != "continue" {
		v.over(store.LoginRefused, session.Step{Name: session.StepConfirmed, At: s.Clock.Now(), Fault: words.Declined})
		v.shows(words.Declined)
		return
	}
	v.notes(v.step(session.StepConfirmed))
	if right, ok := v.mayEnter(held); ok {
		v.enters(held, right)
	}
}
