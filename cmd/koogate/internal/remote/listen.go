// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/listen"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/outbound"
)

// Listen is koogate listen.
type Listen struct {
	ForwardTo   string        `required:"" help:"Your program: events are posted there, and tasks unless --tasks-to says otherwise." placeholder:"URL"`
	Queue       []string      `api:"queue" help:"Hand over the tasks of this queue, too; several by commas." placeholder:"NAME"`
	TasksTo     string        `help:"Where tasks are posted." placeholder:"URL"`
	NoEvents    bool          `help:"Hand over tasks only."`
	AllowRemote bool          `help:"Forward to other machines, too: events hold data of orders."`
	SecretFile  string        `help:"Sign by the secret in this file (whsec_…), instead of one that is made now and shown once." placeholder:"FILE" predictor:"file"`
	Patience    time.Duration `help:"How long your program may take for an answer." default:"10s"`
	AskAgain    time.Duration `help:"When a task is sent again that was answered 202 and is not completed." default:"5m"`
	Lease       time.Duration `api:"lease_duration" help:"How long a task stays with this command when that dies." default:"60s"`
	Output      string        `help:"table, or json: a line for each call." short:"o" enum:"table,json" default:"table" placeholder:"FORM"`
	followed
	contexts.Choice
}

// Help is shown by koogate listen --help.
func (*Listen) Help() string {
	return `Posts events to a program on your machine as a webhook does, and tasks as a webhook provisioner does: the same bodies, headers and
signatures, and the same meaning of answers (docs/operations.md). Nothing has to reach your machine from outside.

Events come at least once, those of an order one after the other. What your program does not take (2xx) is sent again until it does, and
holds up its own order only. Without a flag it begins with what happens from now on.

Tasks are leased from queues of type worker, with a token of the scope worker: 200 ends a task with the answer as its result, 202 leaves
it to your program to complete, 4xx ends it for good, anything else brings it again. ^C gives back what is in hand; a second one ends at once.

Examples:
  koogate listen --forward-to http://localhost:3000/hook
  koogate listen --forward-to http://localhost:3000/hook --filter 'kind = "instance.admitted"' --since 1h
  koogate listen --forward-to http://localhost:3000/events --queue crm --tasks-to http://localhost:3000/tasks
  koogate listen --forward-to http://localhost:3000/tasks --queue crm --no-events --patience 10m`
}

// Asks names the rpcs.
func (*Listen) Asks() []protoreflect.FullName {
	return asks(&koogatev1.WatchEventsRequest{}, &koogatev1.LeaseTasksRequest{}, &koogatev1.HeartbeatTaskRequest{}, &koogatev1.CompleteTaskRequest{},
		&koogatev1.FailTaskRequest{}, &koogatev1.ListEndpointsRequest{})
}

// grace is how long calls in hand may go on after ^C.
const grace = 3 * time.Second

// Validate is called by kong.
func (c *Listen) Validate() error {
	switch {
	case c.NoEvents && len(c.Queue) == 0:
		return errors.New("--no-events: name a queue by --queue, or nothing is left to hand over")
	case c.NoEvents && (c.Filter != "" || c.Since != "" || c.FromBeginning || c.ResumeFile != ""):
		return errors.New("--no-events goes without the flags that choose events: --filter, --since, --from-beginning, --resume-file")
	case c.TasksTo != "" && len(c.Queue) == 0:
		return errors.New("--tasks-to: name the queue by --queue")
	case c.Patience < time.Second || c.Patience > time.Hour:
		return errors.New("--patience is 1s to 1h")
	case c.AskAgain < time.Second || c.AskAgain > time.Hour:
		return errors.New("--ask-again is 1s to 1h")
	case c.Lease < time.Second || c.Lease > time.Hour:
		return errors.New("--lease is 1s to 1h")
	}
	return nil
}

// secret is the key that signs, and its text when it is to be shown.
func (c *Listen) secret(env *Env) (key []byte, text string, err error) {
	if c.SecretFile == "" {
		if terminal.OthersRead(env.Out.Err) {
			return nil, "", errors.New("the secret would be written where others can read it: umask 077 first, or name one by --secret-file")
		}
		text = outbound.NewSecret()
		key, err = outbound.Key(text)
		return key, text, err
	}
	read, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return nil, "", fmt.Errorf("--secret-file: %w", err)
	}
	if key, err = outbound.Key(strings.TrimSpace(string(read))); err != nil {
		return nil, "", fmt.Errorf("--secret-file: %s holds no secret: koogate keys new --webhook FILE makes one, and webhooks and provisioners show theirs as whsec_…", c.SecretFile)
	}
	return key, "", nil
}

// Run implements the command.
func (c *Listen) Run(ctx context.Context, env *Env) error {
	hard, end := context.WithCancel(context.WithoutCancel(ctx)) // of the calls in hand
	defer end()
	to, err := listen.NewTarget(hard, c.ForwardTo, c.AllowRemote)
	if err != nil {
		return Usagef("--forward-to: %s", err)
	}
	defer to.Close()
	tasksTo := to
	if c.TasksTo != "" {
		if tasksTo, err = listen.NewTarget(hard, c.TasksTo, c.AllowRemote); err != nil {
			return Usagef("--tasks-to: %s", err)
		}
		defer tasksTo.Close()
	}
	key, shown, err := c.secret(env)
	if err != nil {
		return err
	}
	p, since, err := c.open(env)
	if err != nil {
		return err
	}
	screen := &listen.Screen{Out: env.Out, JSON: c.Output == "json"}
	return with(c.Choice, env, c.Output, func(s *service) error {
		if shown != "" {
			screen.Tell("the secret of this session, which your program verifies by: %s", shown)
		}
		g, run := errgroup.WithContext(ctx)
		context.AfterFunc(run, func() {
			clock.Wait(hard, env.Clock, grace, nil)
			end()
		})
		if !c.NoEvents {
			g.Go(func() error {
				return c.events(run, env, s, &listen.Events{
					Target: to, Keys: [][]byte{key}, Patience: c.Patience, Clock: env.Clock, Screen: screen,
				}, p, since)
			})
		}
		host, _ := os.Hostname()
		for _, queue := range c.Queue {
			q := &listen.Tasks{
				API: koogatev1.NewTaskServiceClient(s.conn), Queue: queue, Target: tasksTo, Keys: [][]byte{key}, Patience: c.Patience, AskAgain: c.AskAgain, Length: c.Lease,
				Worker: fmt.Sprintf("koogate-listen/%s-%d", terminal.Cell(host), os.Getpid()), Clock: env.Clock, Screen: screen, Address: s.address,
			}
			g.Go(func() error {
				screen.Tell("tasks of %s go to %s", queue, tasksTo.URL)
				err := q.Run(run)
				if remedy := q.Remedy(err); remedy != "" {
					screen.Tell("%s", remedy)
				}
				if n := q.Accepted(); n > 0 {
					screen.Tell("%d tasks of %s were answered 202: they stay with your program until it completes them, or are handed out again", n, queue)
				}
				return err
			})
		}
		return g.Wait()
	})
}

// events hands events over until ctx ends.
func (c *Listen) events(ctx context.Context, env *Env, s *service, to *listen.Events, p *place, since time.Time) (err error) {
	if to.Seller, err = s.seller(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // the user ends it
		}
		return err
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	keep := func() error {
		if at := to.Place(); at != "" {
			p.token = at
		}
		return p.save(env.Clock.Now())
	}
	ready := false
	f := &follower{followed: c.followed, env: env, since: since, token: p.token, take: func(m *koogatev1.WatchEventsResponse, wanted bool) error {
		if !ready {
			ready = true
			to.Screen.Tell("events go to %s", to.Target.URL)
		}
		if err := to.Take(run, m, wanted); err != nil {
			return err
		}
		if env.Clock.Now().Sub(p.at) >= saveEvery {
			return keep()
		}
		return nil
	}}
	err = f.follow(ctx, s)
	stop()
	if left := to.Wait(); left > 0 {
		after := "--since sends them again, and --resume-file would have the next run go on with them"
		if c.ResumeFile != "" {
			after = "the next run goes on with them"
		}
		to.Screen.Tell("%d events were not taken: %s", left, after)
	}
	return errors.Join(err, keep())
}

// seller is whose service it is, as the identity of events has it.
func (s *service) seller(ctx context.Context) (string, error) {
	answer, err := call[*koogatev1.ListEndpointsResponse](ctx, s, &koogatev1.ListEndpointsRequest{PageSize: 1})
	if err != nil {
		return "", err
	}
	for _, e := range answer.GetEndpoints() {
		return e.GetSeller(), nil
	}
	return "", errors.New("nothing is sold here yet, so there are no events: koogate endpoints create makes an address for the marketplace")
}
