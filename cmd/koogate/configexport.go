// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/seller"
)

// exportCmd is koogate config export.
type exportCmd struct {
	configFlags
	KeyFiles string `help:"Write the secrets to files of mode 0600 in this directory, which is made, and name the files in the output. Without the flag no secret leaves the database." type:"path" placeholder:"DIR"`
}

// Help is shown by koogate config export --help.
func (exportCmd) Help() string {
	return `Prints the sellers, endpoints and provisioners as the database has them, in the form of the configuration file: those of the file and
those of the API. Secrets are never printed. With --key-files they are written to files that only you can read, and the output names the
files. Of bearer tokens only digests are kept, so tokens are printed without their secrets, and those without a name are left out.

Examples:
  koogate config export --config koogate.yaml > sellers.yaml
  koogate config export --config koogate.yaml --key-files ./keys > sellers.yaml`
}

// Run implements the command.
func (c *exportCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	s, err := c.openSeed(ctx, out, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	d, err := s.Stored(ctx)
	if err != nil {
		return cause(err)
	}
	if c.KeyFiles != "" {
		if err := os.MkdirAll(c.KeyFiles, 0o700); err != nil {
			return err
		}
		if err := keyFiles(&d, c.KeyFiles); err != nil {
			return err
		}
	}
	text, err := config.Encode(d.Sellers, d.Endpoints, d.Provisioners)
	if err != nil {
		return err
	}
	_, err = out.Data().Write(text)
	return err
}

// keyFiles writes secrets to files of their own and names the files in their place. A file that exists is not overwritten.
func keyFiles(d *seller.Declared, dir string) error {
	var failed error
	one := func(name string, secret seller.Secret) string {
		path := filepath.Join(dir, name)
		if secret == "" || failed != nil {
			return ""
		}
		failed = keyfile.Create(path, []byte(secret.Reveal()+"\n"))
		return path
	}
	many := func(name string, secrets []seller.Secret) (files []string) {
		for i, secret := range secrets {
			files = append(files, one(fmt.Sprintf("%s-%d", name, i+1), secret))
		}
		return files
	}
	for i := range d.Sellers {
		m, name := &d.Sellers[i].Marketplace, d.Sellers[i].Name
		m.SecretKeyFile, m.UsageKeyFile = one(name+".secret_key", m.SecretKey), one(name+".usage_key", m.UsageKey)
	}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		e.KeyFiles, e.KitKeyFiles, e.KitPrivateKeyFiles = many(e.Name+".key", e.Keys), many(e.Name+".kit_key", e.KitKeys), many(e.Name+".kit_private_key", e.KitPrivateKeys)
	}
	return failed
}
