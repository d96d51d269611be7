// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// sold is an open database with what is sold through it.
type sold struct {
	cfg      config.Config
	st       store.Store
	snapshot *seller.Snapshot // without secrets
	sellers  []string         // those that are asked for
}

// openSold opens the database that a configuration names and finds the sellers that are asked for, all without a name. It checks only
// the database's part of the configuration. What is sold is what the database says; before the first start of the service, what the
// configuration declares.
func (f configFlags) openSold(ctx context.Context, out *terminal.Console, only string) (s sold, err error) {
	cfg, problems := f.load()
	if len(problems) == 0 {
		problems = cfg.ValidateDatabase()
	}
	if err := report(out, problems); err != nil {
		return s, err
	}
	s.cfg = cfg
	if s.st, err = openStore(ctx, cfg.Database, wiring{log: newLog(out, 0)}); err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.st.Close())
		}
	}()
	if s.snapshot, err = soldIn(ctx, s.st, &cfg); err != nil {
		return s, err
	}
	for _, x := range s.snapshot.Sellers {
		if only == "" || only == x.Name {
			s.sellers = append(s.sellers, x.Name)
		}
	}
	if len(s.sellers) == 0 {
		return s, errors.New("there is no such seller")
	}
	return s, nil
}

// openWithKeys opens a configuration's keyset and database.
func openWithKeys(ctx context.Context, cfg *config.Config, log *slog.Logger) (*vault.Vault, store.Store, error) {
	keys, err := openVault(cfg.KeysetFile, false)
	if err != nil {
		return nil, nil, err
	}
	st, err := openStore(ctx, cfg.Database, wiring{log: log})
	return keys, st, err
}

// soldIn is what a database says is sold, or what the configuration declares while the database says nothing.
func soldIn(ctx context.Context, st store.Store, cfg *config.Config) (*seller.Snapshot, error) {
	snapshot, err := seller.Stored(ctx, st, machine.Now())
	if err == nil && snapshot.Revision == 0 {
		return seller.Of(server.Declared(cfg))
	}
	return snapshot, err
}
