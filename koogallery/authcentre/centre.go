// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/clock"
)

// The defaults of a Config. The documents give lives of tokens (kit §B.5) and none of codes, tickets and sessions.
const (
	DefaultCodeLife    = 5 * time.Minute
	DefaultAccessLife  = 2 * time.Hour
	DefaultRefreshLife = 30 * 24 * time.Hour
	DefaultSessionLife = 8 * time.Hour
)

// The errors of a Centre.
var (
	ErrConfig  = errors.New("unusable configuration of an authentication centre")
	ErrUnknown = errors.New("no such tenant, user or application")
	ErrFault   = errors.New("no such fault")
)

// Config configures a Centre. World and Clock are required.
type Config struct {
	World    *world.World
	Clock    clock.Clock
	Language string // of pages where the browser says nothing: "zh" (default) or "en"

	CodeLife    time.Duration // of codes and tickets; default DefaultCodeLife
	AccessLife  time.Duration // default DefaultAccessLife; whole seconds
	RefreshLife time.Duration // default DefaultRefreshLife
	SessionLife time.Duration // of a browser's login at the centre; default DefaultSessionLife
}

// Bounds of what is remembered.
const (
	maxGrants   = 20000 // codes, tickets and tokens, each
	maxSessions = 5000
	maxPending  = 2000 // logins whose user is at a page
	pageLife    = 30 * time.Minute
)

// Centre is an authentication centre.
type Centre struct {
	cfg     Config
	journal conduct.Journal

	mu      sync.Mutex
	world   *world.World
	offset  time.Duration // by which Advance has moved the time
	portal  string        // address of the unified login page and the workbench
	domains map[string]string
	listens map[string]string // where a tenant is served, if its domain is elsewhere

	codes, access, refresh *shelf[*grant]
	sessions               *shelf[*session]
	pending                *shelf[*pending] // by the id in the address of a login page
	launches               *shelf[launch]   // by the id in an address that the workbench leads to
	choices                *shelf[*choice]  // by the id in the form that asks for the tenant
	states                 *shelf[int64]    // the login that a client's state was seen in first
	faults                 []*Fault
	lastFault              int
}

// grant is a code, a ticket or a token.
type grant struct {
	login    int64
	tenantID string
	appID    string
	clientID string
	userName string
	service  string // of a ticket
	ticket   bool
	offline  bool // of a code: access_type=offline may follow
	begun    time.Time
	expires  time.Time
	spent    bool // a code or ticket was used, a refresh token has a newer one
	told     bool // that it ended unused
}

// session is a user who is logged in with a browser at a tenant.
type session struct {
	tenantID, userName string
	expires            time.Time
	begun              time.Time
	logins             []int64
}

// New returns a centre. Its portal and domains are known after [Centre.Start] or [Centre.SetDomains]. Errors: ErrConfig, with the
// faults of the world.
func New(cfg Config) (*Centre, error) {
	if cfg.World == nil || cfg.Clock == nil {
		return nil, fmt.Errorf("%w: World and Clock are required", ErrConfig)
	}
	if err := cfg.World.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	cfg.Language = cmp.Or(cfg.Language, chinese)
	if cfg.Language != chinese && cfg.Language != english {
		return nil, fmt.Errorf("%w: Language is zh or en", ErrConfig)
	}
	cfg.CodeLife, cfg.AccessLife = cmp.Or(cfg.CodeLife, DefaultCodeLife), cmp.Or(cfg.AccessLife, DefaultAccessLife)
	cfg.RefreshLife, cfg.SessionLife = cmp.Or(cfg.RefreshLife, DefaultRefreshLife), cmp.Or(cfg.SessionLife, DefaultSessionLife)
	if cfg.CodeLife <= 0 || cfg.AccessLife < time.Second || cfg.RefreshLife <= 0 || cfg.SessionLife <= 0 {
		return nil, fmt.Errorf("%w: a life is negative, or a token's below a second", ErrConfig)
	}
	cfg.World = cfg.World.Clone()
	c := &Centre{cfg: cfg, domains: make(map[string]string), listens: make(map[string]string)}
	c.reset()
	return c, nil
}

// reset begins anew, with the addresses and the time as they are. The lock is held, or nobody else knows c.
func (c *Centre) reset() {
	c.world = c.cfg.World.Clone()
	c.codes, c.access, c.refresh = newShelf[*grant](maxGrants), newShelf[*grant](maxGrants), newShelf[*grant](maxGrants)
	c.sessions, c.pending, c.launches = newShelf[*session](maxSessions), newShelf[*pending](maxPending), newShelf[launch](maxPending)
	c.choices, c.states = newShelf[*choice](maxPending), newShelf[int64](maxGrants)
	c.faults = nil
}

// Reset forgets logins, findings, tokens, sessions and faults, and makes the world what it was. Addresses and the time stay.
func (c *Centre) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
	c.journal.Reset()
}

// Journal is what happened, with what has ended unused by now.
func (c *Centre) Journal() *conduct.Journal {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep()
	return &c.journal
}

// Now is the centre's time.
func (c *Centre) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Centre) now() time.Time { return c.cfg.Clock.Now().Add(c.offset) }

// Advance moves the centre's time ahead of its clock. Lives end by it; who waits in a slow answer does not wait less. Errors: ErrConfig
// for less than nothing or more than ten years.
func (c *Centre) Advance(d time.Duration) error {
	if d < 0 || d > 10*365*24*time.Hour {
		return fmt.Errorf("%w: time goes forward, by at most ten years", ErrConfig)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	c.sweep()
	return nil
}

// SetDomains says where the portal and the domains of tenants are reached, with scheme and without a slash at the end. A tenant whose
// world names a domain keeps it; one at the common domain has the portal's.
func (c *Centre) SetDomains(portal string, tenants map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.portal = portal
	for _, t := range c.world.Tenants {
		switch {
		case t.Settings.CommonDomain:
			c.domains[t.TenantID] = portal
		case t.Domain != "":
			c.domains[t.TenantID], c.listens[t.TenantID] = strings.TrimRight(t.Domain, "/"), tenants[t.TenantID]
		case tenants[t.TenantID] != "":
			c.domains[t.TenantID] = tenants[t.TenantID]
		}
	}
}

// Domain is the domainName of a tenant, as tenantSync has it; empty if it is not known.
func (c *Centre) Domain(tenantID string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.domains[tenantID]
}

// PortalURL is the address of the portal.
func (c *Centre) PortalURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.portal
}

// World returns the world as it is now.
func (c *Centre) World() *world.World {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.world.Clone()
}

// tenant returns a tenant of the world. The lock is held.
func (c *Centre) tenant(id string) *world.Tenant {
	i := slices.IndexFunc(c.world.Tenants, func(t world.Tenant) bool { return t.TenantID == id })
	if i < 0 {
		return nil
	}
	return &c.world.Tenants[i]
}

// user returns a user of a tenant.
func user(t *world.Tenant, name string) *world.User {
	i := slices.IndexFunc(t.Users, func(u world.User) bool { return u.UserName == name })
	if i < 0 {
		return nil
	}
	return &t.Users[i]
}

// binding returns what a tenant has bought.
func binding(t *world.Tenant, is func(world.Binding) bool) *world.Binding {
	i := slices.IndexFunc(t.Applications, is)
	if i < 0 {
		return nil
	}
	return &t.Applications[i]
}

func byApp(id string) func(world.Binding) bool {
	return func(b world.Binding) bool { return b.AppID == id }
}

func byClient(id string) func(world.Binding) bool {
	return func(b world.Binding) bool { return b.ClientID == id }
}

// may says whether a user is enabled and authorised for an application. The lock is held.
func (c *Centre) may(tenantID, userName, appID string) bool {
	t := c.tenant(tenantID)
	if t == nil {
		return false
	}
	u, b := user(t, userName), binding(t, byApp(appID))
	return u != nil && b != nil && !u.Disabled && slices.Contains(b.Users, userName)
}

// callback is the registered address of an application for a tenant. The lock is held.
func (c *Centre) callback(b *world.Binding) string {
	app, _ := c.world.App(b.AppID)
	return cmp.Or(b.Callback, app.Callback)
}

// sweep finds what has ended unused. The lock is held.
func (c *Centre) sweep() {
	now := c.now()
	for _, g := range c.codes.all {
		if now.Before(g.expires) {
			break // the younger ones live, too
		}
		if g.spent || g.told {
			continue
		}
		g.told = true
		id, zh, en := conduct.CodeUnused, "code 到期仍未使用", "the code has ended, and nobody has used it"
		if g.ticket {
			id, zh, en = conduct.TicketUnused, "ticket 到期仍未校验", "the ticket has ended, and nobody has validated it"
		}
		c.journal.Settle(g.login, conduct.Unused)
		c.journal.Break(now, id, g.login, g.tenantID, say(zh, en))
	}
	for _, g := range c.access.all {
		if now.Before(g.expires) {
			break
		}
		if g.told {
			continue
		}
		g.told = true
		if l, ok := c.journal.Login(g.login); ok && l.State == conduct.Token {
			c.journal.Break(now, conduct.UserinfoNotAsked, g.login, g.tenantID, say("令牌到期仍未查询 userinfo", "the token has ended, and nobody has asked whose it was"))
		}
	}
}

// random returns an id that nobody guesses, after a prefix.
func random(prefix string) string { return prefix + rand.Text() }

// short is as much of a code or token as may be shown.
func short(secret string) string {
	if len(secret) <= 8 {
		return "…"
	}
	return secret[:6] + "…"
}
