// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// verifyCmd is koogate verify.
type verifyCmd struct {
	configFlags
	Seller    string `help:"Only this seller; without the flag, every seller of the configuration." placeholder:"NAME" xor:"seller"`
	Order     string `help:"Only this order, of the one seller." placeholder:"ID" xor:"order"`
	Anchor    string `help:"An anchor of the one seller that was noted outside the database: it must be among the anchors." placeholder:"SEQ:HASH"`
	PublicKey string `help:"The public keys whose signatures count (PEM), instead of signing_key_file." type:"path" placeholder:"FILE"`
	File      string `help:"Verify what koogate evidence export has written, without configuration and database; - is the standard input." type:"path" placeholder:"FILE" xor:"seller,order"`
	JSON      bool   `help:"Print the report of each seller as a line of JSON." name:"json"`
}

// Help is shown by koogate verify --help.
func (verifyCmd) Help() string {
	return `Checks, for every order: that its events are linked without a gap up to the order's head; that heads are signed; that order lines with
their answers and instances with their facts are as the events left them; and that what anchors have recorded of it is still
there. For every seller it checks the chain of anchors, and names orders that anchors know and the database does not.

A fault says which order, event or anchor, and what is wrong. A note is something that cannot be proved, such as what an earlier
release wrote without a signature. Anchors are made every hour: what was cut before the next one leaves no trace. An attacker
who can cut the newest anchors too is found with --anchor and one that was noted elsewhere: the service logs each, and this
command prints the newest.

The command only reads. On PostgreSQL it may run beside the service; a SQLite file belongs to one process, so stop the service
first.

Exit codes: 0 there is no fault; 1 there are faults, or something cannot be read; 2 the command line is wrong.

Examples:
  koogate verify --config koogate.yaml
  koogate verify --config koogate.yaml --seller acme --order CS2305281530ABCDE
  koogate verify --config koogate.yaml --seller acme --anchor 1042:9f86d081884c7d65…
  koogate verify --file evidence.jsonl --public-key koogate-public.pem`
}

// Run implements the command.
func (c *verifyCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	if c.File != "" {
		return c.verifyFile(out)
	}
	o, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.st.Close()) }()
	v := evidence.Verifier{Progress: progress(out)}
	if v.Keys, err = c.keys(o.cfg.SigningFile); err != nil {
		return err
	}
	if o.cfg.KeysetFile != "" {
		if v.Sealer, err = openVault(o.cfg.KeysetFile, false); err != nil {
			return err
		}
	}
	v.Source, v.Anchors = o.st, o.st
	var reports []*evidence.Report
	for _, seller := range o.sellers {
		r, err := c.verify(ctx, &v, seller)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	return c.print(out, reports)
}

// open opens the database and finds the sellers that are asked for.
func (c *verifyCmd) open(ctx context.Context, out *terminal.Console) (sold, error) {
	o, err := c.openSold(ctx, out, c.Seller)
	if err == nil && len(o.sellers) > 1 && (c.Order != "" || c.Anchor != "") {
		return o, errors.Join(errors.New("--order and --anchor are of one seller: name it with --seller"), o.st.Close())
	}
	return o, err
}

func (c *verifyCmd) keys(configured string) (*evidence.Keys, error) {
	if c.PublicKey != "" {
		return evidence.OpenFile(c.PublicKey)
	}
	return openSigning(configured, false)
}

func (c *verifyCmd) verify(ctx context.Context, v *evidence.Verifier, seller string) (*evidence.Report, error) {
	if c.Order == "" {
		return v.All(ctx, seller, c.Anchor)
	}
	r, err := v.Order(ctx, seller, c.Order, c.Anchor)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no order %s, and no anchor knows one", c.Order)
	}
	return r, err
}

func (c *verifyCmd) verifyFile(out *terminal.Console) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	v := evidence.Verifier{Progress: progress(out)}
	var err error
	if v.Keys, err = c.keys(""); err != nil {
		return err
	}
	reports, err := v.ReadExport(in, c.Anchor)
	if err != nil {
		return err
	}
	return c.print(out, reports)
}

// progress tells every so often how far a verification is.
func progress(out *terminal.Console) func(r *evidence.Report) {
	const every = 10000
	var told int64
	return func(r *evidence.Report) {
		if r.Orders < told { // the next seller
			told = 0
		}
		if r.Orders >= told+every {
			told = r.Orders
			fmt.Fprintf(out.Err, "%s: %d orders, %d events checked\n", r.Seller, r.Orders, r.Events)
		}
	}
}

// print writes the reports; it returns errReported when there are faults.
func (c *verifyCmd) print(out *terminal.Console, reports []*evidence.Report) error {
	var faults int64
	for _, r := range reports {
		faults += r.FaultCount
		if c.JSON {
			if err := json.NewEncoder(out.Data()).Encode(r); err != nil {
				return err
			}
			continue
		}
		printReport(out.Out, r)
	}
	if faults > 0 {
		return errReported
	}
	return nil
}

func printReport(w io.Writer, r *evidence.Report) {
	fmt.Fprintf(w, "seller %s: %d orders, %d events, %d anchors\n", terminal.Cell(r.Seller), r.Orders, r.Events, r.Anchors)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "  FAULT %s\n", findingText(f))
	}
	for _, f := range r.Notes {
		fmt.Fprintf(w, "  note  %s\n", findingText(f))
	}
	if more := r.FaultCount - int64(len(r.Faults)) + r.NoteCount - int64(len(r.Notes)); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
	if !r.Signatures {
		fmt.Fprintln(w, "  signatures were not checked: there is no signing_key_file and no --public-key")
	}
	if r.Last != "" {
		fmt.Fprintf(w, "  newest anchor %s\n", r.Last)
	}
	verdict := "no fault"
	if r.FaultCount > 0 {
		verdict = fmt.Sprintf("%d faults", r.FaultCount)
	}
	fmt.Fprintf(w, "  %s\n", verdict)
}

// findingText says where something was found, then what.
func findingText(f evidence.Finding) string {
	where := ""
	switch {
	case f.OrderID != "" && f.Seq > 0:
		where = fmt.Sprintf("order %s, event %d: ", terminal.Cell(f.OrderID), f.Seq)
	case f.OrderID != "":
		where = fmt.Sprintf("order %s: ", terminal.Cell(f.OrderID))
	case f.Anchor > 0:
		where = fmt.Sprintf("anchor %d: ", f.Anchor)
	}
	return where + terminal.Cell(f.What)
}
