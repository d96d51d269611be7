// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/vault"
)

// keysNewCmd is koogate keys new.
type keysNewCmd struct {
	File  string `arg:"" optional:"" type:"path" predictor:"file" help:"Write a new Tink keyset, or with --token a random key, to this file, readable by its owner only. It must not exist yet."`
	Token bool   `help:"Make a random key of 52 characters instead of a keyset. With - for FILE it is printed wherever the output goes." xor:"kind"`

	Webhook bool `help:"Make a secret of Standard Webhooks (whsec_…), by which what is sent to a webhook provisioner is signed, instead of a keyset. FILE is as with --token." xor:"kind"`
}

// Help is shown by koogate keys new --help.
func (keysNewCmd) Help() string {
	return `With FILE it makes the keyset that encrypts access information and buyers at rest (keyset_file). Back it up apart from the
database: without it that part of the data is lost. With --token it makes a random key of 52 characters, good for an API token or
any other key that you choose yourself, with --webhook the secret of a webhook provisioner. Without FILE it prints such a key, but not into a file that others can read.

Examples:
  koogate keys new /etc/koogate/keyset.json
  koogate keys new --token /etc/koogate/acme-api-token
  koogate keys new --webhook /etc/koogate/crm-webhook-secret`
}

// Run implements the command.
func (c *keysNewCmd) Run(out *terminal.Console) error {
	token := rand.Text() + rand.Text() + "\n"
	if c.Webhook {
		token = outbound.NewSecret() + "\n"
	}
	plain := c.Token || c.Webhook
	switch {
	case c.File == "" && terminal.OthersRead(out.Raw):
		return errors.New("others can read the file that this goes to: use koogate keys new --token FILE, or --token - if it shall be so")
	case c.File == "" || c.File == "-" && plain:
		_, err := fmt.Fprint(out.Out, token)
		return err
	case c.File == "-":
		return errors.New("a keyset is written to a file only")
	case plain:
		if err := newFile(c.File, []byte(token), "exists and is not overwritten: remove it, or choose another name"); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out.Err, "wrote %s\n", c.File)
		return err
	}
	if err := newKeyset(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.Err, "wrote %s; back it up\n", c.File)
	return err
}

// newKeyset writes a new keyset. It never overwrites: what another keyset has sealed would be lost.
func newKeyset(path string) error {
	text, err := vault.Generate()
	if err != nil {
		return err
	}
	return newFile(path, text, "exists; what it has encrypted needs it, so it is not overwritten")
}

// newFile writes a file that only its owner can read. exists says why one that is there stays.
func newFile(path string, text []byte, exists string) error {
	err := keyfile.Create(path, text)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %s", path, exists)
	}
	return err
}
