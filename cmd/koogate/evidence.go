// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

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
		err := evidence.Export(ctx, w, o.st, o.st, seller, c.Order)
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("there is no order %s", c.Order)
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}
