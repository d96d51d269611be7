// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
	"google.golang.org/grpc/codes"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Login is koogate login.
type Login struct {
	Address   string        `arg:"" help:"The service's gRPC listener (listen.grpc)." placeholder:"HOST:PORT"`
	Name      string        `help:"The context's name; without it the address." placeholder:"NAME"`
	TokenFile string        `help:"The file of the token; - is the standard input. Without it a terminal asks." placeholder:"FILE" predictor:"file"`
	CA        string        `help:"The authorities that the service's certificate is held against, in PEM; without it the machine's." name:"ca" type:"path" placeholder:"FILE" predictor:"file"`
	Cert      string        `help:"Your own certificate, in PEM, for a service that knows you by it." type:"path" placeholder:"FILE" predictor:"file" and:"pair"`
	Key       string        `help:"The certificate's key." type:"path" placeholder:"FILE" predictor:"file" and:"pair"`
	Clear     bool          `help:"Speak without TLS beyond this machine: whoever is on the way reads along."`
	Timeout   time.Duration `help:"How long the service may take to answer." default:"30s"`
}

// Help is shown by koogate login --help.
func (Login) Help() string {
	return `Asks for a token, shows it to the service once, and when the service takes it keeps address and token as a context, which is the current one
from then on. The file is koogate/contexts.json in your directory for configurations ($XDG_CONFIG_HOME or ~/.config), readable by you only.
With --cert a token is not needed where the service knows the certificate.

Examples:
  koogate login 127.0.0.1:9090                                  asks for the token
  koogate login koogate.example.com:9090 --name prod --ca ca.pem --token-file token
  koogate login koogate.example.com:9090 --cert me.pem --key me-key.pem --token-file - < /dev/null`
}

var contextName = regexp.MustCompile(`^[A-Za-z0-9._:@\[\]-]{1,128}$`)

// Run implements the command.
func (c *Login) Run(ctx context.Context, env *Env) error {
	name := c.Name
	if name == "" {
		name = c.Address
	}
	if !contextName.MatchString(name) {
		return Usagef("%q is no name of a context: 1 to 128 letters, digits and ._:@[]- (--name)", name)
	}
	saved, err := contexts.Load() // before anybody types a token
	if err != nil {
		return err
	}
	token, err := c.token(ctx, env)
	if err != nil {
		return err
	}
	if err := contexts.CheckToken(token); err != nil {
		return Usagef("%v", err)
	}
	entry := contexts.Context{Address: c.Address, Token: token, CAFile: c.CA, CertFile: c.Cert, KeyFile: c.Key, Clear: c.Clear}
	if entry.Seller, err = c.prove(ctx, env, entry); err != nil {
		return err
	}
	saved.Contexts[name], saved.Current = entry, name
	if err := saved.Save(); err != nil {
		return err
	}
	fmt.Fprintf(env.Out.Err, "logged in at %s; the context is %s\n", c.Address, name)
	return nil
}

// token asks for the token, or reads it.
func (c *Login) token(ctx context.Context, env *Env) (string, error) {
	if c.TokenFile == "-" && c.Cert != "" {
		text, err := io.ReadAll(io.LimitReader(env.In, 1<<16))
		return strings.TrimSpace(string(text)), err // none is fine
	}
	if c.TokenFile != "" {
		return contexts.ReadToken(c.TokenFile, env.In)
	}
	in, looks := env.In.(interface{ Fd() uintptr })
	if !looks || !term.IsTerminal(int(in.Fd())) {
		if c.Cert != "" {
			return "", nil
		}
		return contexts.ReadToken("-", env.In)
	}
	token, err := env.password(ctx, "Token: ", int(in.Fd()))
	if err != nil {
		return "", err
	}
	if token == "" && c.Cert == "" {
		return "", Usagef("no token was given")
	}
	return token, nil
}

// prove makes one call, and returns the seller when the service tells it. A token that may not make the call is accepted all the same:
// its bearer is known, and may do something else.
func (c *Login) prove(ctx context.Context, env *Env, entry contexts.Context) (seller string, err error) {
	conn, err := client.Dial(entry.Options())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	answer, err := call[*koogatev1.ListEndpointsResponse](ctx, &service{conn, c.Address, c.Timeout, nil}, &koogatev1.ListEndpointsRequest{PageSize: 1})
	var refused *client.Error
	if errors.As(err, &refused) && refused.Code == codes.PermissionDenied && refused.Reason == koogatev1.ErrorReason_ERROR_REASON_SCOPE_MISSING {
		fmt.Fprintf(env.Out.Err, "the token is known, and lacks the scope %s for most commands that only look\n", terminal.Cell(refused.Metadata["scope"]))
		return "", nil
	}
	if err != nil {
		return "", told(env, "", c.Address, err)
	}
	for _, e := range answer.GetEndpoints() {
		seller = e.GetSeller()
	}
	return seller, nil
}

// Logout is koogate logout.
type Logout struct {
	Name string `arg:"" optional:"" help:"The context that is forgotten; the current one without it." predictor:"context"`
}

// Help is shown by koogate logout --help.
func (Logout) Help() string {
	return `Forgets a context with its token. The token itself goes on to count: koogate tokens delete ends it.`
}

// Run implements the command.
func (c *Logout) Run(env *Env) error {
	saved, err := contexts.Load()
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = saved.Current
	}
	if name == "" {
		return Usagef("there is no current context; koogate contexts lists those that there are")
	}
	return forget(env, saved, name)
}

func forget(env *Env, saved contexts.File, name string) error {
	if _, ok := saved.Contexts[name]; !ok {
		return Usagef("there is no context %q: koogate contexts lists them", name)
	}
	delete(saved.Contexts, name)
	if saved.Current == name {
		saved.Current = ""
	}
	if err := saved.Save(); err != nil {
		return err
	}
	fmt.Fprintf(env.Out.Err, "forgot %s\n", name)
	return nil
}

// Contexts is koogate contexts.
type Contexts struct {
	List   contextsList   `cmd:"" default:"1" help:"Show the contexts, the current one with *."`
	Use    contextsUse    `cmd:"" help:"Make a context the current one."`
	Remove contextsRemove `cmd:"" help:"Forget a context with its token."`
}

type contextsList struct{}

// Run implements the command.
func (contextsList) Run(env *Env) error {
	saved, err := contexts.Load()
	if err != nil {
		return err
	}
	if len(saved.Contexts) == 0 {
		fmt.Fprintln(env.Out.Err, "there is none: koogate login HOST:PORT")
		return nil
	}
	t := tabwriter.NewWriter(env.Out.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tNAME\tADDRESS\tSELLER\tBY")
	for _, name := range saved.Names() {
		c := saved.Contexts[name]
		mark, by, seller := "", "token", "-"
		if name == saved.Current {
			mark = "*"
		}
		if c.Token == "" {
			by = "certificate"
		} else if c.CertFile != "" {
			by = "token, certificate"
		}
		if c.Seller != "" {
			seller = terminal.Cell(c.Seller)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", mark, terminal.Cell(name), terminal.Cell(c.Address), seller, by)
	}
	return t.Flush()
}

type contextsUse struct {
	Name string `arg:"" help:"The context." predictor:"context"`
}

// Run implements the command.
func (c *contextsUse) Run() error {
	saved, err := contexts.Load()
	if err != nil {
		return err
	}
	if _, ok := saved.Contexts[c.Name]; !ok {
		return Usagef("there is no context %q: koogate contexts lists them, koogate login HOST:PORT --name NAME makes one", c.Name)
	}
	saved.Current = c.Name
	return saved.Save()
}

type contextsRemove struct {
	Name string `arg:"" help:"The context." predictor:"context"`
}

// Run implements the command.
func (c *contextsRemove) Run(env *Env) error {
	saved, err := contexts.Load()
	if err != nil {
		return err
	}
	return forget(env, saved, c.Name)
}
