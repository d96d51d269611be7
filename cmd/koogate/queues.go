// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// queuesCmd is koogate queues.
type queuesCmd struct {
	sellerFlags
	remote.QueueList
}

// Help is shown by koogate queues --help.
func (queuesCmd) Help() string {
	return `Shows for every queue how many tasks wait for a worker (DUE), pause between two attempts (LATER) and are in the hands of workers
(LEASED), how old the oldest is, for how long one has waited for a worker, when a worker last asked for work and last got some, and
how much of the marketplace's time is left for the most urgent. WORKER is "away" when something has waited for longer than since a
worker last asked.

With --config it reads the database. On PostgreSQL it may run beside the service; a SQLite file belongs to one process. Without --config it
asks the service of the context, which shows the queues of the token's seller.

Exit codes: 0 no worker is away; 1 a worker is away, or the queues cannot be read; 2 the command line is wrong.

Examples:
  koogate queues
  koogate queues --watch
  koogate queues --config koogate.yaml
  koogate queues --config koogate.yaml --seller acme`
}

// workerPatience is how long a task may wait for a worker that has not asked: workers ask in a loop, and that they did is written
// down every ten seconds.
const workerPatience = time.Minute

// Run implements the command.
func (c *queuesCmd) Run(ctx context.Context, out *terminal.Console, env *remote.Env) (err error) {
	here, err := c.fromDatabase(c.Choice)
	switch {
	case err != nil:
		return err
	case here && (c.Watch || c.Output != "table"):
		return remote.Usagef("--watch and -o are for a service: leave --config out, or them")
	case !here && c.Seller != "":
		return remote.Usagef("--seller is for --config: a service shows the seller of the token")
	case !here && (c.Watch || !c.Table()):
		return c.QueueList.Run(ctx, env)
	case !here:
		return remote.Queues(ctx, env, &c.QueueList, func(all *koogatev1.ListQueuesResponse) error { return printQueues(out, all, env.Clock.Now()) })
	}
	o, err := c.openSold(ctx, out, c.Seller)
	if err != nil {
		return err
	}
	st, sellers := o.st, o.sellers
	defer func() { err = errors.Join(err, st.Close()) }()
	now, err := st.Now(ctx)
	if err != nil {
		return cause(err)
	}
	stored := clock.Follow(machine)
	stored.Heard(now, machine.Now(), machine.Now())
	core, err := server.NewCore(o.snapshot, fulfil.Deps{Store: st, Clock: stored, Log: newLog(out, 0)})
	if err != nil {
		return err
	}
	t := queueTable(out.Out)
	away := false
	if c.Seller == "" {
		sellers = append(sellers, "") // what Koogate does for itself belongs to no seller
	}
	for _, seller := range sellers {
		queues, err := core.Work.Queues(ctx, seller)
		if err != nil {
			return cause(err)
		}
		for _, q := range queues {
			away = printQueue(t, seller, q, now) || away
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if away {
		return errReported
	}
	return nil
}

// queueTable begins the table.
func queueTable(w io.Writer) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SELLER\tQUEUE\tKIND\tDUE\tLATER\tLEASED\tOLDEST\tWAITS\tASKED\tLEASE\tLEFT\tWORKER")
	return t
}

// printQueues prints what a service says.
func printQueues(out *terminal.Console, all *koogatev1.ListQueuesResponse, now time.Time) error {
	t, away := queueTable(out.Out), false
	for _, q := range all.GetQueues() {
		state := work.QueueState{
			Name: q.GetQueue(), Worker: q.GetLastWorkerId(), WaitingSince: moment(q.GetWaitingSinceTime()), AskedAt: moment(q.GetLastAskTime()),
			LeasedAt: moment(q.GetLastLeaseTime()), Until: moment(q.GetMarketplaceDeadlineTime()),
		}
		for _, k := range q.GetKinds() {
			state.Kinds = append(state.Kinds, work.KindState{
				Kind: store.TaskKind(show.Word(k.GetKind().Descriptor(), k.GetKind().Number())), Due: int(k.GetDueCount()), Later: int(k.GetLaterCount()),
				Leased: int(k.GetLeasedCount()), Oldest: moment(k.GetOldestTime()),
			})
		}
		away = printQueue(t, q.GetSeller(), state, now) || away
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if away {
		return errReported
	}
	return nil
}

// moment is a time of the contract; zero for none.
func moment(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}

// printQueue prints a line for each kind and says whether the queue's worker is away.
func printQueue(w io.Writer, seller string, q work.QueueState, now time.Time) (away bool) {
	waits := !q.WaitingSince.IsZero()
	away = waits && now.Sub(q.WaitingSince) > workerPatience && now.Sub(q.AskedAt) > workerPatience
	worker := "-"
	switch {
	case away:
		worker = "away"
	case q.Worker != "":
		worker = terminal.Cell(q.Worker)
	}
	left := "-"
	if !q.Until.IsZero() {
		left = q.Until.Sub(now).Round(time.Second).String()
	}
	kinds := q.Kinds
	if len(kinds) == 0 {
		kinds = []work.KindState{{Kind: "-"}}
	}
	for _, k := range kinds {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", cmp.Or(seller, "-"), terminal.Cell(q.Name), k.Kind, k.Due, k.Later, k.Leased,
			since(k.Oldest, now), since(q.WaitingSince, now), since(q.AskedAt, now), since(q.LeasedAt, now), left, worker)
	}
	return away
}

// since shows how long ago something was; "-" when it never was.
func since(at, now time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return now.Sub(at).Round(time.Second).String()
}
