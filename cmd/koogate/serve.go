// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// serveCmd is koogate serve.
type serveCmd struct {
	configFlags
	LogLevel string `help:"The lowest level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"KOOGATE_LOG_LEVEL"`
}

// Help is shown by koogate serve --help.
func (serveCmd) Help() string {
	return `Runs until SIGTERM or Ctrl-C, then stops in order: it stops being ready and serves on for shutdown_delay, so that a balancer
notices; then it takes no new calls, ends the running calls, then the jobs, and last closes the database, all within shutdown_grace.
A second signal ends the process at once; nothing that was answered is lost by it. SIGHUP has the files of certificates looked at
now, which every 10 s they are anyway, and has the sellers, endpoints and provisioners of the configuration taken; every other key
counts from the next start.

It refuses a faulty configuration, the demo keys, short keys, secrets that everybody on the machine can read, and a database that koogate migrate has not brought up to
date. The log goes to stderr, as JSON unless that is a terminal.

Examples:
  koogate serve --config koogate.yaml
  KOOGATE_LISTEN_FACADE=0.0.0.0:8443 koogate serve --config koogate.yaml --log-level debug`
}

// Run implements the command.
func (c *serveCmd) Run(ctx context.Context, out *terminal.Console) error {
	cfg, problems := c.load()
	problems = append(problems, cfg.Check()...)
	if err := report(out, problems); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	log := newLog(out, level)
	app, err := newServer(ctx, cfg, wiring{log: log})
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "starting", "version", version())
	defer onHangUp(func() {
		app.LookAtCertificates()
		again, problems := c.load()
		app.Reload(ctx, &again, append(problems, again.Check()...))
	})()
	return app.Run(ctx)
}

// onHangUp does something at every SIGHUP, which would otherwise end the process, until the returned function is called.
func onHangUp(do func()) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-signals:
				do()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// migrateCmd is koogate migrate.
type migrateCmd struct {
	configFlags
}

// Help is shown by koogate migrate --help.
func (migrateCmd) Help() string {
	return `Brings the schema of database.url up to date; with SQLite it creates the file. Migrations only go forward and are safe while
the previous version still runs. The command reads only the database's part of the configuration.

Example:
  koogate migrate --config koogate.yaml`
}

// Run implements the command.
func (c *migrateCmd) Run(ctx context.Context, out *terminal.Console) error {
	cfg, problems := c.load()
	problems = append(problems, cfg.ValidateDatabase()...)
	if err := report(out, problems); err != nil {
		return err
	}
	applied, err := migrate(ctx, cfg.Database)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.Out, "up to date; %d migrations applied\n", applied)
	return err
}
