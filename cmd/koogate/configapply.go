// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/seller"
)

// seed is an open database beside what a configuration declares for it.
type seed struct {
	*seller.Keeper
	declared seller.Declared
	close    func() error
}

// openSeed opens the database and the keyset. The whole configuration must be sound when it is to be taken.
func (f configFlags) openSeed(ctx context.Context, out *terminal.Console, whole bool) (*seed, error) {
	cfg, problems := f.load()
	if whole {
		problems = append(problems, cfg.Check()...)
	} else if len(problems) == 0 {
		problems = cfg.ValidateDatabase()
	}
	if err := report(out, problems); err != nil {
		return nil, err
	}
	log := newLog(out, 0)
	keys, st, err := openWithKeys(ctx, &cfg, log)
	if err != nil {
		return nil, err
	}
	k := seller.NewKeeper(seller.Deps{
		Store: st, Sealer: keys, Clock: machine, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Check: server.CheckSellers, Log: log,
	})
	return &seed{k, server.Declared(&cfg), st.Close}, nil
}

// print tells what a seed does, or would do.
func printSteps(out *terminal.Console, steps []seller.Step) {
	for _, s := range steps {
		fmt.Fprintf(out.Out, "%s %s\n", s.Action, s.What)
	}
}

// applyCmd is koogate config apply.
type applyCmd struct {
	configFlags
	Why string `help:"Why, for the audit row." placeholder:"TEXT"`
	By  string `help:"Who, for the record; without the flag, the user of the system." env:"USER" placeholder:"NAME"`
}

// Help is shown by koogate config apply --help.
func (applyCmd) Help() string {
	return `Brings the sellers, endpoints, products, provisioners, keys and tokens in the database to what the file declares, and prints what it
did. Every replica serves the change within two seconds, without a restart and without a lost call. What has left the file ends; what
the API manages is not touched. The change leaves an audit row (koogate audit list). Every other key of the file counts from the next start of each replica.

On PostgreSQL it runs beside the service. A SQLite file belongs to one process, so there have the service take the file: send it SIGHUP.

Exit codes: 0 the database says what the file declares; 1 the file has a fault or the database cannot be written; 2 the command line is
wrong.

Examples:
  koogate config diff --config koogate.yaml
  koogate config apply --config koogate.yaml`
}

// Run implements the command.
func (c *applyCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	s, err := c.openSeed(ctx, out, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	steps, err := s.Compare(ctx, s.declared)
	if err != nil {
		return cause(err)
	}
	if err := s.Seed(acting(ctx, "config apply", cmp.Or(c.By, systemUser()), c.Why), s.declared); err != nil {
		return cause(err)
	}
	printSteps(out, steps)
	_, err = fmt.Fprintf(out.Out, "applied: %d changes, revision %d\n", len(steps), s.Snapshot().Revision)
	return err
}

// diffCmd is koogate config diff.
type diffCmd struct{ configFlags }

// Help is shown by koogate config diff --help.
func (diffCmd) Help() string {
	return `Prints what koogate config apply would do, a line for each row: add, change or end. It changes nothing and prints no secret.

Exit codes: 0 there is nothing to do; 1 there is something to do, or the file has a fault; 2 the command line is wrong.

Example:
  koogate config diff --config koogate.yaml`
}

// Run implements the command.
func (c *diffCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	s, err := c.openSeed(ctx, out, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	steps, err := s.Compare(ctx, s.declared)
	if err != nil {
		return cause(err)
	}
	printSteps(out, steps)
	if len(steps) > 0 {
		return errReported
	}
	return nil
}
