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

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/seller"
)

// keysStatusCmd is koogate keys status.
type keysStatusCmd struct {
	sellerFlags
	Endpoint string `arg:"" optional:"" help:"Only the keys of this endpoint." predictor:"name"`
	contexts.Choice
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

With --config it reads the database. On PostgreSQL it may run beside the service; a SQLite file belongs to one process. Without --config it
asks the service of the context, which shows the endpoints of the token's seller.

Examples:
  koogate keys status
  koogate keys status shop -o json
  koogate keys status --config koogate.yaml
  koogate keys status --config koogate.yaml --seller acme -o json`
}

// Run implements the command.
func (c *keysStatusCmd) Run(ctx context.Context, out *terminal.Console, env *remote.Env) (err error) {
	stored, err := c.fromDatabase(c.Choice)
	if err != nil {
		return err
	}
	var list []keyLine
	if stored {
		list, err = c.stored(ctx, out)
	} else {
		list, err = c.asked(ctx, env)
	}
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printKeysJSON(out.Data(), list)
	}
	return printKeys(out.Out, list)
}

// Asks names the rpcs.
func (*keysStatusCmd) Asks() []protoreflect.FullName {
	return []protoreflect.FullName{"koogate.v1.KeyService.GetKeyStatus", "koogate.v1.EndpointService.ListEndpoints"}
}

// asked is what a service says.
func (c *keysStatusCmd) asked(ctx context.Context, env *remote.Env) ([]keyLine, error) {
	if c.Seller != "" {
		return nil, remote.Usagef("--seller is for --config: a service shows the seller of the token")
	}
	all, err := remote.KeyStatus(ctx, env, c.Choice, c.Output, c.Endpoint)
	list := make([]keyLine, 0, len(all))
	for _, s := range all {
		k := s.GetKey()
		list = append(list, keyLine{
			Seller: k.GetSeller(), Endpoint: k.GetEndpoint(), Purpose: word(k.GetPurpose()), KeyID: k.GetKeyId(), ManagedBy: word(k.GetManagedBy()),
			State: word(k.GetState()), StartTime: moment(k.GetStartTime()), EndTime: moment(k.GetEndTime()), LastUseTime: moment(k.GetLastUseTime()),
			CreateTime: moment(k.GetCreateTime()), Verdict: word(s.GetVerdict()), SafeTime: moment(s.GetSafeTime()),
		})
	}
	return list, err
}

// word is an enum's value without what all its names begin with.
func word(e protoreflect.Enum) string { return show.Word(e.Descriptor(), e.Number()) }

// stored is what the database says.
func (c *keysStatusCmd) stored(ctx context.Context, out *terminal.Console) (list []keyLine, err error) {
	o, err := c.openSold(ctx, out, c.Seller)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.st.Close()) }()
	for _, name := range o.sellers {
		some, err := seller.StoredKeyStatus(ctx, o.st, name, machine.Now())
		if err != nil {
			return nil, cause(err)
		}
		for _, k := range some {
			if c.Endpoint != "" && k.Owner != c.Endpoint {
				continue
			}
			list = append(list, keyLine{
				Seller: k.Seller, Endpoint: k.Owner, Purpose: string(k.Use), KeyID: k.ID, ManagedBy: string(k.ManagedBy), State: string(k.State),
				StartTime: k.NotBefore, EndTime: k.NotAfter, LastUseTime: k.LastUsedAt, CreateTime: k.CreatedAt, Verdict: string(k.Verdict), SafeTime: k.SafeAt,
			})
		}
	}
	if c.Endpoint != "" && len(list) == 0 {
		return nil, fmt.Errorf("there is no endpoint %q with keys", c.Endpoint)
	}
	return list, nil
}

func printKeys(w io.Writer, list []keyLine) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SELLER\tENDPOINT\tPURPOSE\tKEY\tBY\tSTATE\tUNTIL\tLAST USE\tADVICE\tSAFE")
	for _, k := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", terminal.Cell(k.Seller), terminal.Cell(k.Endpoint), k.Purpose, terminal.Cell(k.KeyID), k.ManagedBy, k.State,
			instant(k.EndTime), instant(k.LastUseTime), k.Verdict, instant(k.SafeTime))
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

func printKeysJSON(w io.Writer, list []keyLine) error {
	lines := json.NewEncoder(w)
	for _, k := range list {
		if err := lines.Encode(k); err != nil {
			return err
		}
	}
	return nil
}
