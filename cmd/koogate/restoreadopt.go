// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
)

// adoptFlags are the flags of the commands that adopt.
type adoptFlags struct {
	configFlags
	actFlags
	Endpoint string `help:"The endpoint at which the orders came in." required:"" placeholder:"NAME"`
	Create   bool   `help:"Hand the create task to the provisioner again, who then tells the access information. Without the flag the instance counts as provisioned."`
}

// adopter adopts instances at one endpoint.
type adopter struct {
	core  *fulfil.Service
	flags *adoptFlags
	close func() error
}

// open wires the core over the database and the keyset. The whole configuration must be sound.
func (f *adoptFlags) open(ctx context.Context, out *terminal.Console) (a *adopter, err error) {
	if err := f.actFlags.check(); err != nil {
		return nil, err
	}
	cfg, problems := f.load()
	problems = append(problems, cfg.Validate()...)
	if err := report(out, problems); err != nil {
		return nil, err
	}
	log := newLog(out, 0)
	keys, st, err := openWithKeys(ctx, &cfg, log)
	if err != nil {
		return nil, err
	}
	snapshot, err := soldIn(ctx, st, &cfg)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	core, err := server.NewCore(snapshot, fulfil.Deps{
		Store: st, Sealer: keys, Clock: clock.System{}, NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Tracer: noop.NewTracerProvider().Tracer(""), Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: log,
	})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if _, ok := core.Endpoint(f.Endpoint); !ok {
		return nil, errors.Join(fmt.Errorf("--endpoint: %q does not exist", f.Endpoint), st.Close())
	}
	return &adopter{core: core, flags: f, close: st.Close}, nil
}

// adopt adopts one instance and says so.
func (a *adopter) adopt(ctx context.Context, w io.Writer, one fulfil.Adoption) error {
	one.Endpoint, _ = a.core.Endpoint(a.flags.Endpoint)
	one.Create, one.Who, one.Why = a.flags.Create, a.flags.who(), a.flags.Why
	i, err := a.core.Adopt(ctx, one)
	if err != nil {
		return cause(err)
	}
	_, err = fmt.Fprintf(w, "order %s: instance %s is adopted, %s\n", terminal.Cell(i.OrderID), terminal.Cell(i.InstanceID), i.State)
	return err
}

// restoreAdoptCmd is koogate restore adopt.
type restoreAdoptCmd struct {
	adoptFlags
	Order        string `help:"The order ID of the purchase." required:"" placeholder:"ID"`
	Line         string `help:"Its order line ID; the V1 families have none." placeholder:"ID"`
	Instance     string `help:"The instance ID that the marketplace has; without the flag, the one that is derived from the order line (instance_id: derived)." placeholder:"ID"`
	Product      string `help:"The product ID; required in the V1 families, else only if newInstance carried one." placeholder:"ID"`
	ChargingMode string `help:"How it is paid, in the V1 families: PERIOD, ON_DEMAND, ONE_TIME or ON_DEMAND_PKG." enum:",PERIOD,ON_DEMAND,ONE_TIME,ON_DEMAND_PKG" default:"" placeholder:"MODE"`
	Family       string `help:"The protocol family: saas_v2, license_online, saas_v1 or license_v1; without the flag, what the endpoint creates." enum:",saas_v2,license_online,saas_v1,license_v1" default:"" placeholder:"NAME"`
}

// Help is shown by koogate restore adopt --help.
func (restoreAdoptCmd) Help() string {
	return `Writes the order, its line and its instance as if newInstance had been taken here. What was bought is then asked of the marketplace, except
in the V1 families. Access information is told afterwards, by PATCH /v1/instances/{id}/access, or by the provisioner with --create. From
then on a repeat of newInstance is a success with this instance. Adopting the same again changes nothing.

With instance_id: derived the ID need not be told. When koogate restore status lists the ID that this command prints, order and line are
the right ones: nobody can make up an order line for an ID.

` + beside + `

Examples:
  koogate restore adopt --config koogate.yaml --endpoint acme-saas --order CS2607010001 --line CS2607010001-000001 --why "INC-1234"
  koogate restore adopt --config koogate.yaml --endpoint acme-classic --family saas_v1 --order CS2607010002 --product 00301-666-0--0 --charging-mode PERIOD --instance 03pf80c2bae96vc49b80b917bea776d7 --create --why "INC-1234"`
}

// Run implements the command.
func (c *restoreAdoptCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	a, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return a.adopt(acting(ctx, "restore adopt", c.who(), c.Why), out.Out, fulfil.Adoption{
		OrderID: c.Order, OrderLineID: c.Line, InstanceID: c.Instance, ProductID: c.Product, ChargingMode: c.ChargingMode, Family: c.Family,
	})
}

// restoreImportCmd is koogate restore import.
type restoreImportCmd struct {
	adoptFlags
	File string `arg:"" type:"path" predictor:"file" help:"CSV with a header that names its columns: order, line, instance, product, charging_mode, family. Only order is required."`
}

// Help is shown by koogate restore import --help.
func (restoreImportCmd) Help() string {
	return `Adopts an instance for each row, as koogate restore adopt does with the flags of the columns' names. A row that cannot be adopted is
named with its line and costs none of the others; the command then exits 1. Running it again changes nothing that is done.

` + beside + `

Examples:
  koogate restore import --config koogate.yaml --endpoint acme-saas --why "INC-1234" orders.csv
  koogate restore import --config koogate.yaml --endpoint acme-saas --create --why "INC-1234" orders.csv`
}

// importColumns are the columns that a file may have.
var importColumns = []string{"order", "line", "instance", "product", "charging_mode", "family"}

// Run implements the command.
func (c *restoreImportCmd) Run(ctx context.Context, out *terminal.Console) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	rows := csv.NewReader(f)
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%s: the header: %w", c.File, err)
	}
	at := make(map[string]int)
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if _, twice := at[name]; twice || !slices.Contains(importColumns, name) {
			return fmt.Errorf("%s: the header names %q; the columns are %s", c.File, name, strings.Join(importColumns, ", "))
		}
		at[name] = i
	}
	a, err := c.open(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return a.each(acting(ctx, "restore import", c.who(), c.Why), out, rows, at)
}

// each adopts row by row.
func (a *adopter) each(ctx context.Context, out *terminal.Console, rows *csv.Reader, at map[string]int) error {
	failed := false
	for ctx.Err() == nil {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := rows.FieldPos(0)
		if err == nil {
			column := func(name string) string {
				if i, ok := at[name]; ok {
					return strings.TrimSpace(row[i])
				}
				return ""
			}
			err = a.adopt(ctx, out.Out, fulfil.Adoption{
				OrderID: column("order"), OrderLineID: column("line"), InstanceID: column("instance"), ProductID: column("product"),
				ChargingMode: column("charging_mode"), Family: column("family"),
			})
		} else if !errors.Is(err, csv.ErrFieldCount) {
			return err
		}
		if err != nil {
			failed = true
			fmt.Fprintf(out.Err, "line %d: %v\n", line, err)
		}
	}
	if failed && ctx.Err() == nil {
		return errReported
	}
	return ctx.Err()
}
