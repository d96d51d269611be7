// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
)

// The usage of the dev mode. Windows are hours and bills are collected at minute 15, so it plays on a clock that jumps: a
// server and a marketplace of its own, which share that clock and nothing else.

const usageSeller = "demo-usage"

// usageRow is one line of the table of usage.
type usageRow struct {
	kind, instance                 string
	reported, pushed, billed, left string
	state                          string
	err                            string
}

// usageDemo is a server and a marketplace that share a clock.
type usageDemo struct {
	clock    *jumpClock
	listener net.Listener // the marketplace's
	server   Server
	log      *slog.Logger

	ready  chan struct{} // closed when market and api are there
	market *simulator.Simulator
	api    internalAPI
}

// newUsage prepares the demo in a data directory.
func newUsage(ctx context.Context, dir string, log *slog.Logger, start Start) (*usageDemo, error) {
	jumping, err := newJumpClock(dir)
	if err != nil {
		return nil, err
	}
	d := &usageDemo{clock: jumping, log: log, ready: make(chan struct{})}
	if d.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if d.server, err = start(ctx, d.config(dir, d.pages()), log, d.clock); err != nil {
		return nil, errors.Join(err, d.listener.Close())
	}
	return d, nil
}

// pages is where the marketplace is.
func (d *usageDemo) pages() string { return "http://" + d.listener.Addr().String() }

// run serves both until ctx ends.
func (d *usageDemo) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.server.Run(ctx) })
	group.Go(func() error {
		defer d.listener.Close() // its server has closed it, unless there was none
		select {
		case <-d.server.Started():
		case <-ctx.Done():
			return ctx.Err()
		}
		var err error
		if d.market, err = d.marketplace(d.log); err != nil {
			return err
		}
		defer d.market.Close()
		d.api = internalAPI("http://" + d.server.Addr(config.ListenerAPI))
		close(d.ready)
		srv := &http.Server{Handler: d.market.Handler(), ReadHeaderTimeout: 5 * time.Second}
		group.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
		if err := srv.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return group.Wait()
}

// rows plays half a day of pay-per-use and of a package that ends when it is used up.
func (d *usageDemo) rows(ctx context.Context) ([]usageRow, error) {
	select {
	case <-d.ready:
		return d.play(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// config is the server's whole configuration.
func (d *usageDemo) config(dir, market string) config.Config {
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: "127.0.0.1:0", API: "127.0.0.1:0", GRPC: "127.0.0.1:0", Ops: "127.0.0.1:0"}
	cfg.Database.URL = config.Secret("sqlite:" + filepath.Join(dir, "usage.db"))
	cfg.KeysetFile = filepath.Join(dir, "keyset-usage.json")
	cfg.ShutdownGrace = 5 * time.Second
	cfg.Sellers = []config.Seller{{
		Name: usageSeller, APITokens: []config.Secret{demoToken},
		Marketplace: config.Marketplace{BaseURL: market, AccessKey: demoAK, SecretKey: demoSK},
	}}
	rule := config.Product{Provisioner: templateQueue, SyncBudget: 4 * time.Second}
	metered := rule
	metered.Meter = config.Meter{Name: "calls"}
	cfg.Endpoints = []config.Endpoint{{
		Name: usageSeller, Seller: usageSeller, Keys: []config.Secret{demoKey},
		Products: map[string]config.Product{catalogue.DemoProducts()[catalogue.OnDemand].ProductID: metered, "*": rule},
	}}
	cfg.Provisioners = []config.Provisioner{{Name: templateQueue, Type: config.ProvisionerTemplate, Template: config.Template{
		FrontEndURL: "https://{instance}.demo.example.com/",
	}}}
	return cfg
}

// marketplace sells packages of packageSize.
func (d *usageDemo) marketplace(log *slog.Logger) (*simulator.Simulator, error) {
	packs := catalogue.DemoProducts()[catalogue.Package]
	packs.LinearValue = packageSize
	return simulator.New(simulator.Config{
		FacadeURL: "http://" + d.server.Addr(config.ListenerFacade) + "/produce/" + usageSeller, AccessKey: demoKey, Credentials: demoCredentials,
		Clock: d.clock, Poll: market.Schedule{Interval: 100 * time.Millisecond, Window: 30 * time.Second},
		Products: map[catalogue.Kind]catalogue.Product{catalogue.Package: packs}, Log: log,
	})
}

// packageSize is what a package of the demo holds.
const packageSize = 50

// play opens the orders, uses them for some hours and returns what the ledger, the marketplace and the packages say.
func (d *usageDemo) play(ctx context.Context) ([]usageRow, error) {
	plain, err := d.open(ctx, catalogue.OnDemand)
	if err != nil {
		return nil, err
	}
	stopping, err := d.open(ctx, catalogue.OnDemand)
	if err != nil {
		return nil, err
	}
	pack, err := d.open(ctx, catalogue.Package)
	if err != nil {
		return nil, err
	}
	if err := d.api.call(ctx, http.MethodPut, "/v1/instances/"+stopping+"/quotas/"+pack, map[string]any{"quota": fmt.Sprint(packageSize)}, nil); err != nil {
		return nil, err
	}
	ours := []string{plain, stopping}
	// An hour more than the package holds. The keys begin with an instance of this run: a key counts once for ever.
	granted := 0
	for hour := range packageSize/10 + 1 {
		if err := d.nextHour(ctx, ours); err != nil {
			return nil, err
		}
		var records []map[string]any
		for n := range 10 {
			records = append(records, map[string]any{
				"key": fmt.Sprintf("%s-%d-%d", plain, hour, n), "instanceId": plain, "value": fmt.Sprintf("%d.25", n+1), "endTime": d.clock.Now().Format(time.RFC3339),
			})
		}
		for range 2 { // whoever reports twice is counted once
			if err := d.api.call(ctx, http.MethodPost, "/v1/usage:report", map[string]any{"records": records}, nil); err != nil {
				return nil, err
			}
		}
		id := fmt.Sprintf("%s-%d", stopping, hour)
		err := d.api.call(ctx, http.MethodPost, "/v1/instances/"+stopping+"/quotas:reserve", map[string]any{"reservationId": id, "amount": "10"}, nil)
		if used := new(refused); errors.As(err, &used) && used.reason == "QUOTA_EXHAUSTED" {
			continue
		}
		if err == nil {
			err = d.api.call(ctx, http.MethodPost, "/v1/reservations/"+id+":commit", map[string]any{"used": "10"}, nil)
			granted++
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.nextHour(ctx, ours); err != nil { // the last window closes and is pushed
		return nil, err
	}
	if err := d.clock.jump(20 * time.Minute); err != nil { // and its bill is collected
		return nil, err
	}
	rows := []usageRow{{kind: "pay-per-use", instance: plain, left: "-"}, {kind: "stop when used up", instance: stopping}}
	for i := range rows {
		d.fill(ctx, &rows[i])
	}
	if granted != packageSize/10 && rows[1].err == "" {
		rows[1].err = fmt.Sprintf("%d uses of 10 were let through, the package holds %d", granted, packageSize)
	}
	return rows, nil
}

// nextHour jumps two minutes into the next hour, when the windows of the one before are due, and waits until they are
// pushed: a clock that jumps between the signing and the checking of a call would spoil it.
func (d *usageDemo) nextHour(ctx context.Context, instances []string) error {
	now := d.clock.Now()
	if err := d.clock.jump(now.Truncate(time.Hour).Add(time.Hour + 2*time.Minute).Sub(now)); err != nil {
		return err
	}
	return d.drained(ctx, instances)
}

// open places an order and has it opened.
func (d *usageDemo) open(ctx context.Context, kind catalogue.Kind) (instance string, err error) {
	o, err := d.market.Place(kind)
	if err != nil {
		return "", err
	}
	if o, err = d.market.Open(ctx, o.ID); err != nil {
		return "", err
	}
	return o.InstanceID, nil
}

// drained waits until nothing of the instances waits to be pushed. What a run before has left is not waited for: its marketplace
// is gone.
func (d *usageDemo) drained(ctx context.Context, instances []string) error {
	for range 200 {
		waiting := false
		for _, instance := range instances {
			var windows struct {
				Windows []struct{ Total, Settled string }
			}
			if err := d.api.call(ctx, http.MethodGet, "/v1/usage/windows"+ofInstance(instance), nil, &windows); err != nil {
				return err
			}
			for _, w := range windows.Windows {
				waiting = waiting || w.Total != w.Settled
			}
			var records struct{ Records []struct{ State string } }
			if err := d.api.call(ctx, http.MethodGet, "/v1/usage/records"+ofInstance(instance), nil, &records); err != nil {
				return err
			}
			for _, r := range records.Records {
				waiting = waiting || r.State == "USAGE_RECORD_STATE_SENDING"
			}
		}
		if !waiting {
			return nil
		}
		if err := clock.Sleep(ctx, clock.System{}, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("usage is not pushed within 10 s")
}

// ofInstance is the query of a list of what belongs to an instance.
func ofInstance(instance string) string {
	return "?pageSize=500&filter=" + url.QueryEscape(fmt.Sprintf("instance_id = %q", instance))
}

// fill puts into a row what the ledger, the marketplace and the package say, and every contradiction between them.
func (d *usageDemo) fill(ctx context.Context, r *usageRow) {
	fail := func(err error) {
		if err != nil && r.err == "" {
			r.err = err.Error()
		}
	}
	var windows struct{ Windows []struct{ Total string } }
	fail(d.api.call(ctx, http.MethodGet, "/v1/usage/windows"+ofInstance(r.instance), nil, &windows))
	var total billing.Amount
	for _, w := range windows.Windows {
		amount, err := billing.ParseAmount(w.Total)
		fail(err)
		total += amount
	}
	r.reported = total.String()
	bill := d.market.Billed(r.instance)
	r.pushed, r.billed = bill.Pushed.String(), bill.Billed.String()
	var instance struct{ State string }
	fail(d.api.call(ctx, http.MethodGet, "/v1/instances/"+r.instance, nil, &instance))
	r.state = strings.TrimPrefix(instance.State, "INSTANCE_STATE_")
	if r.left == "" {
		var quotas struct{ Quotas []struct{ Left string } }
		fail(d.api.call(ctx, http.MethodGet, "/v1/instances/"+r.instance+"/quotas", nil, &quotas))
		if len(quotas.Quotas) == 1 {
			r.left = quotas.Quotas[0].Left
		}
		if r.left != "0" || r.state != "FROZEN" {
			fail(fmt.Errorf("used up, but %q is left and the instance is %s", r.left, r.state))
		}
	}
	if total == 0 || r.reported != r.pushed || r.pushed != r.billed {
		fail(errors.New("reported, pushed and billed differ"))
	}
	fail(d.market.AuditBills())
	if over := d.market.Oversold(); len(over) > 0 {
		fail(fmt.Errorf("oversold: %+v", over))
	}
}

// printUsage shows the rows under the table of orders.
func (t *table) printUsage(rows []usageRow) {
	w := tabwriter.NewWriter(t.out.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nUSAGE\tINSTANCE\tREPORTED\tPUSHED\tBILLED\tLEFT\tSTATE\tRESULT")
	for _, r := range rows {
		result := "ok"
		if r.err != "" {
			result = "FAILED: " + terminal.Cell(r.err)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", terminal.Cell(r.kind), terminal.Cell(r.instance), r.reported, r.pushed, r.billed, r.left, terminal.Cell(r.state), result)
	}
	_ = w.Flush() // writing to a terminal or an open pipe does not fail
}
