// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// sellerFlags are the flags of the commands that read the database.
type sellerFlags struct {
	configFlags
	Seller string `help:"Only this seller; without the flag, every seller." placeholder:"NAME"`
}

// usageFlags are the flags of the commands that read the ledger.
type usageFlags struct{ sellerFlags }

// open opens the ledger that a configuration names, and the sellers that are asked for.
func (f *usageFlags) open(ctx context.Context, out *terminal.Console) (s *usage.Service, sellers []string, closeStore func() error, err error) {
	o, err := f.openSold(ctx, out, f.Seller)
	if err != nil {
		return nil, nil, nil, err
	}
	return server.NewUsage(o.snapshot, usage.Deps{Store: o.st, Clock: clock.System{}}), o.sellers, o.st.Close, nil
}

// usageProveCmd is koogate usage prove.
type usageProveCmd struct {
	usageFlags
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*usageProveCmd) Asks() []protoreflect.FullName {
	return []protoreflect.FullName{"koogate.v1.UsageService.ProveUsage"}
}

// Help is shown by koogate usage prove --help.
func (usageProveCmd) Help() string {
	return `Recomputes every window of the ledger from the records that were reported and compares: raw = pending + sending + pushed +
refused. With --config it reads the database. On PostgreSQL it may run beside the service; a SQLite file belongs to one process, so stop the
service first. Without --config the service of the context proves the ledger of the token's seller.

Exit codes: 0 the difference is 0; 1 the difference is not 0, or the ledger cannot be read; 2 the command line is wrong.

Examples:
  koogate usage prove
  koogate usage prove --config koogate.yaml
  koogate usage prove --config koogate.yaml --seller acme`
}

// Run implements the command.
func (c *usageProveCmd) Run(ctx context.Context, out *terminal.Console, env *remote.Env) (err error) {
	stored, err := c.fromDatabase(c.Choice)
	switch {
	case err != nil:
		return err
	case stored && c.Output != "table":
		return remote.Usagef("-o is for a service: leave --config out, or it")
	case !stored && c.Seller != "":
		return remote.Usagef("--seller is for --config: a service proves the ledger of the token's seller")
	case !stored:
		return remote.Proof(ctx, env, c.Choice, c.Form)
	}
	s, sellers, done, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	broken := false
	for _, seller := range sellers {
		p, err := s.Prove(ctx, seller)
		if err != nil {
			return cause(err)
		}
		if err := printProof(out.Out, seller, p); err != nil {
			return err
		}
		broken = broken || p.BrokenCount > 0
	}
	if broken {
		return errReported
	}
	return nil
}

func printProof(w io.Writer, seller string, p usage.Proof) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "seller\t%s\n", seller)
	fmt.Fprintf(t, "windows\t%d\n", p.Windows)
	for _, row := range []struct {
		name  string
		value store.Units
	}{{"raw", p.Raw}, {"pending", p.Pending}, {"sending", p.Sending}, {"pushed", p.Pushed}} {
		fmt.Fprintf(t, "%s\t%s\n", row.name, usage.FormatAmount(row.value))
	}
	for _, code := range slices.Sorted(maps.Keys(p.Refused)) {
		fmt.Fprintf(t, "refused %s\t%s\n", terminal.Cell(code), usage.FormatAmount(p.Refused[code]))
	}
	fmt.Fprintf(t, "difference\t%s\n", usage.FormatAmount(p.Difference))
	for _, b := range p.Broken {
		fmt.Fprintf(t, "broken\t%s from %s package %q: raw %s, total %s, settled %s\n", terminal.Cell(b.InstanceID), b.StartAt.Format(time.RFC3339), b.PackageID,
			usage.FormatAmount(b.Raw), usage.FormatAmount(b.Total), usage.FormatAmount(b.Settled))
	}
	if more := p.BrokenCount - int64(len(p.Broken)); more > 0 {
		fmt.Fprintf(t, "broken\tand %d more\n", more)
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// usageExportCmd is koogate usage export.
type usageExportCmd struct {
	usageFlags
	From string `help:"Only records that end at or after this time (RFC 3339, or a day in Beijing time)." placeholder:"TIME"`
	To   string `help:"Only records that end before this time." placeholder:"TIME"`
}

// Help is shown by koogate usage export --help.
func (usageExportCmd) Help() string {
	return `Writes the records for the marketplace as CSV to the standard output, in the form of the seller centre's 话单管理, so that the
two can be compared line by line: metering_sn, instance_id, begin_time, end_time, usage_value, state, code, record_time, and
with several sellers seller in front. Times are in UTC, as in the calls to the marketplace.

Examples:
  koogate usage export --config koogate.yaml > records.csv
  koogate usage export --config koogate.yaml --seller acme --from 2026-07-01 --to 2026-08-01 > july.csv`
}

// Run implements the command.
func (c *usageExportCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	from, err := when("--from", c.From)
	if err != nil {
		return err
	}
	to, err := when("--to", c.To)
	if err != nil {
		return err
	}
	s, sellers, done, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	w := csv.NewWriter(out.Data())
	header := []string{"metering_sn", "instance_id", "begin_time", "end_time", "usage_value", "state", "code", "record_time"}
	if len(sellers) > 1 {
		header = append([]string{"seller"}, header...)
	}
	if err := w.Write(header); err != nil {
		return err
	}
	for _, seller := range sellers {
		if err := export(ctx, s, seller, from, to, func(row []string) error {
			if len(sellers) > 1 {
				row = append([]string{seller}, row...)
			}
			return w.Write(row)
		}); err != nil {
			return cause(err)
		}
	}
	w.Flush()
	return w.Error()
}

// exportPage is how many records are read at a time.
const exportPage = 500

// wireTime is the form of times in usage records (open-apis §3.1).
const wireTime = "20060102T150405Z"

// export hands the records of a seller that end in a stretch of time to row, the oldest first.
func export(ctx context.Context, s *usage.Service, seller string, from, to time.Time, row func([]string) error) error {
	q := store.ListQuery{Seller: seller, Limit: exportPage}
	if !from.IsZero() { // a record is made after its end
		q.After = &store.Cursor{CreatedAt: from}
	}
	for {
		page, err := s.Records(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			r := &page[i]
			q.After = &store.Cursor{CreatedAt: r.CreatedAt, ID: r.ID}
			if r.EndAt.Before(from) || !to.IsZero() && !r.EndAt.Before(to) {
				continue
			}
			if err := row([]string{
				r.ID, r.InstanceID, r.BeginAt.UTC().Format(wireTime), r.EndAt.UTC().Format(wireTime), usage.FormatAmount(r.Value),
				string(r.State), r.Code, r.CreatedAt.UTC().Format(wireTime),
			}); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

// when reads a time, or the begin of a day in Beijing.
func when(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, wiretime.Beijing())
	if err != nil {
		return t, fmt.Errorf("%s: write 2026-07-01 or 2026-07-01T00:00:00Z", flag)
	}
	return t, nil
}

// cause adds why the store did not answer, because a command has no log that would show it.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return fmt.Errorf("%w: %w", err, inner)
	}
	return err
}
