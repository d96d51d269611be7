// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/evidence"
)

// keysNewSigningCmd is koogate keys new-signing.
type keysNewSigningCmd struct {
	File string `arg:"" type:"path" help:"Write a new Ed25519 key to this file, readable by its owner only. It must not exist yet."`
}

// Help is shown by koogate keys new-signing --help.
func (keysNewSigningCmd) Help() string {
	return `Makes the key that signs the chains of events (signing_key_file). Whoever has it can forge them: keep it where the database's
administrators cannot read it. Print its public half with koogate keys public and give that to whoever is to verify.

Example:
  koogate keys new-signing /etc/koogate/signing.pem`
}

// Run implements the command.
func (c *keysNewSigningCmd) Run(out *terminal.Console) error {
	if err := newSigning(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.Err, "wrote %s; back it up\n", c.File)
	return err
}

// newSigning writes a new signing key. It never overwrites: what another key has signed would no longer verify.
func newSigning(path string) error {
	text, err := evidence.Generate()
	if err != nil {
		return err
	}
	return newFile(path, text, "exists; what it has signed needs it, so it is not overwritten")
}

// keysRotateSigningCmd is koogate keys rotate-signing.
type keysRotateSigningCmd struct {
	File string `arg:"" type:"path" help:"The signing key to change, in place."`
}

// Help is shown by koogate keys rotate-signing --help.
func (keysRotateSigningCmd) Help() string {
	return `Gives the file a new key that signs from the next start on. Of the old key the public half stays in the file, so that what it has
signed still verifies; the private half is gone. Give the file to every replica and restart them.

Example:
  koogate keys rotate-signing /etc/koogate/signing.pem`
}

// Run implements the command.
func (c *keysRotateSigningCmd) Run(out *terminal.Console) error {
	if _, err := evidence.OpenFile(c.File); err != nil { // reading it checks its permissions as well
		return err
	}
	old, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	text, err := evidence.Rotate(old)
	if err != nil {
		return err
	}
	if err := keyfile.Replace(c.File, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.Err, "changed %s; back it up and restart what uses it\n", c.File)
	return err
}

// keysPublicCmd is koogate keys public.
type keysPublicCmd struct {
	File string `arg:"" type:"path" help:"The signing key."`
}

// Help is shown by koogate keys public --help.
func (keysPublicCmd) Help() string {
	return `Prints the public keys of a signing key, the one that signs first, as PEM blocks. Whoever has them can verify with
koogate verify --public-key, without the database and without trusting it.

Example:
  koogate keys public /etc/koogate/signing.pem > koogate-public.pem`
}

// Run implements the command.
func (c *keysPublicCmd) Run(out *terminal.Console) error {
	keys, err := evidence.OpenFile(c.File)
	if err != nil {
		return err
	}
	for _, k := range keys.Public() {
		if _, err := fmt.Fprintf(out.Out, "%s", k.PEM()); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out.Err, "key %s\n", k.ID); err != nil {
			return err
		}
	}
	return nil
}
