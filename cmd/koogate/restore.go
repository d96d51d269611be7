// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// restoreCmd are the commands for the time after a restore from a backup.
type restoreCmd struct {
	Open   restoreOpenCmd   `cmd:"" help:"Open a gap: from now on an instance that is not known is answered with 'call again', not with 'not found'."`
	Status restoreStatusCmd `cmd:"" help:"Show the open gaps, and which unknown instances the calls in them named."`
	Adopt  restoreAdoptCmd  `cmd:"" help:"Tell of one instance that the marketplace has and the database lacks."`
	Import restoreImportCmd `cmd:"" help:"Tell of many, from a CSV file."`
	Close  restoreCloseCmd  `cmd:"" help:"Close a gap: what is not known is not found again."`
}

// beside is what the help of all these commands says of the running service.
const beside = `On PostgreSQL it may run beside the service; a SQLite file belongs to one process, so stop the service first: the marketplace calls
again for hours.`

// restoreFlags are the flags of the commands about gaps.
type restoreFlags struct {
	configFlags
	Seller string `help:"Only this seller; without the flag, every seller of the configuration." placeholder:"NAME"`
}

// actFlags say who acts and why.
type actFlags struct {
	Why string `help:"Why, for the record. Required; no secrets, no personal data." required:"" placeholder:"TEXT"`
	By  string `help:"Who, for the record; without the flag, the user of the system." env:"USER" placeholder:"NAME"`
}

func (f *actFlags) who() string { return cmp.Or(f.By, systemUser()) }

// check refuses an empty reason.
func (f *actFlags) check() error {
	if strings.TrimSpace(f.Why) == "" || len(f.Why) > 1024 {
		return errors.New("--why: say why, in at most 1024 characters")
	}
	return nil
}

// open opens the database, and returns the sellers that are asked for.
func (f *restoreFlags) open(ctx context.Context, out *terminal.Console) (st store.Store, sellers []string, err error) {
	o, err := f.openSold(ctx, out, f.Seller)
	return o.st, o.sellers, err
}

// restoreOpenCmd is koogate restore open.
type restoreOpenCmd struct {
	restoreFlags
	actFlags
	Since string `help:"When the backup was taken, or to which point the database was recovered: what was committed later may be missing. RFC 3339, or a day in Beijing time." required:"" placeholder:"TIME"`
}

// Help is shown by koogate restore open --help.
func (restoreOpenCmd) Help() string {
	return `Run this after a restore and before the service takes calls. The marketplace tells neither which orders it has nor which instance
IDs it was given, so nobody can know what the backup lacks. While the gap is open, a call about an instance that is not known is
answered with 000005, which makes the marketplace call again, instead of 000003; the vendor's own systems get UNAVAILABLE with the
reason RESTORE_GAP. Every replica sees the gap at once. New orders are served as ever.

` + beside + `

Examples:
  koogate restore open --config koogate.yaml --since 2026-07-01T03:00:00Z --why "disk lost, backup of the night"
  koogate restore open --config koogate.yaml --seller acme --since 2026-07-01T03:00:00Z --why "INC-1234"`
}

// Run implements the command.
func (c *restoreOpenCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	since, err := when("--since", c.Since)
	if err == nil {
		err = c.actFlags.check()
	}
	if err != nil {
		return err
	}
	g := store.Gap{Since: since, OpenedAt: clock.System{}.Now(), OpenedBy: c.who(), OpenedWhy: c.Why}
	if since.After(g.OpenedAt) {
		return errors.New("--since: lies in the future")
	}
	st, sellers, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return openGaps(acting(ctx, "restore open", c.who(), c.Why), out, st, sellers, g)
}

// openGaps opens a gap of each seller, and says from when on orders may be missing.
func openGaps(ctx context.Context, out *terminal.Console, st store.Store, sellers []string, g store.Gap) error {
	for _, seller := range sellers {
		newest, err := st.ListOrders(ctx, store.ListQuery{Seller: seller, Desc: true, Limit: 1})
		if err != nil {
			return err
		}
		g.Seller, g.ID = seller, uuid.Must(uuid.NewV7()).String()
		switch err := st.OpenGap(ctx, g); {
		case errors.Is(err, store.ErrConflict):
			return fmt.Errorf("seller %s has an open gap already; see koogate restore status, and close it before you open another", seller)
		case err != nil:
			return err
		}
		known := "the database has no order of it"
		if len(newest) > 0 {
			known = "the newest order in the database is " + newest[0].OrderID + " of " + newest[0].CreatedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(out.Out, "seller %s: a gap is open since %s; %s\n", seller, g.Since.UTC().Format(time.RFC3339), known); err != nil {
			return err
		}
	}
	return nil
}

// restoreStatusCmd is koogate restore status.
type restoreStatusCmd struct{ restoreFlags }

// Help is shown by koogate restore status --help.
func (restoreStatusCmd) Help() string {
	return `For every open gap it lists the instances that calls named and that are still not known, with the activity, the number of calls and
the first and the last of them. An instance leaves the list when it is adopted. The command only reads.

` + beside + `

Examples:
  koogate restore status --config koogate.yaml
  koogate restore status --config koogate.yaml --seller acme`
}

// Run implements the command.
func (c *restoreStatusCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	st, sellers, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for _, seller := range sellers {
		g, err := st.OpenedGap(ctx, seller)
		switch {
		case errors.Is(err, store.ErrNotFound):
			if _, err := fmt.Fprintf(out.Out, "seller %s: no gap is open\n", seller); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		calls, err := st.GapCalls(ctx, seller, g.ID)
		if err != nil {
			return err
		}
		if err := printGap(out.Out, &g, calls); err != nil {
			return err
		}
	}
	return nil
}

func printGap(w io.Writer, g *store.Gap, calls []store.GapCall) error {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	fmt.Fprintf(w, "seller %s: a gap is open since %s, opened at %s by %s: %s\n", g.Seller, stamp(g.Since), stamp(g.OpenedAt), terminal.Cell(g.OpenedBy), terminal.Cell(g.OpenedWhy))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var instances []string
	if len(calls) > 0 {
		fmt.Fprintln(t, "INSTANCE\tACTIVITY\tCALLS\tFIRST\tLAST")
	}
	for _, c := range calls {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", terminal.Cell(c.InstanceID), terminal.Cell(c.Activity), c.Calls, stamp(c.FirstAt), stamp(c.LastAt))
		instances = append(instances, c.InstanceID)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	slices.Sort(instances)
	_, err := fmt.Fprintf(w, "%d unknown instances\n", len(slices.Compact(instances)))
	return err
}

// restoreCloseCmd is koogate restore close.
type restoreCloseCmd struct {
	restoreFlags
	actFlags
}

// Help is shown by koogate restore close --help.
func (restoreCloseCmd) Help() string {
	return `Closes the open gap of every seller that is asked for, and says how many unknown instances are left: from now on calls about them are
answered with "does not exist" again, and the marketplace may give up on them.

` + beside + `

Examples:
  koogate restore close --config koogate.yaml --why "all instances adopted"
  koogate restore close --config koogate.yaml --seller acme --why "the rest was test orders"`
}

// Run implements the command.
func (c *restoreCloseCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	if err := c.actFlags.check(); err != nil {
		return err
	}
	st, sellers, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	ctx = acting(ctx, "restore close", c.who(), c.Why)
	closed := 0
	for _, seller := range sellers {
		g, err := st.OpenedGap(ctx, seller)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		calls, err := st.GapCalls(ctx, seller, g.ID)
		if err != nil {
			return err
		}
		g.ClosedAt, g.ClosedBy, g.ClosedWhy = clock.System{}.Now(), c.who(), c.Why
		if err := st.CloseGap(ctx, g); err != nil && !errors.Is(err, store.ErrNotFound) { // somebody else was faster
			return err
		}
		closed++
		if err := printGap(out.Out, &g, calls); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out.Out, "seller %s: the gap is closed\n", seller); err != nil {
			return err
		}
	}
	if closed == 0 {
		return errors.New("no gap is open")
	}
	return nil
}
