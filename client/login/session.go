// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Session is one browser's login. It holds secrets: who keeps it elsewhere keeps it as such.
type Session struct {
	SID     string // Koogate's name of it
	Person  Person
	Access  string // asks Koogate whether it still counts
	IDToken string // names it at the logout
	Checked time.Time
	Until   time.Time
}

// Sessions keep sessions, for instance in a database that several processes share. Losing one costs a login without a page.
type Sessions interface {
	Get(ctx context.Context, id string) (Session, bool)
	Put(ctx context.Context, id string, s Session)
	Delete(ctx context.Context, id string)
	// End deletes those of Koogate's name.
	End(ctx context.Context, sid string)
}

// most bounds the sessions in memory: of more, others are forgotten.
const most = 10_000

type memory struct {
	mu  sync.Mutex
	all map[string]Session
}

func newMemory() *memory { return &memory{all: make(map[string]Session)} }

// Get implements Sessions.
func (m *memory) Get(_ context.Context, id string) (Session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[id]
	return s, ok
}

// Put implements Sessions.
func (m *memory) Put(_ context.Context, id string, s Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.all[id]; !ok {
		for other, o := range m.all {
			if len(m.all) < most && s.Checked.Before(o.Until) {
				break
			}
			delete(m.all, other)
		}
	}
	m.all[id] = s
}

// Delete implements Sessions.
func (m *memory) Delete(_ context.Context, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
}

// End implements Sessions.
func (m *memory) End(_ context.Context, sid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, s := range m.all {
		if s.SID == sid {
			delete(m.all, id)
		}
	}
}

// The cookies.
const (
	sessionCookie = "koogate-session"
	pendingCookie = "koogate-login"
)

func (l *Login) named(name string) string {
	if l.secure {
		return "__Host-" + name
	}
	return name
}

func (l *Login) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(l.named(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (l *Login) keep(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: loopback may be without TLS
		Name: l.named(name), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: l.secure, SameSite: http.SameSiteLaxMode,
	})
}
