// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Probe asks one seller in one family, for one rule. It is safe for concurrent use.
type Probe struct {
	cfg    Config
	caller *wire.Caller
	name   string // of the rule: what it makes up is its own

	mu        sync.Mutex
	made      int // things made up so far
	purchases int
	stamps    int // times that the Kit was told
	seen      []Seen
}

// New returns a probe for a rule. It makes no call. Errors: wire.ErrConfig.
func New(cfg Config, rule string) (*Probe, error) {
	p := &Probe{cfg: cfg, name: rule}
	p.cfg.Patience = cmp.Or(cfg.Patience, DefaultPatience)
	p.cfg.KitKey = cmp.Or(cfg.KitKey, cfg.Key)
	caller, err := wire.New(wire.Config{
		FacadeURL: cfg.URL, AccessKey: cfg.Key, KitKey: cfg.KitKey, HTTPClient: cfg.HTTPClient, Clock: cfg.Clock, NewID: p.NewID,
		Timeout: cfg.Timeout, V1Timeout: cfg.Timeout, Readings: cfg.Readings,
	})
	p.caller = caller
	return p, err
}

// Close lets go of the connections.
func (p *Probe) Close() { p.caller.Close() }

// Config returns what the probe was told.
func (p *Probe) Config() Config { return p.cfg }

// Family is the family that is asked.
func (p *Probe) Family() judge.Family { return p.cfg.Family }

// Now is the time.
func (p *Probe) Now() time.Time { return p.cfg.Clock.Now() }

// Sleep waits. Errors: ctx.Err().
func (p *Probe) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, p.cfg.Clock, d)
}

// NewID makes up a text that follows from the seed, the rule and how many were made up before.
func (p *Probe) NewID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	return fmt.Sprintf("%d/%s/%s/%d", p.cfg.Seed, p.cfg.Family, p.name, p.made)
}

// Rand returns a source of chance that follows from the seed and the rule.
func (p *Probe) Rand() *rand.Rand {
	var seed [32]byte
	copy(seed[:], strconv.FormatUint(p.cfg.Seed, 10)+p.name)
	return rand.New(rand.NewChaCha8(seed))
}
