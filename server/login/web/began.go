// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/subtle"
	"errors"
	"net/url"

	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// finds finds the login that the authentication centre brings back, and says whether this browser has begun it here.
//
//   - With a state it is the login that the state was given out for, or none: a state that was not given out, was used, or comes from another
//     browser is refused. Somebody has put a code of their own into it.
//   - Without a state it is the login that this browser was sent to the unified login page, or to CAS, for: its cookie says so. A login that a
//     state was given out for is not finished without it.
//   - Otherwise it began at the workbench, or somebody else has made the browser come here. bound is false, and the person is asked.
//
// ok is false when the visit is over.
func (v *visit) finds(q url.Values) (bound, ok bool) {
	if state := q.Get("state"); state != "" {
		return true, v.findsState(state)
	}
	if id := v.cookie(ofApp(pendingCookie, v.app)); id != "" {
		r, err := v.s.Book.Open(v.ctx, id)
		switch {
		case err == nil && r.AppID == v.app.AppID && len(r.StateDigest) == 0 && v.isBrowser(r.Browser):
			v.takes(&r)
			return v.app.Settings.Confirm != registry.ConfirmWithoutState, true
		case err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, session.ErrOver):
			v.broken(err)
			return false, false
		}
	}
	digest := v.browser()
	r, err := v.s.Book.Begin(v.ctx, v.app, store.LoginByWorkbench, func(r *store.LoginRequest) { r.Browser = digest })
	if err != nil {
		v.broken(err)
		return false, false
	}
	v.takes(&r)
	return false, true
}

// findsState finds the login of a state. A wrong one ends no login: it may be a stranger's try.
func (v *visit) findsState(state string) bool {
	r, err := v.s.Book.Open(v.ctx, requestOf(state))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, session.ErrOver):
		v.broken(err)
		return false
	case errors.Is(err, session.ErrOver) && same(session.Digest(state), r.StateDigest):
		v.fail(words.RequestOver)
		return false
	case err != nil, r.AppID != v.app.AppID, !same(session.Digest(state), r.StateDigest):
		v.fail(words.StateUnknown)
		return false
	}
	if !v.isBrowser(r.Browser) {
		v.fail(words.BrowserChanged)
		return false
	}
	v.takes(&r)
	return true
}

func same(a, b []byte) bool { return len(b) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }
