// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// Events is koogate events.
type Events struct {
	List List[koogatev1.ListEventsRequest, feed] `cmd:"" help:"Show the events of all orders from the first on; --filter by kind, order_id and instance_id."`
	Tail eventsTail                              `cmd:"" help:"Show events as they happen, until ^C."`
}

type feed struct {
	filtered
	limited
}

// eventsTail is koogate events tail.
type eventsTail struct {
	followed
	show.Form
	contexts.Choice
}

// followed are the flags of what follows the events.
type followed struct {
	filtered
	Since         string `help:"Begin with what happened at this time or later; 1h is an hour ago." placeholder:"TIME" xor:"from"`
	FromBeginning bool   `help:"Begin with the first event that there is." xor:"from"`
	ResumeFile    string `help:"Keep the place here, so that the next run goes on behind it." type:"path" placeholder:"FILE" predictor:"file"`
}

// Help is shown by koogate events tail --help.
func (*eventsTail) Help() string {
	return `Without a flag it begins with what happens from now on. When the connection is lost it says so and goes on behind the last event: each event
comes at least once, those of an order in their order. With -o json each event is a line.

With --resume-file a first run begins as the other flags say, and a later one behind the last event that was shown; after a crash the events
of a second may come again.

Examples:
  koogate events tail --filter 'kind = "instance.released"'
  koogate events tail --since 1h -o json --resume-file events.place >> events.jsonl`
}

// Asks names the rpc.
func (*eventsTail) Asks() []protoreflect.FullName { return asks(&koogatev1.WatchEventsRequest{}) }

// saveEvery is how old the place in the file may be.
const saveEvery = time.Second

// place is where a tail stands in the feed.
type place struct {
	file  string // empty to keep it in memory only
	token string
	saved string
	at    time.Time // when it was saved
}

func (p *place) load() error {
	if p.file == "" {
		return nil
	}
	text, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	p.token = strings.TrimSpace(string(text))
	p.saved = p.token
	return err
}

// save writes the place down.
func (p *place) save(now time.Time) error {
	if p.file == "" || p.token == p.saved {
		return nil
	}
	p.saved, p.at = p.token, now
	return keyfile.Replace(p.file, []byte(p.token+"\n"))
}

// open finds out where to begin.
func (c followed) open(env *Env) (p *place, since time.Time, err error) {
	if c.Since != "" {
		if since, err = env.ago(c.Since); err != nil {
			return nil, since, fmt.Errorf("--since: %w", err)
		}
	}
	p = &place{file: c.ResumeFile}
	return p, since, p.load()
}

// Run implements the command.
func (c *eventsTail) Run(ctx context.Context, env *Env) error {
	p, since, err := c.open(env)
	if err != nil {
		return err
	}
	w := &tail{env: env, form: c.Output, place: p}
	return with(c.Choice, env, c.Output, func(s *service) error {
		f := &follower{followed: c.followed, env: env, since: since, token: p.token, take: w.take}
		return errors.Join(f.follow(ctx, s), p.save(env.Clock.Now()))
	})
}

// follower reads the feed, each event that is wanted at least once and those of an order in their order.
type follower struct {
	followed
	env   *Env
	since time.Time
	token string // behind what was taken
	lost  bool   // the connection
	// take takes a message; its event is not wanted when it is older than since. An error ends it.
	take func(m *koogatev1.WatchEventsResponse, wanted bool) error
}

// follow reads one stream after the other until ctx ends, which is no error, or a stream fails for good.
func (w *follower) follow(ctx context.Context, s *service) error {
	pause := firstPause
	for ctx.Err() == nil {
		began := w.env.Clock.Now()
		err := w.stream(ctx, s, &koogatev1.WatchEventsRequest{
			ResumeToken: w.token, FromBeginning: w.FromBeginning || !w.since.IsZero(), Filter: w.Filter,
		})
		var refused *client.Error
		switch {
		case ctx.Err() != nil:
			continue // the user ends it
		case errors.Is(err, io.EOF):
			refused = &client.Error{Message: "the stream has ended"}
		case !errors.As(err, &refused):
			return err
		case refused.Reason == koogatev1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID && w.ResumeFile != "":
			fmt.Fprintf(w.env.Out.Err, "the place in %s is not one of this service: remove the file to begin anew\n", w.ResumeFile)
			return err
		case !refused.Retryable:
			return err
		}
		if w.env.Clock.Now().Sub(began) > longestPause {
			pause = firstPause
		}
		if !w.lost {
			fmt.Fprintf(w.env.Out.Err, "the connection to %s is lost (%s): going on as soon as it is back\n", s.address, refused.Message)
		}
		w.lost = true
		clock.Wait(ctx, w.env.Clock, pause, nil)
		pause = min(2*pause, longestPause)
	}
	return nil
}

// The pauses between two tries to reach the service.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// stream reads one stream to its end.
func (w *follower) stream(ctx context.Context, s *service, request *koogatev1.WatchEventsRequest) error {
	ctx, begun, end := s.begin(ctx)
	defer end()
	events, err := koogatev1.NewEventServiceClient(s.conn).WatchEvents(ctx, request)
	if err != nil {
		return s.lateOr(ctx, err)
	}
	for {
		m, err := events.Recv()
		if err != nil {
			return s.lateOr(ctx, err)
		}
		begun()
		if w.lost {
			fmt.Fprintf(w.env.Out.Err, "%s answers again\n", s.address)
			w.lost = false
		}
		if err := w.take(m, !m.GetEvent().GetEvent().GetTime().AsTime().Before(w.since)); err != nil {
			return err
		}
		w.token = m.GetResumeToken()
	}
}

// tail writes events and remembers the place.
type tail struct {
	env    *Env
	form   string
	place  *place
	headed bool
}

func (w *tail) take(m *koogatev1.WatchEventsResponse, wanted bool) error {
	if e := m.GetEvent(); e != nil && wanted {
		if err := w.write(e); err != nil {
			return err
		}
	}
	w.place.token = m.GetResumeToken()
	now := w.env.Clock.Now()
	if m.GetEvent() == nil || now.Sub(w.place.at) >= saveEvery {
		return w.place.save(now)
	}
	return nil
}

func (w *tail) write(e *koogatev1.FeedEvent) error {
	if w.form == "json" || w.form == "yaml" {
		return show.NewList(w.env.Out, w.form, e.ProtoReflect().Descriptor(), w.env.Clock.Now(), true).Add(e)
	}
	if !w.headed {
		fmt.Fprintf(w.env.Out.Out, tailRow, "TIME", "ORDER", "SEQ", "KIND", "INSTANCE", "DATA")
		w.headed = true
	}
	x := e.GetEvent()
	_, err := fmt.Fprintf(w.env.Out.Out, tailRow, x.GetTime().AsTime().Format(time.RFC3339), terminal.Cell(e.GetOrderId()), fmt.Sprint(x.GetSeq()), terminal.Cell(x.GetKind()),
		terminal.Cell(x.GetInstanceId()), terminal.Cell(x.GetDataJson()))
	return err
}

// tailRow is a line of the table, whose rows are not known beforehand.
const tailRow = "%-20s  %-22s  %4s  %-28s  %-36s  %s\n"
