// SPDX-License-Identifier: Apache-2.0

// Command koogate is the whole service and its tools. `koogate --help` lists the commands.
//
// Exit codes: 0 done, or stopped by a signal in order; 1 failed, or refused by the service that was asked; 2 the command line is wrong or
// names no service, or koogate check or worker-test could not check or koogate sim replay not replay.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/koogate/koogate/cmd/koogate/internal/check"
	"github.com/koogate/koogate/cmd/koogate/internal/dev"
	"github.com/koogate/koogate/cmd/koogate/internal/doctor"
	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/sim"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/cmd/koogate/internal/workertest"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// cli is the command line.
type cli struct {
	Dev        dev.Command        `cmd:"" help:"Run everything in one process on loopback, with a marketplace simulator."`
	Serve      serveCmd           `cmd:"" help:"Run the service."`
	Check      check.Command      `cmd:"" help:"Check any seller's production address against the marketplace's rules."`
	WorkerTest workertest.Command `cmd:"" help:"Run your own worker under duplicates, crashes and lost leases, and say what it does wrong."`
	Migrate    migrateCmd         `cmd:"" help:"Create or update the database's tables."`
	Doctor     doctor.Command     `cmd:"" help:"Look at an installation, the marketplace's side of it too, and say what to do about every fault."`
	Config     struct {
		Check  checkCmd  `cmd:"" help:"Check a configuration and print a remedy for every fault."`
		Diff   diffCmd   `cmd:"" help:"Show what apply would change."`
		Apply  applyCmd  `cmd:"" help:"Have a running service take the sellers of a file, without a restart."`
		Export exportCmd `cmd:"" help:"Print the sellers as the database has them."`
	} `cmd:"" help:"Work with configurations."`

	Login    remote.Login    `cmd:"" group:"api" help:"Prove a token to a service, and keep both as a context."`
	Logout   remote.Logout   `cmd:"" group:"api" help:"Forget a context with its token."`
	Contexts remote.Contexts `cmd:"" group:"api" help:"Show the services that you are logged in at, and choose one."`

	Orders       remote.Orders       `cmd:"" group:"api" help:"Look at orders: their lines, their events, and how they stand in plain words."`
	Instances    remote.Instances    `cmd:"" group:"api" help:"Look at what was bought; freeze and release it by hand."`
	Import       remote.Import       `cmd:"" group:"api" help:"Take over instances that another integration has created."`
	Tasks        remote.Tasks        `cmd:"" group:"api" help:"Look at what is to be done, and have what failed done again."`
	Calls        remote.Calls        `cmd:"" group:"api" help:"Look at the marketplace's calls, and let one in again."`
	Events       remote.Events       `cmd:"" group:"api" help:"Read the events of all orders, or follow them."`
	Listen       remote.Listen       `cmd:"" group:"api" help:"Hand events and tasks to a program on your machine, as webhooks do."`
	Standing     remote.Standing     `cmd:"" group:"api" help:"Say what the marketplace counts against you."`
	Sellers      remote.Sellers      `cmd:"" group:"api" help:"Look at and change how sellers reach the marketplace."`
	Endpoints    remote.Endpoints    `cmd:"" group:"api" help:"Look at and change production addresses."`
	Products     remote.Products     `cmd:"" group:"api" help:"Look at and change what is sold."`
	Provisioners remote.Provisioners `cmd:"" group:"api" help:"Look at and change who fulfils it."`
	Tokens       remote.Tokens       `cmd:"" group:"api" help:"Make and end bearer tokens."`
	Webhooks     remote.Webhooks     `cmd:"" group:"api" help:"Look after addresses of yours that are told of events."`
	Deliveries   remote.Deliveries   `cmd:"" group:"api" help:"Look at what was delivered to webhooks, and deliver it anew."`
	Logins       remote.Logins       `cmd:"" group:"api" help:"Look after logins to joint products: applications, sessions, and why a login has failed."`
	Quotas       remote.Quotas       `cmd:"" group:"api" help:"Look after packages that stop when they are used up."`
	Licences     remote.Licences     `cmd:"" group:"api" help:"Activate licence codes, and ask for them."`
	Directory    remote.Directory    `cmd:"" group:"api" help:"Look at enterprises, applications, users and departments."`

	Keys struct {
		New    keysNewCmd    `cmd:"" help:"Make a keyset, or a random key or token."`
		Rotate keysRotateCmd `cmd:"" help:"Give a keyset a new key."`
		Status keysStatusCmd `cmd:"" help:"Show the keys of endpoints, and whether an old one may go."`

		Reencrypt keysReencryptCmd `cmd:"" help:"Encrypt everything anew under the key that seals now."`
		Retire    keysRetireCmd    `cmd:"" help:"End a key of an endpoint; or take the keys out of the keyset that nothing is encrypted with."`

		NewSigning    keysNewSigningCmd    `cmd:"" help:"Make the key that signs the chains of events."`
		RotateSigning keysRotateSigningCmd `cmd:"" help:"Give a signing key's file a new key."`
		Public        keysPublicCmd        `cmd:"" help:"Print the public halves of a signing key."`

		remote.Keys
	} `cmd:"" help:"Make keys, and look after them."`
	Restore restoreCmd `cmd:"" help:"Look after what a restore from a backup has lost."`
	Usage   struct {
		Prove  usageProveCmd  `cmd:"" help:"Recompute the usage ledger and say whether anything is lost or doubled."`
		Export usageExportCmd `cmd:"" help:"Write the usage records as CSV, to compare with the seller centre."`

		remote.Usage
	} `cmd:"" help:"Report usage, and look at its ledger."`
	Audit struct {
		List auditListCmd `cmd:"" help:"Show who has changed what, and why."`
	} `cmd:"" help:"Look at who has changed what."`
	Queues   queuesCmd `cmd:"" help:"Show what waits in the queues, and when workers last came."`
	Verify   verifyCmd `cmd:"" help:"Check the chains of events, the rows, the signatures and the anchors, and name what is wrong."`
	Evidence struct {
		Export evidenceExportCmd `cmd:"" help:"Write chains of events for somebody to verify without the database."`
		Verify evidenceVerifyCmd `cmd:"" help:"Verify the evidence pack of an order, anywhere."`

		remote.Evidence
	} `cmd:"" help:"Hand evidence over."`
	Sim struct {
		Lives  simLivesCmd `cmd:"" help:"Live made-up orders with faults in virtual time, and hold Koogate to every promise."`
		Record sim.Record  `cmd:"" help:"Sit between a marketplace and a seller, and write their calls down without secrets."`
		Centre sim.Centre  `cmd:"" help:"Play the authentication centre, for your login to be tried and judged."`
		Replay sim.Replay  `cmd:"" help:"Make the calls of a recording again, and compare the answers by rule."`
	} `cmd:"" help:"Rehearse without the marketplace, or with what it has said before."`
	Version    versionCmd    `cmd:"" help:"Say which version this is."`
	Help       helpCmd       `cmd:"" help:"Explain a command, as --help does."`
	Completion completionCmd `cmd:"" help:"Print what makes your shell complete commands and flags."`

	ShowVersion kong.VersionFlag `name:"version" help:"Say which version this is."`

	DevWorker dev.Worker `cmd:"" hidden:""`
}

const about = `Koogate is the seller's side of Huawei Cloud KooGallery as one service.

Examples:
  koogate dev                                   try it: no configuration, no other process
  koogate keys new /etc/koogate/keyset.json     then write a configuration from deploy/koogate.example.yaml
  koogate config check --config koogate.yaml
  koogate migrate --config koogate.yaml
  koogate serve --config koogate.yaml
  koogate doctor --config koogate.yaml --live
  koogate check https://shop.example.com/produce --key-file key.txt
  koogate login 127.0.0.1:9090                  then ask a service that runs: koogate orders list

Exit codes: 0 the command is done or stopped in order, 1 it failed or was refused, 2 the command line is wrong or nothing can be checked or
replayed.`

// stdin is the standard input; tests have one of their own.
var stdin io.Reader = os.Stdin

func main() {
	slog.SetDefault(slog.New(quiet{slog.NewTextHandler(os.Stderr, nil)}))
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel() // the first signal asks for a stop in order
		<-signals
		os.Exit(exitFailed) // the second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// leave is how kong leaves after --help.
type leave int

// newParser makes the parser of the command line.
func newParser(ctx context.Context, out *terminal.Console) (*kong.Kong, error) {
	env := &remote.Env{Out: out, In: stdin, Clock: machine, Language: reportLanguage()}
	return kong.New(new(cli), kong.Name("koogate"), kong.Description(about), kong.Writers(out.Out, out.Err),
		kong.Exit(func(code int) { panic(leave(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.ExplicitGroups([]kong.Group{{Key: "api", Title: "Asking a service that runs (docs/cli.md)"}}),
		kong.Bind(out, env, dev.Start(startDev), instruments), kong.BindTo(ctx, (*context.Context)(nil)), kong.Vars{"version": versionLine(), "language": env.Language})
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	slog.SetLogLoggerLevel(slog.LevelWarn) // libraries tell the default logger of routine things; ours is passed to who needs it
	defer func() {
		if v := recover(); v != nil {
			l, ok := v.(leave)
			if !ok {
				panic(v)
			}
			code = int(l)
		}
	}()
	out := terminal.New(stdout, stderr)
	stderr = out.Err
	parser, err := newParser(ctx, out)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "koogate:", err)
		return exitFailed
	}
	answerShell(ctx, parser)
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "koogate: %v\nSee koogate --help.\n", err)
		return exitUsage
	}
	switch err := command.Run(); {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported), errors.Is(err, check.ErrBroken), errors.Is(err, sim.ErrDiffers), errors.Is(err, sim.ErrBroken), errors.Is(err, remote.ErrReported), errors.Is(err, doctor.ErrFaults):
		return exitFailed
	case errors.Is(err, check.ErrUnchecked), errors.Is(err, sim.ErrCannot), errors.As(err, new(*remote.UsageError)):
		_, _ = fmt.Fprintln(stderr, "koogate:", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintln(stderr, "koogate:", err)
		return exitFailed
	}
}

// errReported is a failure whose reason has been printed.
var errReported = errors.New("reported")
