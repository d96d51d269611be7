// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/x509"
	"net/http"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/redis"
)

// Patient is what is looked at.
type Patient struct {
	Config   config.Config
	Problems []config.Problem // that kept parts of the configuration from being read
	Live     bool             // looks over the network, too
	// Addresses are production addresses; none for those that follow from the configuration.
	Addresses []string
	Roots     *x509.CertPool // authorities of the public addresses; nil for the machine's
	Patience  time.Duration  // for one look
	Instruments
}

// Instruments are what is looked with.
type Instruments struct {
	// Load reads a configuration from a file, the environment and single keys.
	Load  func(file string, set map[string]string) (config.Config, []config.Problem)
	Clock clock.Clock // this machine's

	// Database looks at the database that a configuration names.
	Database func(ctx context.Context, db config.Database) (store.Inspection, error)
	// Redis looks at the Redis that a configuration names.
	Redis func(ctx context.Context, cfg config.Config) (redis.Inspection, error)
	// Free is the free space of the file system that holds a file, in bytes. Errors: errors.ErrUnsupported.
	Free func(path string) (int64, error)
	// Outgoing carries calls to the marketplace, as the service makes them.
	Outgoing func() *http.Transport
}

// look is one thing to look at.
type look struct {
	check, about string
	find         func(ctx context.Context) []Finding
}

// Examine makes all looks at once and returns what was found, in their order. A look that takes longer than the patience is a fault, and is not waited for.
func Examine(ctx context.Context, p Patient) []Finding {
	looks := p.looks()
	found := make([][]Finding, len(looks))
	var g sync.WaitGroup
	for i, l := range looks {
		g.Go(func() { found[i] = p.one(ctx, l) })
	}
	g.Wait()
	var all []Finding
	for i, l := range looks {
		for _, f := range found[i] {
			f.Check = l.check
			if f.About == "" {
				f.About = l.about
			}
			all = append(all, f)
		}
	}
	return all
}

// one makes a look within the patience.
func (p *Patient) one(ctx context.Context, l look) []Finding {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	came := make(chan []Finding, 1)
	go func() { came <- l.find(ctx) }()
	select {
	case f := <-came:
		return f
	case <-p.late(ctx):
		return []Finding{bad(Fault, l.about, "%s 内没有结果", "nothing is known after %s", p.Patience).
			by("对方没有应答也没有拒绝：检查防火墙和路由，或用 --patience 等待更久", "it neither answers nor refuses: look at firewalls and routes, or wait longer by --patience")}
	}
}

// late is closed a moment after a look's context has ended: one that heeds it has said more by then.
func (p *Patient) late(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	context.AfterFunc(ctx, func() {
		clock.Wait(context.WithoutCancel(ctx), p.Clock, lateBy, nil)
		close(over)
	})
	return over
}

const lateBy = 500 * time.Millisecond

// looks are those that the configuration and the flags make.
func (p *Patient) looks() []look {
	all := []look{{"configuration", "", p.configuration}}
	all = append(all, p.files()...)
	all = append(all, p.backends()...)
	if !p.Live {
		return all
	}
	all = append(all, p.markets()...)
	all = append(all, p.addresses()...)
	return append(all, p.ports()...)
}

// configuration says what koogate config check says.
func (p *Patient) configuration(context.Context) (all []Finding) {
	problems := append(p.Problems, p.Config.Check()...)
	for _, x := range problems {
		all = append(all, problem(Fault, x))
	}
	for _, x := range p.Config.Notices() {
		all = append(all, problem(Warning, x))
	}
	if len(problems) == 0 {
		all = append(all, good("配置没有错误", "the configuration has no fault"))
	}
	return all
}

// problem is a finding whose text has its remedy in it.
func problem(s State, x config.Problem) Finding {
	return Finding{About: x.Path, State: s, Seen: rule.Text{ZH: x.ZH, EN: x.EN}}
}
