// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/reseal"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// sealedDatabase is a database with the keyset of its sealed values.
type sealedDatabase struct {
	store   store.Sealed
	keyset  []byte
	path    string
	vault   *vault.Vault
	primary uint32
	others  []uint32
	close   func() error
}

// openSealed opens what a configuration names.
func openSealed(ctx context.Context, f configFlags, out *terminal.Console) (*sealedDatabase, error) {
	cfg, problems := f.load()
	if len(problems) == 0 {
		problems = cfg.ValidateDatabase()
	}
	if err := report(out, problems); err != nil {
		return nil, err
	}
	d := &sealedDatabase{path: cfg.KeysetFile}
	var err error
	if d.vault, err = vault.OpenFile(d.path); err != nil {
		return nil, err
	}
	if d.keyset, err = os.ReadFile(d.path); err != nil {
		return nil, err
	}
	if d.primary, d.others, err = vault.Keys(d.keyset); err != nil {
		return nil, err
	}
	st, err := openStore(ctx, cfg.Database, wiring{log: newLog(out, 0)})
	if err != nil {
		return nil, err
	}
	d.store, d.close = st, st.Close
	return d, nil
}

// keysReencryptCmd is koogate keys reencrypt.
type keysReencryptCmd struct{ configFlags }

// Help is shown by koogate keys reencrypt --help.
func (keysReencryptCmd) Help() string {
	return `Encrypts every value anew that an older key of the keyset has encrypted, under the key that seals now, in small batches. Values that
change meanwhile are left alone. Started again after an interruption it goes on where it was. Afterwards koogate keys retire takes the older
keys away.

First rotate, and restart every replica with the keyset whose new key seals: a replica that still seals with the old key makes new values
under it. On PostgreSQL the command may run beside the service; a SQLite file belongs to one process, so stop the service first.

Example:
  koogate keys reencrypt --config koogate.yaml`
}

// Run implements the command.
func (c *keysReencryptCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	d, err := openSealed(ctx, c.configFlags, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	counts, err := reseal.Run(acting(ctx, "keys reencrypt", systemUser(), ""), d.store, d.vault, d.primary, progressOf(out))
	if err != nil {
		return err
	}
	var unreadable int64
	for _, n := range counts {
		unreadable += n.Unreadable
		fmt.Fprintf(out.Out, "%-28s %d values, %d encrypted anew", n.Column, n.Values, n.Resealed)
		if n.Unreadable > 0 {
			fmt.Fprintf(out.Out, ", %d cannot be read with this keyset", n.Unreadable)
		}
		fmt.Fprintln(out.Out)
	}
	if unreadable > 0 {
		return errReported
	}
	_, err = fmt.Fprintln(out.Err, "done; koogate keys retire takes the older keys away")
	return err
}

// progressOf tells every so often how far a pass is.
func progressOf(out *terminal.Console) func(reseal.Count) {
	const every = 10000
	var column string
	var told int64
	return func(c reseal.Count) {
		if c.Column != column {
			column, told = c.Column, 0
		}
		if c.Values >= told+every {
			told = c.Values
			fmt.Fprintf(out.Err, "%s: %d values\n", c.Column, c.Values)
		}
	}
}

// keysRetireCmd is koogate keys retire.
type keysRetireCmd struct {
	configFlags
	ID string `arg:"" optional:"" help:"The key of an endpoint; without it the keyset's old keys are meant." predictor:"name"`
	remote.RetireKey
}

// Help is shown by koogate keys retire --help.
func (keysRetireCmd) Help() string {
	return `With a key's ID it asks the service of the context to end that key of an endpoint: from then on, or from --end-time on, it verifies no call.
koogate keys status says which may go.

Without an ID it takes every key out of the keyset of --config that does not seal, unless the database still has values under it: then nothing is changed, and the
command says where they are. Afterwards give the file to every replica. Backups of the database that are older need the older keyset:
keep it as long as them, apart from them.

Examples:
  koogate keys retire 0193a1c2-… --reason 'rotated'
  koogate keys retire --config koogate.yaml`
}

// Run implements the command.
func (c *keysRetireCmd) Run(ctx context.Context, out *terminal.Console, env *remote.Env) (err error) {
	stored, err := c.fromDatabase(c.Choice)
	switch {
	case err != nil:
		return err
	case c.ID != "" && (c.Config != "" && !inEnvironment(c.Config) || len(c.Set) > 0):
		return remote.Usagef("a key's ID asks a service, --config and --set name a keyset: leave one of them out")
	case c.ID != "":
		return c.Retire(ctx, env, c.ID)
	case !stored:
		return remote.Usagef("which key? The ID of an endpoint's (koogate keys status), or --config for the old keys of the keyset")
	}
	d, err := openSealed(ctx, c.configFlags, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if len(d.others) == 0 {
		_, err = fmt.Fprintln(out.Err, "there is no key to retire: the keyset has one")
		return err
	}
	counts, err := reseal.Survey(ctx, d.store, progressOf(out))
	if err != nil {
		return err
	}
	keyset := d.keyset
	for _, id := range d.others {
		var where []string
		for _, n := range counts {
			if n.ByKey[id] > 0 {
				where = append(where, fmt.Sprintf("%s (%d)", n.Column, n.ByKey[id]))
			}
		}
		if len(where) > 0 {
			return fmt.Errorf("key %d still has values in %s: run koogate keys reencrypt first", id, strings.Join(where, ", "))
		}
		if keyset, err = vault.Retire(keyset, id); err != nil {
			return err
		}
	}
	if err := keyfile.Replace(d.path, keyset); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.Err, "retired %d keys; back %s up and give it to every replica\n", len(d.others), d.path)
	return err
}
