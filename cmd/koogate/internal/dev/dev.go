// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade/family"
)

// Start wires a server on the backends that its configuration names, and makes a database and keys that are missing. A nil clock
// stands for the machine's.
type Start func(ctx context.Context, cfg config.Config, log *slog.Logger, c clock.Clock) (Server, error)

// Server is a server that is wired and not started yet.
type Server interface {
	// Run serves until ctx ends.
	Run(ctx context.Context) error
	// Started is closed when the listeners listen.
	Started() <-chan struct{}
	// Addr is where a listener listens.
	Addr(listener string) string
}

// Command runs everything in one process on loopback: Koogate on SQLite, a marketplace simulator, and one order of each
// kind and of each protocol family through its whole life.
type Command struct {
	Once     bool   `help:"Drive the orders, print the table and exit: 0 when every row is green, else 1."`
	Strict   bool   `help:"The simulator answers order queries only for orders that it placed."`
	Data     string `help:"Keep the databases and the keysets in this directory instead of a temporary one." type:"path" predictor:"dir"`
	Queue    string `help:"Hand the demo's orders to your own worker, which leases from this queue, instead of the built-in template." placeholder:"NAME"`
	Webhook  string `help:"Post the demo's orders to your own page, instead of the built-in template." placeholder:"URL"`
	Facade   string `help:"Address of the facade." default:"127.0.0.1:8080"`
	API      string `help:"Address of the internal REST API." default:"127.0.0.1:8081"`
	GRPC     string `help:"Address of the internal gRPC API." default:"127.0.0.1:9090" name:"grpc"`
	Ops      string `help:"Address of health and metrics." default:"127.0.0.1:9091"`
	Login    string `help:"Address of the login of joint products." default:"127.0.0.1:8082"`
	Sim      string `help:"Address of the marketplace simulator." default:"127.0.0.1:8088"`
	Centre   string `help:"Address of the authentication centre's portal; its tenants have the ports behind it." default:"127.0.0.1:8100"`
	App      string `help:"Address of the demo app that people log in to." default:"127.0.0.1:8085"`
	JaegerUI string `help:"Where Jaeger's pages are; spans go to its OTLP port when it answers there." default:"http://127.0.0.1:16686" name:"jaeger"`
	OTLP     string `help:"Jaeger's OTLP gRPC address." default:"127.0.0.1:4317"`
	Verbose  bool   `help:"Log every call to stderr." short:"v"`
}

// Help is shown by koogate dev --help.
func (Command) Help() string {
	return `Examples:
  koogate dev                    start, show the table, keep running until Ctrl-C
  koogate dev --once             the same, then exit; for CI
  koogate dev --data ./data      keep the databases between runs; each run places new orders
  koogate dev --queue crm        the same with your own worker on the queue crm; it is told how to start one
  koogate dev --webhook http://127.0.0.1:9001/
                                 the same with a page of yours, to which each task is posted
  make jaeger && koogate dev     with every order's trace in Jaeger

The names, keys and ports are fixed and known to everybody: never use dev mode where others can reach it.`
}

// The fixed names of dev mode (DESIGN, "Names and ports that stay fixed").
const (
	demoSeller    = "demo"
	demoKey       = "koogate-demo-access-key"
	demoKitKey    = "koogate-demo-kit-key"
	demoAK        = "koogate-demo-ak"
	demoSK        = "koogate-demo-sk"
	demoToken     = "koogate-demo-token"
	drillSeller   = "demo-worker" // whose instances an outside worker provides
	drillToken    = "koogate-demo-worker-token"
	drillQueue    = "outside"
	templateQueue = "template"
	hookQueue     = "webhook" // of --webhook
)

var demoCredentials = sign.Credentials{AccessKey: demoAK, SecretKey: demoSK}

// queueName is what names a queue, as the configuration has it.
var queueName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Validate is called by kong.
func (c *Command) Validate() error {
	for _, d := range []struct{ flag, addr string }{{"--api", c.API}, {"--grpc", c.GRPC}, {"--ops", c.Ops}, {"--login", c.Login}, {"--centre", c.Centre}, {"--app", c.App}} {
		if !config.OnLoopback(d.addr) {
			return fmt.Errorf("%s: everybody knows the token of dev mode: choose an address on loopback, such as 127.0.0.1:0", d.flag)
		}
	}
	switch {
	case c.Queue != "" && c.Webhook != "":
		return errors.New("--webhook: there is --queue already: the demo's orders go one way")
	case c.Webhook != "":
		if u, err := url.Parse(c.Webhook); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("--webhook: an address such as http://127.0.0.1:9001/")
		}
	case c.Queue == "":
	case !queueName.MatchString(c.Queue):
		return errors.New("--queue: a name has 1 to 63 of the characters a-z, 0-9 and -, and begins with none of the last")
	case slices.Contains([]string{templateQueue, drillQueue, hookQueue}, c.Queue) || strings.HasPrefix(c.Queue, "koogate-"):
		return fmt.Errorf("--queue: %s is a queue of the demo's own: choose another name", c.Queue)
	}
	return nil
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, out *terminal.Console, start Start) (err error) {
	began := clock.System{}.Now()
	dir, tidy, err := c.directory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tidy()) }()
	level := slog.LevelError
	if c.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(out.Err, &slog.HandlerOptions{Level: level}))

	key, keyPEM, err := demoRSA(dir)
	if err != nil {
		return err
	}
	market, err := c.market(log, &key.PublicKey)
	if err != nil {
		return err
	}
	defer market.close()
	logins, err := c.newLogins(ctx)
	if err != nil {
		return err
	}
	defer logins.close()
	jaeger := c.findJaeger(ctx)
	koogate, err := start(ctx, c.config(dir, market.drillURL, logins.centre.PortalURL(), jaeger.url, keyPEM), log, nil)
	if err != nil {
		return err
	}
	usage, err := newUsage(ctx, dir, log, start)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return market.serve(ctx) })
	group.Go(func() error { return koogate.Run(ctx) })
	group.Go(func() error { return usage.run(ctx) })
	group.Go(func() error { return logins.serve(ctx) })
	group.Go(func() error {
		if c.Once {
			defer cancel()
		}
		if err := waitReady(ctx, c.Ops); err != nil {
			return err
		}
		t := &table{out: out, trace: func(r row) string { return c.trace(jaeger, r) }, began: began}
		if err := c.drive(ctx, market, t, usage); err != nil {
			return err
		}
		if err := logins.drive(ctx, market, &key.PublicKey, t); err != nil {
			return err
		}
		t.print()
		if failed := t.failed(); failed > 0 {
			if c.Once {
				return fmt.Errorf("%d of %d rows failed", failed, t.all())
			}
			fmt.Fprintf(out.Out, "\n%d of %d rows failed; run with -v to see every call\n", failed, t.all())
		}
		if !c.Once {
			return c.next(out, market, usage, logins, jaeger)
		}
		return nil
	})
	err = group.Wait()
	cancel()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// directory returns the data directory and the function that tidies it up at the end.
func (c *Command) directory() (dir string, tidy func() error, err error) {
	if c.Data != "" {
		return c.Data, func() error { return nil }, os.MkdirAll(c.Data, 0o700)
	}
	dir, err = os.MkdirTemp("", "koogate-dev-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// config is dev mode's whole configuration.
func (c *Command) config(dir, drillURL, centre, jaeger, kitPEM string) config.Config {
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: c.Facade, API: c.API, GRPC: c.GRPC, Ops: c.Ops, Login: c.Login}
	if c.Login != "" {
		cfg.Listeners.Login.PublicURL = "http://" + c.Login
	}
	cfg.Login.UnifiedURL, cfg.Login.Allow = centre+"/unified-login/", []string{"127.0.0.0/8"}
	cfg.Database.URL = config.Secret("sqlite:" + filepath.Join(dir, "koogate.db"))
	cfg.KeysetFile = filepath.Join(dir, "keyset.json")
	cfg.SigningFile = filepath.Join(dir, "signing.pem")
	cfg.ShutdownGrace = 5 * time.Second
	cfg.GRPC.Reflection = true
	cfg.Webhooks.Allow = []string{"127.0.0.0/8", "::1"} // for systems that are tried beside it
	cfg.Tracing.JaegerURL = jaeger
	if jaeger != "" && os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		cfg.Tracing.Endpoint, cfg.Tracing.Insecure = c.OTLP, true
	}
	seller := func(name, token, url string, scopes ...string) config.Seller {
		return config.Seller{
			Name: name, Tokens: []config.Token{{Name: name, Secret: config.Secret(token), Scopes: scopes}},
			Marketplace: config.Marketplace{BaseURL: url, AccessKey: demoAK, SecretKey: demoSK},
		}
	}
	cfg.Sellers = []config.Seller{
		seller(demoSeller, demoToken, "http://"+c.Sim, "worker", "usage", "read", "operate", "directory", "secrets", "personal_data", "configure", "tokens"),
		seller(drillSeller, drillToken, drillURL, "worker", "read"),
	}
	cfg.Endpoints = []config.Endpoint{
		{
			Name: "demo", Seller: demoSeller, Families: family.Names(), Keys: []config.Secret{demoKey},
			KitKeys: []config.Secret{demoKitKey}, KitPrivateKeys: []config.Secret{config.Secret(kitPEM)},
			Products: map[string]config.Product{
				"*": {Provisioner: c.provisioner(), SyncBudget: 4 * time.Second, Meter: config.Meter{Name: "calls"}},
			},
		},
		{
			Name: "demo-worker", Seller: drillSeller, Keys: []config.Secret{demoKey},
			Products: map[string]config.Product{"*": {Provisioner: drillQueue}},
		},
	}
	cfg.Provisioners = []config.Provisioner{
		{Name: templateQueue, Type: config.ProvisionerTemplate, Template: config.Template{
			FrontEndURL: "https://{instance}.demo.example.com/", AdminURL: "https://{instance}.demo.example.com/admin",
			UserName: "admin", Memo: "示例实例 (demo instance)",
		}},
		{Name: drillQueue, Type: config.ProvisionerWorker},
	}
	switch {
	case c.Queue != "":
		cfg.Provisioners = append(cfg.Provisioners, config.Provisioner{Name: c.Queue, Type: config.ProvisionerWorker})
	case c.Webhook != "":
		cfg.Provisioners = append(cfg.Provisioners, config.Provisioner{Name: hookQueue, Type: config.ProvisionerWebhook, Webhook: config.Hook{
			URL: c.Webhook, Secrets: []config.Secret{config.DemoWebhookSecret},
		}})
	}
	return cfg
}

// provisioner is who fulfils the demo's orders.
func (c *Command) provisioner() string {
	if c.Webhook != "" {
		return hookQueue
	}
	return cmp.Or(c.Queue, templateQueue)
}

// outside says that the demo's orders are fulfilled by a system of the user's.
func (c *Command) outside() bool { return c.provisioner() != templateQueue }

// markets is the simulator, twice: the demo seller's on the fixed port, and one for the drill with the outside worker.
type markets struct {
	demo, drill *simulator.Simulator
	listeners   [2]net.Listener
	drillURL    string
}

func (c *Command) market(log *slog.Logger, kit *rsa.PublicKey) (m *markets, err error) {
	poll := market.Schedule{Interval: 200 * time.Millisecond, Window: 30 * time.Second}
	if c.outside() {
		poll.Window = time.Hour // somebody starts a worker by hand meanwhile
	}
	sim := func(endpoint string) (*simulator.Simulator, error) {
		return simulator.New(simulator.Config{
			FacadeURL: "http://" + c.Facade + "/produce/" + endpoint, AccessKey: demoKey, KitKey: demoKitKey, PublicKey: kit,
			Credentials: demoCredentials,
			Clock:       clock.System{}, Strict: c.Strict, Retry: market.DocumentedRetry().Compressed(3600),
			Poll: poll, Log: log,
		})
	}
	m = &markets{}
	if m.demo, err = sim("demo"); err != nil {
		return nil, err
	}
	if m.drill, err = sim("demo-worker"); err != nil {
		return nil, err
	}
	for i, addr := range []string{c.Sim, "127.0.0.1:0"} {
		if m.listeners[i], err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr); err != nil {
			m.close()
			return nil, fmt.Errorf("simulator: %w; is another koogate dev running? Choose another --sim", err)
		}
	}
	m.drillURL = "http://" + m.listeners[1].Addr().String()
	return m, nil
}

func (m *markets) close() {
	m.demo.Close()
	if m.drill != nil {
		m.drill.Close()
	}
	for _, l := range m.listeners {
		if l != nil {
			_ = l.Close() // perhaps its server has closed it
		}
	}
}

func (m *markets) serve(ctx context.Context) error {
	var group errgroup.Group
	for i, s := range []*simulator.Simulator{m.demo, m.drill} {
		srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
		group.Go(func() error {
			if err := srv.Serve(m.listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
	}
	return group.Wait()
}

// waitReady waits until the ops listener says that the server can serve.
func waitReady(ctx context.Context, ops string) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ops+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := clock.Sleep(ctx, clock.System{}, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
