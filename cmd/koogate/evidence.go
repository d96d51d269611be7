// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// evidenceExportCmd is koogate evidence export.
type evidenceExportCmd struct {
	configFlags
	Seller string `help:"Only this seller; without the flag, every seller of the configuration." placeholder:"NAME"`
	Order  string `help:"Only this order, of the one seller; without anchors, because those name other orders." placeholder:"ID"`
}

// Help is shown by koogate evidence export --help.
func (evidenceExportCmd) Help() string {
	return `Writes the chains of events with their signatures to the standard output, and of the rows what the chains claim: the lines with their
answers, the instances with their facts. Sealed values are not in it. Whoever has the public key verifies it with
koogate verify --file.

Examples:
  koogate evidence export --config koogate.yaml --seller acme > evidence.jsonl
  koogate evidence export --config koogate.yaml --seller acme --order CS2305281530ABCDE > order.jsonl`
}

// Run implements the command.
func (c *evidenceExportCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	v := verifyCmd{configFlags: c.configFlags, Seller: c.Seller, Order: c.Order}
	o, err := v.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.st.Close()) }()
	w := bufio.NewWriter(out.Data())
	for _, seller := range o.sellers {
		var err error
		if c.Order == "" {
			err = evidence.Export(ctx, w, o.st, o.st, seller)
		} else if _, err = evidence.ExportOrder(ctx, w, o.st, seller, c.Order); errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("there is no order %s", c.Order)
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

// evidenceVerifyCmd is koogate evidence verify.
type evidenceVerifyCmd struct {
	Pack      string `arg:"" help:"The pack, a ZIP file." type:"path" predictor:"file"`
	PublicKey string `help:"The seller's public keys (PEM), got by another way than the pack." type:"path" predictor:"file" placeholder:"FILE"`
	JSON      bool   `help:"Print the report as JSON." name:"json"`
}

// Help is shown by koogate evidence verify --help.
func (evidenceVerifyCmd) Help() string {
	return `Verifies the evidence pack of an order (GET /v1/orders/{order_id}:evidence, or the order's page in the console) on any machine, without
configuration, database and network: the signature of its manifest, every file against the manifest, and the order's chain of events with its
signatures and what it claims of the order's rows.

Get the public keys from the seller by another way than the pack: GET /v1/evidence/keys, or koogate keys public. Without --public-key those in the
pack are taken, and a note says that they prove no origin.

Exit codes: 0 there is no fault; 1 there are faults, or the file is no whole pack; 2 the command line is wrong.

Examples:
  koogate evidence verify order-CS2305281530ABCDE.zip --public-key koogate-public.pem
  koogate evidence verify order-CS2305281530ABCDE.zip --json`
}

// Run implements the command.
func (c *evidenceVerifyCmd) Run(out *terminal.Console) error {
	f, err := os.Open(c.Pack)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var v evidence.Verifier
	if c.PublicKey != "" {
		if v.Keys, err = evidence.OpenFile(c.PublicKey); err != nil {
			return err
		}
	}
	report, err := v.ReadPack(f, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", c.Pack, err)
	}
	if c.JSON {
		if err := json.NewEncoder(out.Data()).Encode(report); err != nil {
			return err
		}
	} else {
		m := report.Manifest
		fmt.Fprintf(out.Out, "order %s of seller %s: %d files, made %s by %s\n", terminal.Cell(m.OrderID), terminal.Cell(m.Seller), len(m.Files), m.MadeAt.Format(time.RFC3339), terminal.Cell(m.MadeBy))
		if report.SignedBy != "" {
			fmt.Fprintf(out.Out, "signed with key %s\n", terminal.Cell(report.SignedBy))
		}
		printReport(out.Out, report.Report)
	}
	if report.Report.FaultCount > 0 {
		return errReported
	}
	return nil
}
