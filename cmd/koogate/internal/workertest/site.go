// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/dev"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/inproc"
)

const (
	sellerName = "worker-test"
	accessKey  = "koogate-worker-test-access-key"
)

var credentials = sign.Credentials{AccessKey: "koogate-worker-test-ak", SecretKey: "koogate-worker-test-sk-0123456789"}

// site is a Koogate of its own, on loopback and in a temporary directory, with a simulated marketplace behind it and the gate before it.
type site struct {
	gate    *gate
	webhook *webhook // of a webhook that is tested; nil for a worker
	tasks   koogatev1.TaskServiceClient
	market  *simulator.Simulator
	facade  string // where the marketplace calls
	grpc    string // where the worker finds the gate
	rest    string
	close   func() error
}

// open starts a site. The worker's token and, where they are named, the addresses of the gate are the command's.
func (c *Command) open(ctx context.Context, start dev.Start) (_ *site, err error) {
	var undo []func() error
	closeAll := func() (err error) {
		for n := range undo {
			err = errors.Join(err, undo[len(undo)-1-n]())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	dir, err := os.MkdirTemp("", "koogate-worker-test-")
	if err != nil {
		return nil, err
	}
	undo = append(undo, func() error { return os.RemoveAll(dir) })
	pages, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	undo = append(undo, func() error { _ = pages.Close(); return nil })
	own := config.Secret(rand.Text())
	cfg := c.config(dir, "http://"+pages.Addr().String(), own)
	var door net.Listener // where Koogate calls the webhook
	if c.Webhook != "" {
		if door, err = listen(ctx, "127.0.0.1:0"); err != nil {
			return nil, err
		}
		undo = append(undo, func() error { _ = door.Close(); return nil })
		c.hooked(&cfg, "http://"+door.Addr().String()+"/")
	}
	koogate, err := start(ctx, cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	group, run := errgroup.WithContext(run)
	undo = append(undo, func() error {
		stop()
		if err := group.Wait(); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	group.Go(func() error { return koogate.Run(run) })
	select {
	case <-koogate.Started():
	case <-run.Done():
		return nil, errors.New("the test's own Koogate did not start")
	}
	s := &site{close: closeAll, facade: "http://" + koogate.Addr(config.ListenerFacade) + "/produce/test"}
	if s.market, err = simulator.New(simulator.Config{
		FacadeURL: s.facade, AccessKey: accessKey, Credentials: credentials, Clock: clock.System{},
		Retry: market.DocumentedRetry().Compressed(3600), Poll: market.Schedule{Interval: 50 * time.Millisecond, Window: time.Hour}, Products: c.products(),
	}); err != nil {
		return nil, err
	}
	undo = append(undo, func() error { s.market.Close(); return nil })
	serve(run, group, pages, s.market.Handler())

	conn, err := client.Dial(client.Options{Addr: koogate.Addr(config.ListenerGRPC), Token: client.Secret(own)})
	if err != nil {
		return nil, err
	}
	undo = append(undo, conn.Close)
	s.tasks = koogatev1.NewTaskServiceClient(conn)
	s.gate = &gate{up: koogatev1.NewTaskServiceClient(conn), queue: c.Queue, token: c.Token, plans: map[string]plan{}, grants: map[lease]*grant{}}
	if door != nil {
		s.webhook = &webhook{gate: s.gate, url: c.Webhook, limit: c.Limit, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		serve(run, group, door, s.webhook)
	}
	return s, s.serve(ctx, run, group, c)
}

// serve opens the gate by gRPC and by REST.
func (s *site) serve(ctx, run context.Context, group *errgroup.Group, c *Command) error {
	door, err := listen(ctx, c.GRPC)
	if err != nil {
		return fmt.Errorf("--grpc: %w", err)
	}
	srv := grpc.NewServer()
	koogatev1.RegisterTaskServiceServer(srv, s.gate)
	group.Go(func() error { return srv.Serve(door) })
	group.Go(func() error { <-run.Done(); srv.Stop(); return nil })
	web, err := listen(ctx, c.API)
	if err != nil {
		return fmt.Errorf("--api: %w", err)
	}
	channel := inproc.New(nil)
	koogatev1.RegisterTaskServiceServer(channel, s.gate)
	mux := rest.New(func(ctx context.Context, _ string) error { return s.gate.admit(ctx) })
	if err := koogatev1.RegisterTaskServiceHandlerClient(ctx, mux, koogatev1.NewTaskServiceClient(channel)); err != nil {
		return errors.Join(err, web.Close())
	}
	serve(run, group, web, mux)
	s.grpc, s.rest = door.Addr().String(), "http://"+web.Addr().String()
	return nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
}

func serve(ctx context.Context, group *errgroup.Group, l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { <-ctx.Done(); return srv.Close() })
}

// config is Koogate's.
func (c *Command) config(dir, marketplace string, token config.Secret) config.Config {
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: "127.0.0.1:0", API: "127.0.0.1:0", GRPC: "127.0.0.1:0", Ops: "127.0.0.1:0"}
	cfg.Database.URL = config.Secret("sqlite:" + filepath.Join(dir, "koogate.db"))
	cfg.KeysetFile, cfg.SigningFile = filepath.Join(dir, "keyset.json"), filepath.Join(dir, "signing.pem")
	cfg.ShutdownGrace = time.Second
	cfg.Sellers = []config.Seller{{
		Name: sellerName, Tokens: []config.Token{{Name: "worker-test", Secret: token, Scopes: []string{"worker", "read"}}},
		Marketplace: config.Marketplace{BaseURL: marketplace, AccessKey: credentials.AccessKey, SecretKey: config.Secret(credentials.SecretKey)},
	}}
	cfg.Endpoints = []config.Endpoint{{
		Name: "test", Seller: sellerName, Keys: []config.Secret{accessKey}, Products: map[string]config.Product{"*": {Provisioner: c.Queue}},
		UnknownInstances: config.InstancesAdopt,
	}}
	cfg.Provisioners = []config.Provisioner{{Name: c.Queue, Type: config.ProvisionerWorker}}
	return cfg
}

// hooked makes the provisioner a webhook. Koogate waits as long as it may, and the rule is held to by the gate.
func (c *Command) hooked(cfg *config.Config, door string) {
	cfg.Provisioners = []config.Provisioner{{Name: c.Queue, Type: config.ProvisionerWebhook, Webhook: config.Hook{
		URL: door, Secrets: []config.Secret{config.Secret(c.Secret)}, Timeout: mostWait, AskAgain: time.Hour,
	}}}
	cfg.Webhooks.Allow = []string{"127.0.0.0/8"}
}

// What is sold: the vendor's product, and one that its worker is to refuse.
const (
	sold    = catalogue.Period
	refused = catalogue.OneTime
)

func (c *Command) products() map[catalogue.Kind]catalogue.Product {
	all := catalogue.DemoProducts()
	good, bad := all[sold], all[refused]
	if c.Product != "" {
		good.ProductID = c.Product
	}
	if c.SKU != "" {
		good.SKUCode = c.SKU
	}
	bad.ProductID = c.Refused
	return map[catalogue.Kind]catalogue.Product{sold: good, refused: bad}
}
