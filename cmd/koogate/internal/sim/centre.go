// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/server/clock"
)

// ErrBroken says that a rule was broken. Which one has been told.
var ErrBroken = errors.New("the seller's side breaks rules")

// Centre is koogate sim centre.
type Centre struct {
	File        string   `help:"A world in YAML or JSON: applications, tenants, users. Without it there are three made-up tenants." type:"path" predictor:"file" placeholder:"FILE" xor:"world"`
	Callback    string   `help:"Where your application is, for the made-up world: its callbacks are URL/callback (OAuth) and URL/cas (CAS)." default:"http://127.0.0.1:9000" placeholder:"URL"`
	ShowExample bool     `help:"Print the made-up world as YAML, to begin a file with, and end." xor:"world"`
	Listen      []string `help:"Where it listens: the portal first, then each tenant's domain. Those that are not given follow the portal's port upwards; port 0 takes free ones." default:"127.0.0.1:8100" placeholder:"HOST:PORT"`
	HTTPS       string   `name:"https" help:"Serve HTTPS, and write the certificate of its authority to FILE, for your application to trust." type:"path" predictor:"file" placeholder:"FILE"`
	Language    string   `help:"The language of the pages where the browser says nothing, and of what is printed: zh or en." enum:"zh,en" default:"${language}"`

	CodeLife    time.Duration `help:"How long a code or ticket counts." default:"5m"`
	AccessLife  time.Duration `help:"How long an access_token counts." default:"2h"`
	RefreshLife time.Duration `help:"How long a refresh_token counts." default:"720h"`
	Strict      bool          `help:"End with 1 if a rule was broken."`
	Output      string        `help:"text, or json: one object a line." short:"o" enum:"text,json" default:"text" placeholder:"FORM"`

	Kit       string `help:"Before anybody logs in, deliver the world to this production address by the Kit's calls." placeholder:"URL" group:"kit"`
	KitFamily string `help:"The generation of the Kit: kit_v1 or kit_v2." enum:"kit_v1,kit_v2" default:"kit_v2" group:"kit"`
	Key       string `help:"The Kit's key. It is not kept in the shell's history with KOOGATE_SIM_KIT_KEY or --key-file." env:"KOOGATE_SIM_KIT_KEY" placeholder:"KEY" xor:"key" group:"kit"`
	KeyFile   string `help:"A file that holds the Kit's key." type:"path" predictor:"file" placeholder:"FILE" xor:"key" group:"kit"`
	PublicKey string `help:"The public key (PEM) for which clientSecret is encrypted, or the private key whose other half it is." type:"path" predictor:"file" placeholder:"FILE" group:"kit"`
}

// Help is shown by koogate sim centre --help.
func (Centre) Help() string {
	return `Plays the authentication centre of joint products on your machine: the unified login page, the workbench, and for each tenant a domain with
OAuth 2.0 and CAS. Try your login against it, in any language, without the live centre. It prints what to enter at your side, then what
happens, line by line, and which rule your side breaks. The portal's page has the same, with faults to choose; /centre/ of the portal is
an API for tests (docs/login-centre.md).

Secrets and passwords are made up and shown to everybody who asks. Nothing is kept when it ends.

Exit codes: 0 stopped in order; 1 it could not be started, the Kit's calls were not taken, or with --strict a rule was broken; 2 the command
line is wrong.

Examples:
  koogate sim centre
  koogate sim centre --callback http://localhost:3000 --language en
  koogate sim centre --show-example
  koogate sim centre --file world.yaml --https ca.pem --strict
  koogate sim centre --listen 127.0.0.1:0 -o json
  koogate sim centre --kit http://127.0.0.1:8080/produce/demo --key koogate-demo-kit-key --public-key kit-rsa.pem`
}

// Validate is called by kong.
func (c *Centre) Validate() error {
	switch {
	case c.CodeLife <= 0 || c.AccessLife < time.Second || c.RefreshLife <= 0:
		return errors.New("--code-life, --access-life and --refresh-life: more than nothing is needed, and a second for --access-life")
	case c.Kit == "" && (c.KeyFile != "" || c.PublicKey != ""):
		return errors.New("--key-file and --public-key go with --kit")
	case c.Kit != "" && c.PublicKey == "":
		return errors.New("--kit needs --public-key: clientSecret is encrypted for it")
	}
	for _, addr := range c.Listen {
		host, _, err := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && !ip.IsLoopback() {
			return errors.New("--listen: want loopback, such as 127.0.0.1:8100: everybody who reaches it learns its secrets")
		}
	}
	return nil
}

// stopGrace is how long calls in hand may go on after ^C.
const stopGrace = 3 * time.Second

// Run implements the command. Errors: ErrBroken.
func (c *Centre) Run(ctx context.Context, out *terminal.Console) (err error) {
	w, err := c.world()
	if err != nil {
		return err
	}
	if c.ShowExample {
		return example(out, w)
	}
	now := clock.System{}
	centre, err := authcentre.New(authcentre.Config{
		World: w, Clock: now, Language: c.Language, CodeLife: c.CodeLife, AccessLife: c.AccessLife, RefreshLife: c.RefreshLife,
	})
	if err != nil {
		return err
	}
	options := authcentre.Options{Addrs: c.Listen}
	if c.HTTPS != "" {
		var authority []byte
		if options.Certificate, authority, err = authcentre.NewCertificate(now.Now(), c.hosts()...); err != nil {
			return err
		}
		if err := os.WriteFile(c.HTTPS, authority, 0o644); err != nil { //nolint:gosec // a certificate is public
			return err
		}
	}
	server, err := centre.Start(ctx, options)
	if err != nil {
		return fmt.Errorf("%w; choose another --listen", err)
	}
	defer func() { err = errors.Join(err, server.Stop(stopGrace)) }()
	t := &teller{out: out, centre: centre, language: c.Language, clock: now, json: c.Output == "json"}
	if c.Kit != "" {
		if err := c.deliver(ctx, centre, t, now); err != nil {
			return err
		}
	}
	t.ready()
	over := make(chan struct{})
	followed, stop := context.WithCancel(ctx)
	go func() {
		defer close(over)
		t.follow(followed)
	}()
	select {
	case <-ctx.Done():
	case err = <-server.Failed():
	}
	stop()
	<-over
	broken := t.end()
	if c.Strict && broken > 0 && err == nil {
		return ErrBroken
	}
	return err
}

// world is that of the file, or the made-up one.
func (c *Centre) world() (*world.World, error) {
	if c.File == "" {
		w := world.Example(strings.TrimRight(c.Callback, "/"))
		return w, w.Check()
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	text, err = json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("%s: a member's name is no text: %w", c.File, err)
	}
	w, err := world.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", c.File, err)
	}
	return w, nil
}

// example prints a world as YAML.
func example(out *terminal.Console, w *world.World) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	var tree yaml.Node // JSON is YAML; the order of members stays
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return err
	}
	plain(&tree)
	e := yaml.NewEncoder(out.Data())
	e.SetIndent(2)
	return errors.Join(e.Encode(&tree), e.Close())
}

// plain takes the form of JSON away.
func plain(n *yaml.Node) {
	n.Style = 0
	for _, inner := range n.Content {
		plain(inner)
	}
}

// hosts are the names of the certificate.
func (c *Centre) hosts() []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	for _, addr := range c.Listen {
		if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
