// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/server/clock"
)

// The ends of a check that do not go well.
var (
	// ErrBroken says that a rule is broken. The report has been written.
	ErrBroken = errors.New("something is broken")
	// ErrUnchecked says that nothing could be checked, or not all of it.
	ErrUnchecked = errors.New("not checked")
)

// Run implements the command. Errors: ErrBroken, ErrUnchecked.
func (c *Command) Run(ctx context.Context, out *terminal.Console) error {
	switch {
	case c.List:
		return report.List(out.Out, checker.All(), c.Language)
	case c.Explain != "":
		known, _ := checker.Find(c.Explain) // Validate has found it
		return report.Explain(out.Out, known, c.Language)
	}
	cfg, err := c.config()
	if err == nil {
		err = c.confirm(out, os.Stdin)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnchecked, err)
	}
	closeMarket, err := c.market(cfg.Probe)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnchecked, err)
	}
	defer closeMarket()
	cfg.Progress = func(done, of int, f judge.Family, r rule.Rule) {
		out.Status(fmt.Sprintf("%d/%d %s %s", done+1, of, f, r.ID))
	}
	found, err := checker.Check(ctx, cfg)
	out.Status("")
	if found == nil || err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", ErrUnchecked, err)
	}
	if err := (Written{Format: c.Format, Output: c.Output, Language: c.Language, Rules: checker.Find}).Write(out, found); err != nil {
		return fmt.Errorf("%w: %w", ErrUnchecked, err)
	}
	switch {
	case found.Count(rule.Fail) > 0:
		return ErrBroken
	case err != nil:
		return fmt.Errorf("%w to the end: it was stopped", ErrUnchecked)
	case found.Count(rule.Pass) == 0:
		return fmt.Errorf("%w: nothing could be found out", ErrUnchecked)
	default:
		return nil
	}
}

// config is what the checker is told.
func (c *Command) config() (checker.Config, error) {
	key, err := keyfile.Secret(c.Key, c.KeyFile)
	if err != nil {
		return checker.Config{}, err
	}
	if key == "" {
		return checker.Config{}, errors.New("the address's access key is missing: set KOOGATE_CHECK_KEY, or give --key-file or --key")
	}
	kitKey, err := keyfile.Secret(c.KitKey, c.KitKeyFile)
	if err != nil {
		return checker.Config{}, err
	}
	cfg := checker.Config{
		Only: c.Only,
		Probe: probe.Config{
			URL: c.URL, Key: key, KitKey: kitKey, NextKey: c.NextKey, Code: c.Code, Deep: c.Deep, MadeUp: c.Orders == "made-up", Seed: c.Seed,
			Clock: clock.System{}, Patience: c.Patience, Hooks: c.hooks(),
		},
	}
	for _, name := range c.Family {
		f, err := judge.ParseFamily(name)
		if err != nil {
			return cfg, err
		}
		cfg.Families = append(cfg.Families, f)
	}
	return cfg, nil
}

// errUnasked says that nobody has confirmed production calls.
var errUnasked = errors.New("nothing was called: --deep makes production calls that leave instances behind; add --yes if the address is one of staging")

// confirm asks before production calls go to an address that is not this machine's.
func (c *Command) confirm(out *terminal.Console, in *os.File) error {
	if !c.Deep || c.Yes || onLoopback(c.URL) {
		return nil
	}
	if !terminal.Is(in) {
		return errUnasked
	}
	fmt.Fprintf(out.Err, "--deep makes production calls to %s, which leave instances behind.\nIs it staging? Type yes: ", terminal.Cell(c.URL))
	line, err := bufio.NewReader(io.LimitReader(in, 64)).ReadString('\n')
	if err != nil || strings.TrimSpace(strings.ToLower(line)) != "yes" {
		return errUnasked
	}
	return nil
}

// onLoopback tells whether an address is this machine's own.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || err == nil && ip.IsLoopback()
}
