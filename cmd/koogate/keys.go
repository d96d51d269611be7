package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/koogate/koogate/server/vault"
)

// keysNewCmd is koogate keys new.
type keysNewCmd struct {
	File string `arg:"" optional:"" type:"path" help:"Write a new Tink keyset to this file, readable by its owner only. It must not exist yet."`
}

// Help is shown by koogate keys new --help.
func (keysNewCmd) Help() string {
	return `With FILE it makes the keyset that encrypts access information and buyers at rest (keyset_file). Back it up apart from the
database: without it that part of the data is lost. Without FILE it prints a random key of 52 characters, good for an API
token or any other key that you choose yourself.

Examples:
  koogate keys new /etc/koogate/keyset.json
  koogate keys new > /etc/koogate/acme-api-token`
}

// Run implements the command.
func (c *keysNewCmd) Run(out *console) error {
	if c.File == "" {
		_, err := fmt.Fprintln(out.out, rand.Text()+rand.Text())
		return err
	}
	if err := newKeyset(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.err, "wrote %s; back it up\n", c.File)
	return err
}

// newKeyset writes a new keyset. It never overwrites: what another keyset has sealed would be lost.
func newKeyset(path string) error {
	text, err := vault.Generate()
	if err != nil {
		return err
	}
	return createSecret(path, text, "what it has encrypted")
}

// createSecret writes a new file that only its owner can read. It never overwrites; needs says what needs the file that is there.
func createSecret(path string, text []byte, needs string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists; %s needs it, so it is not overwritten", path, needs)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
