// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/seller"
)

// keysStatusCmd is koogate keys status.
type keysStatusCmd struct {
	sellerFlags
	Output string `help:"table, or json: one object a line." short:"o" enum:"table,json" default:"table" placeholder:"FORMAT"`
}

// Help is shown by koogate keys status --help.
func (keysStatusCmd) Help() string {
	return `Shows the keys of every endpoint, when each last verified a call, and whether an old one may go. ADVICE is

  LAST        it is the only key of its purpose that counts: create another first
  IN_USE      the marketplace signs with it: no other key that counts has verified a later call
  UNUSED      no call was ever verified with it: it is the next one, or nobody needs it
  MAY_REPEAT  calls are signed with another key, but one that was signed with this key may still be repeated, until SAFE
  SAFE        calls are signed with another key and nothing is repeated any more: retire and delete it
  UNTRACKED   it decrypts, and when it did is not recorded

An answer is signed with the key that verified its call. Uses are known to within two minutes. No secret is shown.

The command only reads. On PostgreSQL it may run beside the service; a SQLite file belongs to one process, so ask the service
instead: GET /v1/endpoints/{endpoint}/keys:status returns the same.

Examples:
  koogate keys status --config koogate.yaml
  koogate keys status --config koogate.yaml --seller acme -o json`
}

// Run implements the command.
func (c *keysStatusCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	o, err := c.openSold(ctx, out, c.Seller)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.st.Close()) }()
	var list []seller.KeyStatus
	for _, name := range o.sellers {
		some, err := seller.StoredKeyStatus(ctx, o.st, name, machine.Now())
		if err != nil {
			return cause(err)
		}
		list = append(list, some...)
	}
	if c.Output == "json" {
		return printKeysJSON(out.Data(), list)
	}
	return printKeys(out.Out, list)
}

func printKeys(w io.Writer, list []seller.KeyStatus) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SELLER\tENDPOINT\tPURPOSE\tKEY\tBY\tSTATE\tUNTIL\tLAST USE\tADVICE\tSAFE")
	for _, k := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", terminal.Cell(k.Seller), terminal.Cell(k.Owner), k.Use, k.ID, k.ManagedBy, k.State,
			instant(k.NotAfter), instant(k.LastUsedAt), k.Verdict, instant(k.SafeAt))
	}
	return t.Flush()
}

// instant shows a time; "-" for none.
func instant(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// keyLine is a key as JSON.
type keyLine struct {
	Seller      string    `json:"seller"`
	Endpoint    string    `json:"endpoint"`
	Purpose     string    `json:"purpose"`
	KeyID       string    `json:"keyId"`
	ManagedBy   string    `json:"managedBy"`
	State       string    `json:"state"`
	StartTime   time.Time `json:"startTime,omitzero"`
	EndTime     time.Time `json:"endTime,omitzero"`
	LastUseTime time.Time `json:"lastUseTime,omitzero"`
	CreateTime  time.Time `json:"createTime"`
	Verdict     string    `json:"verdict"`
	SafeTime    time.Time `json:"safeTime,omitzero"`
}

func printKeysJSON(w io.Writer, list []seller.KeyStatus) error {
	lines := json.NewEncoder(w)
	for _, k := range list {
		err := lines.Encode(keyLine{
			Seller: k.Seller, Endpoint: k.Owner, Purpose: string(k.Use), KeyID: k.ID, ManagedBy: string(k.ManagedBy), State: string(k.State),
			StartTime: k.NotBefore, EndTime: k.NotAfter, LastUseTime: k.LastUsedAt, CreateTime: k.CreatedAt, Verdict: string(k.Verdict), SafeTime: k.SafeAt,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
