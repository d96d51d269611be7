// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/vault"
)

// keysRotateCmd is koogate keys rotate.
type keysRotateCmd struct {
	File  string `arg:"" type:"path" predictor:"file" help:"The Tink keyset to change, in place."`
	Stage bool   `help:"Only add the new key, which opens what others seal with it and does not seal yet. This is the first step for several replicas." xor:"step"`
	Seal  bool   `help:"Only let the newest key seal. This is the second step, after every replica has the staged keyset." xor:"step"`
}

// Help is shown by koogate keys rotate --help.
func (keysRotateCmd) Help() string {
	return `Gives a keyset a new key that seals from the next start on. The older keys stay and still open what they sealed.

One process: rotate, then restart it. Several replicas: a replica with the old keyset cannot open what a new key has sealed, so
rotate in two steps, and restart every replica after each step.

Examples:
  koogate keys rotate /etc/koogate/keyset.json
  koogate keys rotate --stage keyset.json    # then give it to every replica and restart them
  koogate keys rotate --seal keyset.json     # then the same again`
}

// Run implements the command.
func (c *keysRotateCmd) Run(out *terminal.Console) error {
	step := vault.Rotate
	switch {
	case c.Stage:
		step = vault.Stage
	case c.Seal:
		step = vault.Promote
	}
	if _, err := vault.OpenFile(c.File); err != nil { // reading it checks its permissions as well
		return err
	}
	old, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	text, err := step(old)
	if err != nil {
		return err
	}
	if err := keyfile.Replace(c.File, text); err != nil {
		return err
	}
	fmt.Fprintf(out.Err, "changed %s; back it up and restart what uses it\n", c.File)
	return nil
}
