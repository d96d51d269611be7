// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// ErrFaults says that there is a fault, which was told.
var ErrFaults = errors.New("there are faults")

// Command is koogate doctor.
type Command struct {
	Config   string            `help:"The configuration file (YAML)." short:"c" type:"path" predictor:"file" env:"KOOGATE_CONFIG"`
	Set      map[string]string `help:"Set one key, e.g. --set listen.facade=:8443. Wins over the environment and the file." placeholder:"KEY=VALUE" mapsep:"none"`
	Live     bool              `help:"Ask the marketplace, the databases, the addresses and the service itself, too."`
	Address  []string          `help:"With --live: this production address, instead of those that follow from public_url; several by commas." placeholder:"URL"`
	CA       string            `help:"Authorities of the production addresses, in PEM, beside the machine's." type:"path" predictor:"file" placeholder:"FILE" name:"ca"`
	Patience time.Duration     `help:"How long one look may take." default:"10s"`
	Language string            `help:"The language of what is found: zh or en." enum:"zh,en" default:"${language}"`
	Output   string            `help:"table, or json." short:"o" enum:"table,json" default:"table" placeholder:"FORM"`
}

// Help is shown by koogate doctor --help.
func (*Command) Help() string {
	return `Looks at an installation and says of each thing OK, WARNING or FAULT, in a sentence, with what to do. It changes nothing and shows no
secret. All looks are made at once, each has --patience, and one that is dead holds up no other.

Without --live it looks at this machine: the configuration, the keyset and who can read it, certificates and when they end, an SQLite
database (its schema, a write that is taken back) and the space on its disk.

With --live it asks, too: the marketplace for an order that does not exist, with each seller's AK/SK, and compares clocks; PostgreSQL and
Redis; each production address for an answer to a call without a signature and to a signed debugging call; the service's own gRPC API and
readiness; the collector of traces. Run it on the machine and as the user of koogate serve.

Exit codes: 0 no fault, 1 at least one, 2 the command line is wrong.

Examples:
  koogate doctor --config koogate.yaml
  koogate doctor --config koogate.yaml --live
  koogate doctor --config koogate.yaml --live --address https://shop.example.com/produce/main -o json`
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, out *terminal.Console, with Instruments) error {
	cfg, problems := with.Load(c.Config, c.Set)
	p := Patient{Config: cfg, Problems: problems, Live: c.Live, Addresses: c.Address, Patience: c.Patience, Instruments: with}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return fmt.Errorf("--ca: %w", err)
		}
		if p.Roots, err = x509.SystemCertPool(); err != nil {
			p.Roots = x509.NewCertPool()
		}
		if !p.Roots.AppendCertsFromPEM(text) {
			return fmt.Errorf("--ca: %s holds no certificate in PEM", c.CA)
		}
	}
	found := Examine(ctx, p)
	write := WriteTable
	to := out.Out
	if c.Output == "json" {
		write, to = WriteJSON, out.Data()
	}
	if err := write(to, found, c.Language); err != nil {
		return err
	}
	if Faults(found) > 0 {
		return ErrFaults
	}
	return nil
}

// Validate is called by kong.
func (c *Command) Validate() error {
	switch {
	case len(c.Address) > 0 && !c.Live:
		return errors.New("--address is asked with --live only")
	case c.Patience <= 0:
		return errors.New("--patience: how long is more than nothing")
	}
	return nil
}
