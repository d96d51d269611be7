// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/recorder/veil"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Config is where and how a recording is replayed. URL, Key, Clock and Random are required.
type Config struct {
	URL    string // the target's production address
	Key    string // its access key
	KitKey string // its Kit key; default: Key

	// PublicKey is the public half of the key with which the target opens the clientSecret of an applicationSync.
	PublicKey *rsa.PublicKey

	// Rate is how fast the calls are made: 1 as they were recorded, 10 ten times as fast, 0 as fast as it goes.
	Rate     float64
	Parallel int // calls under way at the same time; default: 8

	// KeepDates leaves the dates in the calls as they were. Otherwise they are moved by as many whole days as have passed since.
	KeepDates bool

	// Staging says that the target may carry out production calls. Without it only debugging calls are replayed.
	Staging bool

	// Patience is how long a target may take longer than the recorded seller did, while it answers that it is under way.
	// Default: a minute.
	Patience time.Duration

	Allow      []Allowance
	HTTPClient *http.Client
	Clock      clock.Clock
	Random     io.Reader // crypto/rand.Reader

	// Progress is told after each call, nil for nobody: how many of how many are done.
	Progress func(done, of int)
}

// Errors of replaying.
var (
	ErrConfig     = errors.New("unusable configuration of a replay")
	ErrProduction = errors.New("the recording holds production calls, which the target would carry out")
	ErrPublicKey  = errors.New("the recording holds applicationSync calls, whose clientSecret has to be encrypted for the target, and its public key is missing")
)

const (
	defaultParallel = 8
	defaultPatience = time.Minute
)

// runner is a replay under way.
type runner struct {
	cfg     Config
	caller  *wire.Caller
	veil    *veil.Veil // of what has to be new each time
	wrong   string     // a key that nobody has
	start   time.Time
	moved   time.Duration // of dates
	story   *story
	pairs   compare.Pairs
	reached reached
	sent    sent
	report  *Report
}

// Run replays a recording. A target that answers differently is no error. Errors: ErrConfig, ErrProduction, ErrPublicKey, ctx.Err(), the
// error of Random; with ctx.Err() the report holds what was found so far.
func Run(ctx context.Context, cfg Config, of *tape.Recording) (*Report, error) {
	cfg.KitKey, cfg.Parallel = cmp.Or(cfg.KitKey, cfg.Key), cmp.Or(cfg.Parallel, defaultParallel)
	cfg.Patience = cmp.Or(cfg.Patience, defaultPatience)
	if cfg.Random == nil || cfg.Parallel < 0 || cfg.Rate < 0 {
		return nil, fmt.Errorf("%w: Random is missing, or Parallel or Rate is negative", ErrConfig)
	}
	if err := possible(cfg, of); err != nil {
		return nil, err
	}
	fresh, err := veil.New(cfg.Random)
	if err != nil {
		return nil, err
	}
	caller, err := wire.New(wire.Config{
		FacadeURL: cfg.URL, AccessKey: cfg.Key, KitKey: cfg.KitKey, HTTPClient: cfg.HTTPClient, Clock: cfg.Clock,
		NewID: func() string { return "" }, // nothing is made up
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer caller.Close()
	r := &runner{
		cfg: cfg, caller: caller, veil: fresh, wrong: fresh.Opaque("wrong"), start: cfg.Clock.Now(), story: tell(of.Calls),
		report: &Report{Target: bare(cfg.URL), At: cfg.Clock.Now(), Torn: of.Torn, Differences: []Difference{}},
	}
	if !cfg.KeepDates {
		const day = 24 * time.Hour // periods end with a day
		r.moved = r.start.Sub(of.Calls[0].At).Truncate(day)
	}
	r.sent.init(of.Calls)
	err = r.all(ctx)
	r.report.finish(cfg.Clock.Now())
	return r.report, err
}

// possible tells why a recording cannot be replayed.
func possible(cfg Config, of *tape.Recording) error {
	for _, c := range of.Calls {
		if c.Withheld != "" {
			continue
		}
		m := c.Members()
		if m["testFlag"] != "1" && !cfg.Staging {
			return ErrProduction
		}
		if c.Activity == judge.ActivityApplication && m["clientSecret"] != "" {
			if cfg.PublicKey == nil {
				return ErrPublicKey
			}
			if err := sealable(cfg.PublicKey); err != nil {
				return fmt.Errorf("%w: %w", ErrConfig, err)
			}
		}
	}
	return nil
}

func sealable(key *rsa.PublicKey) error {
	_, err := seal.EncryptSecret(key, "", hash, hash)
	return err
}
