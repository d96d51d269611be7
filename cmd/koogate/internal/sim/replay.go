// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/recorder/replay"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/clock"
)

// The ends of a replay that do not go well.
var (
	// ErrDiffers says that there are differences. The report has been written.
	ErrDiffers = errors.New("the target answers differently")
	// ErrCannot says that the recording could not be replayed to its end.
	ErrCannot = errors.New("not replayed")
)

// Replay is koogate sim replay.
type Replay struct {
	File string `arg:"" type:"path" predictor:"file" help:"The recording."`
	URL  string `arg:"" name:"url" help:"The target's production address."`
	keys
	PublicKey string `help:"The public key (PEM) for which the marketplace would encrypt a clientSecret, or the private key whose other half it is: needed if there are applicationSync calls." type:"path" predictor:"file" placeholder:"FILE"`

	Rate     string        `help:"How fast: max, 1x as recorded, 10x ten times as fast, and so on." default:"max"`
	Parallel int           `help:"Calls under way at the same time. Those about the same order or instance always keep their order." default:"8"`
	Dates    string        `help:"Dates in the calls: shift moves them by as many days as have passed since, keep leaves them." enum:"shift,keep" default:"shift"`
	Patience time.Duration `help:"How much longer than the recorded seller the target may take while it answers that it is under way." default:"1m"`
	Staging  bool          `help:"Replay production calls too: the target carries them out. Never give it for a system that customers use."`
	Allow    []string      `help:"A rule by which answers may differ, RULE or RULE@ACTIVITY; may be repeated." placeholder:"RULE"`
	JSON     bool          `help:"Print the report as JSON." name:"json"`
}

// Help is shown by koogate sim replay --help.
func (Replay) Help() string {
	var rules strings.Builder
	for _, r := range compare.Rules() {
		fmt.Fprintf(&rules, "  %-12s %s\n", r, r.Meaning())
	}
	return `Makes the calls of a recording again, at another build or another implementation, signed anew with the target's key, and compares the
answers by rule, not byte by byte. A target gives instance ids of its own; later calls name those. What was wrong with a call, such as
its signature, is wrong with it again.

The rules, in the order in which they are looked at; what one explains is not named by the next:
` + rules.String() + `
A target that succeeds at an earlier attempt than the recorded seller, or within --patience, is none the worse.

Exit codes: 0 the same; 1 there are differences that are not allowed; 2 the command line is wrong, or it cannot be replayed.

Examples:
  koogate sim replay calls.jsonl http://127.0.0.1:8080/produce/demo --key-file key.txt --staging
  koogate sim replay calls.jsonl https://staging.example.com/produce --key-file key.txt --staging --rate 10x --json
  koogate sim replay calls.jsonl http://127.0.0.1:9000/ --key-file key.txt --allow at-once --allow result-code@releaseInstance`
}

// Validate is called by kong.
func (c *Replay) Validate() error {
	for _, text := range c.Allow {
		if _, err := replay.ParseAllowance(text); err != nil {
			return fmt.Errorf("--allow: %w", err)
		}
	}
	if _, err := rate(c.Rate); err != nil {
		return err
	}
	if c.Parallel < 1 || c.Patience <= 0 {
		return errors.New("--parallel and --patience: more than nothing is needed")
	}
	return nil
}

// rate reads how fast calls are to be made.
func rate(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	times, ok := strings.CutSuffix(text, "x")
	n, err := strconv.ParseFloat(times, 64)
	if !ok || err != nil || !(n > 0) || n > 1e6 {
		return 0, errors.New("--rate: want max, or a number above 0 with an x behind it, such as 1x or 10x")
	}
	return n, nil
}

// Run implements the command. Errors: ErrDiffers, ErrCannot.
func (c *Replay) Run(ctx context.Context, out *terminal.Console) error {
	cfg, err := c.config()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCannot, err)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCannot, err)
	}
	of, err := tape.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCannot, c.File, err)
	}
	cfg.Progress = func(done, of int) { out.Status(fmt.Sprintf("%d of %d calls", done, of)) }
	report, err := replay.Run(ctx, cfg, of)
	out.Status("")
	if report == nil {
		return fmt.Errorf("%w: %w%s", ErrCannot, err, remedy(err))
	}
	if c.JSON {
		e := json.NewEncoder(out.Data())
		e.SetIndent("", "  ")
		if bad := e.Encode(report); bad != nil {
			return fmt.Errorf("%w: %w", ErrCannot, bad)
		}
	} else {
		table(out.Out, report)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w to the end: it was stopped", ErrCannot)
	case report.Calls == 0:
		return fmt.Errorf("%w: none of the calls can be made again", ErrCannot)
	case report.Differs():
		return ErrDiffers
	default:
		return nil
	}
}

// remedy says what to do about an error.
func remedy(err error) string {
	switch {
	case errors.Is(err, replay.ErrProduction):
		return ": give --staging if no customer uses it"
	case errors.Is(err, replay.ErrPublicKey):
		return ": give --public-key FILE"
	default:
		return ""
	}
}

// config is what the replay is told.
func (c *Replay) config() (replay.Config, error) {
	key, kit, err := c.read()
	if err != nil {
		return replay.Config{}, err
	}
	cfg := replay.Config{
		URL: c.URL, Key: key, KitKey: kit, Parallel: c.Parallel, KeepDates: c.Dates == "keep", Staging: c.Staging, Patience: c.Patience,
		Clock: clock.System{}, Random: rand.Reader,
	}
	cfg.Rate, _ = rate(c.Rate) // Validate has read it
	for _, text := range c.Allow {
		a, err := replay.ParseAllowance(text)
		if err != nil {
			return cfg, err
		}
		cfg.Allow = append(cfg.Allow, a)
	}
	if c.PublicKey != "" {
		cfg.PublicKey, err = publicKey(c.PublicKey)
	}
	return cfg, err
}

// publicKey reads a public key, or the public half of a private one.
func publicKey(path string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if private, err := seal.ParsePrivateKey(text); err == nil {
		return &private.PublicKey, nil
	}
	if block, _ := pem.Decode(text); block != nil {
		if any, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := any.(*rsa.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("%s holds no RSA key in PEM", path)
}
