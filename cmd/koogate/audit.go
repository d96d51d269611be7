// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/store"
)

// acting is the context of a command that changes the database: its changes leave audit rows that name who runs it.
func acting(ctx context.Context, command, who, why string) context.Context {
	ctx = access.With(ctx, access.Principal{Kind: access.Process, Subject: who})
	return access.Audited(ctx, "koogate "+command, why, uuid.Must(uuid.NewV7()).String())
}

// systemUser is who runs a command, as the system says.
func systemUser() string { return cmp.Or(os.Getenv("USER"), os.Getenv("LOGNAME"), "unknown") }

// auditListCmd is koogate audit list.
type auditListCmd struct {
	sellerFlags
	Since string `help:"Only what was changed at or after this time (RFC 3339, or a day in Beijing time)." placeholder:"TIME"`
	JSON  bool   `help:"Of a database: one JSON object a line, with digests and request IDs, instead of a table."`
	remote.AuditList
}

// Help is shown by koogate audit list --help.
func (auditListCmd) Help() string {
	return `Shows who has changed what through the API or by a command, and why, the newest first. A row is one transaction, which has written it together
with its change. What the marketplace changes is in the orders' events (koogate orders events).

With --config it reads the database. On PostgreSQL it may run beside the service; a SQLite file belongs to one process, so stop the service
first. Without --seller it also shows what concerns all sellers, such as koogate keys reencrypt. Without --config it asks the service of
the context, which shows the rows of the token's seller.

Examples:
  koogate audit list --since 2026-07-01 --filter 'action = "koogate.v1.KeyService/CreateKey"' -o json
  koogate audit list --config koogate.yaml --limit 20
  koogate audit list --config koogate.yaml --seller acme --since 2026-07-01 --json > july.jsonl`
}

// Run implements the command.
func (c *auditListCmd) Run(ctx context.Context, out *terminal.Console, env *remote.Env) (err error) {
	since, err := when("--since", c.Since)
	if err != nil {
		return err
	}
	stored, err := c.fromDatabase(c.Choice)
	if err != nil {
		return err
	}
	if !stored {
		return c.ask(ctx, env, since)
	}
	if c.Flags.Filter != "" || c.Flags.OrderBy != "" || c.Watch || c.Output != "table" {
		return remote.Usagef("--filter, --order-by, --watch and -o are for a service: leave --config out, or them")
	}
	limit := c.Flags.Limit
	if limit < 1 || limit > 10_000 {
		return errors.New("--limit: 1 to 10000")
	}
	o, err := c.openSold(ctx, out, c.Seller)
	if err != nil {
		return err
	}
	st, sellers := o.st, o.sellers
	if c.Seller == "" {
		sellers = append(sellers, "") // what concerns all
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	var rows []store.AuditRow
	for _, seller := range sellers {
		some, err := st.ListAudit(ctx, store.ListQuery{Seller: seller, Desc: true, Limit: limit})
		if err != nil {
			return cause(err)
		}
		rows = append(rows, some...)
	}
	rows = slices.DeleteFunc(rows, func(r store.AuditRow) bool { return r.At.Before(since) })
	slices.SortFunc(rows, func(a, b store.AuditRow) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	rows = rows[:min(len(rows), limit)]
	if c.JSON {
		return printAuditJSON(out.Data(), rows)
	}
	return printAudit(out.Out, rows)
}

// ask shows what a service has.
func (c *auditListCmd) ask(ctx context.Context, env *remote.Env, since time.Time) error {
	switch {
	case c.Seller != "":
		return remote.Usagef("--seller is for --config: a service shows the seller of the token")
	case c.JSON:
		return remote.Usagef("--json is for --config: of a service ask -o json")
	case !since.IsZero() && strings.HasSuffix(c.Flags.OrderBy, "asc"):
		return remote.Usagef("--since goes with the newest first: leave --order-by out")
	}
	c.Flags.After = since
	return c.AuditList.Run(ctx, env)
}

func printAudit(w io.Writer, rows []store.AuditRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TIME\tSELLER\tWHO\tBY\tWHAT\tOF\tWHY")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.At.UTC().Format(time.RFC3339), terminal.Cell(cmp.Or(r.Seller, "-")), terminal.Cell(r.Actor), cmp.Or(r.Via, "-"),
			terminal.Cell(r.Action), terminal.Cell(r.Resources), terminal.Cell(cmp.Or(r.Reason, "-")))
	}
	return t.Flush()
}

// auditLine is a row as JSON.
type auditLine struct {
	Time      time.Time       `json:"time"`
	Seller    string          `json:"seller,omitempty"`
	Actor     string          `json:"actor"`
	Kind      string          `json:"kind"`
	Via       string          `json:"via,omitempty"`
	Action    string          `json:"action"`
	Resources json.RawMessage `json:"resources"`
	Reason    string          `json:"reason,omitempty"`
	Before    string          `json:"before,omitempty"`
	After     string          `json:"after"`
	RequestID string          `json:"requestId"`
}

func printAuditJSON(w io.Writer, rows []store.AuditRow) error {
	lines := json.NewEncoder(w)
	for _, r := range rows {
		err := lines.Encode(auditLine{
			Time: r.At, Seller: r.Seller, Actor: r.Actor, Kind: r.Kind, Via: r.Via, Action: r.Action, Resources: json.RawMessage(r.Resources),
			Reason: r.Reason, Before: r.Before, After: r.After, RequestID: r.RequestID,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
