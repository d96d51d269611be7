// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// The names of cookies. Those of an application end in a digest of its ID.
const (
	browserCookie = "kgl-browser" // names the browser, so that a login is bound to it
	sessionCookie = "kgl-session-"
	pendingCookie = "kgl-pending-" // the login that this browser was sent to the centre for, where no state comes back
	tenantCookie  = "kgl-tenant-"  // the tenant that was last logged in: a hint, and no more
	langCookie    = "kgl-lang"
)

// The lives of cookies.
const (
	untilClosed = 0
	tenantLife  = 180 * 24 * time.Hour
)

func ofApp(name string, app *store.LoginApplication) string {
	sum := sha256.Sum256([]byte(app.AppID))
	return name + hex.EncodeToString(sum[:8])
}

// named is a cookie's name as browsers know it: __Host- has them refuse it without Secure, or from another host of the domain.
func (s *Site) named(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.s.named(name))
	if err != nil || len(c.Value) > 256 {
		return ""
	}
	return c.Value
}

// keep sets a cookie; life is untilClosed, or negative for no longer. What is set counts for the rest of the visit, too.
func (v *visit) keep(name, value string, life time.Duration) {
	c := &http.Cookie{ //nolint:gosec // G124: loopback may be without TLS
		Name: v.s.named(name), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: v.s.secure,
		SameSite: http.SameSiteLaxMode, // Strict would be missing when the centre leads back
	}
	http.SetCookie(v.w, c)
	v.r.AddCookie(c)
}

// browser names the browser if it has no name yet, and returns the digest of its name.
func (v *visit) browser() []byte {
	if name := v.cookie(browserCookie); name != "" {
		return session.Digest(name)
	}
	name, digest := session.NewToken()
	v.keep(browserCookie, name, untilClosed)
	return digest
}

// binds binds the visit's request to this browser, if it is bound to none. It is false when the visit is over.
func (v *visit) binds() bool {
	if len(v.req.Browser) > 0 {
		return true // opens has compared it
	}
	digest := v.browser()
	r, err := v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
		if len(r.Browser) == 0 {
			r.Browser = digest
		}
		return nil
	})
	if err != nil {
		v.broken(err)
		return false
	}
	v.req = &r
	if !v.isBrowser(r.Browser) { // another one was first
		v.fail(words.BrowserChanged)
		return false
	}
	return true
}
