// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"crypto/rsa"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Config configures a Stage.
type Config struct {
	Calls *wire.Caller
	Clock clock.Clock
	NewID func() string

	// PublicKey encrypts the clientSecret (kit §A.10). Only the joint families need it.
	PublicKey *rsa.PublicKey

	// DialCases replaces the saved debugging cases of DialTest.
	DialCases []Case

	// Strict makes a Life fail if a metered instance shows no usage.
	Strict bool
}

// Stage is where a market's rehearsals take place.
type Stage struct {
	cfg    Config
	wire   *wire.Caller
	market *market.Market

	cases []Case
	saved time.Time  // when the cases of the other families were saved
	run   sync.Mutex // one dial test at a time
}

// New returns a stage for a market.
func New(cfg Config, market *market.Market) *Stage {
	s := &Stage{cfg: cfg, wire: cfg.Calls, market: market, saved: cfg.Clock.Now()}
	s.cases = s.savedCases()
	return s
}
