// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/config"
)

// configFlags are the flags of every command that reads a configuration.
type configFlags struct {
	Config string            `help:"The configuration file (YAML)." short:"c" type:"path" predictor:"file" env:"KOOGATE_CONFIG"`
	Set    map[string]string `help:"Set one key, e.g. --set listen.facade=:8443. Wins over the environment and the file." placeholder:"KEY=VALUE" mapsep:"none"`
}

// load reads the configuration.
func (f configFlags) load() (config.Config, []config.Problem) {
	return config.Load(config.Source{File: f.Config, Environ: os.Environ(), Set: f.Set})
}

// report prints problems in the language of the terminal; it returns errReported when there are any.
func report(out *terminal.Console, problems []config.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	lang := language(os.Getenv)
	for _, p := range problems {
		_, _ = fmt.Fprintln(out.Err, p.In(lang)) // there is no other place to report this
	}
	return errReported
}

// language returns the user's language, found as the C library finds it.
func language(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return strings.ToLower(v)
		}
	}
	return ""
}

// reportLanguage is the language of reports for the user: zh or en.
func reportLanguage() string {
	if strings.HasPrefix(language(os.Getenv), "zh") {
		return "zh"
	}
	return "en"
}

// checkCmd is koogate config check.
type checkCmd struct {
	configFlags
}

// Help is shown by koogate config check --help.
func (checkCmd) Help() string {
	return `Prints a line for every fault, with its place and its remedy, and exits 1; without faults it prints ok and exits 0, before it
the production addresses when listeners.facade.public_url is set, and the addresses of logins when listen.login is. A fault that only
follows from another is not printed. What is no fault but should be known, such as tokens without scopes or client certificates that no listener asks for, is said before the ok. The command connects to no other system.

What is checked: the file's syntax, its keys and the type of every value; names and references; bounds; the keyset, which is
opened; the files of secrets and certificates, which are read; the directory of an SQLite database, in which a file is made
and removed, or the form of a PostgreSQL URL; addresses that exclude each other; keys and tokens that are used twice, weak, or
public.

Example:
  koogate config check --config koogate.yaml`
}

// Run implements the command.
func (c *checkCmd) Run(out *terminal.Console) error {
	cfg, problems := c.load()
	problems = append(problems, cfg.Check()...)
	if err := report(out, problems); err != nil {
		return err
	}
	lang := language(os.Getenv)
	for _, n := range cfg.Notices() {
		_, _ = fmt.Fprintln(out.Err, n.In(lang)) // there is no other place to say this
	}
	for _, e := range cfg.Endpoints {
		if address := cfg.ProductionAddress(e.Name); address != "" {
			fmt.Fprintf(out.Out, "%s: enter %s in the seller centre\n", e.Name, address)
		}
	}
	if issuer := cfg.Issuer(); issuer != "" {
		fmt.Fprintf(out.Out, "login: the issuer of apps is %s, and the callback of a credential in the seller centre is %s\n", issuer, cfg.LoginCallback("APPID"))
	}
	_, err := fmt.Fprintln(out.Out, "ok")
	return err
}
