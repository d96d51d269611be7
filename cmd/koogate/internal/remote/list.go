// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// List is a command that shows what rpc R lists; F are the flags that fill the request in.
type List[R, F any] struct {
	Flags F `embed:""`
	show.Form
	Watch bool          `help:"Look again and again until ^C: a terminal shows the list as it is, anything else gets what is new or has changed." short:"w"`
	Every time.Duration `help:"With --watch: how long to wait between two looks." default:"2s"`
	contexts.Choice
}

// Asks names the rpc.
func (*List[R, F]) Asks() []protoreflect.FullName { return asks(zero[R]()) }

// Validate is called by kong.
func (l *List[R, F]) Validate() error {
	switch {
	case l.Every < 100*time.Millisecond:
		return errors.New("--every: 100ms at least")
	case l.most() < 0:
		return errors.New("--limit: 0 for all, or a number")
	}
	return nil
}

// most is how many elements are asked for, 0 for all.
func (l *List[R, F]) most() int {
	if some, ok := any(l.Flags).(interface{ most() int }); ok {
		return some.most()
	}
	return 0
}

// errEnough ends a list before its last element.
var errEnough = errors.New("enough")

// until ends a list at the first element that flags call past.
func (l *List[R, F]) until(each func(proto.Message) error) func(proto.Message) error {
	flags, ok := any(l.Flags).(interface{ past(proto.Message) bool })
	if !ok {
		return each
	}
	return func(m proto.Message) error {
		if flags.past(m) {
			return errEnough
		}
		return each(m)
	}
}

// Run implements the command.
func (l *List[R, F]) Run(ctx context.Context, env *Env) error {
	request := zero[R]()
	if err := env.fill(request, l.Flags); err != nil {
		return err
	}
	return with(l.Choice, env, l.Output, func(s *service) error {
		if l.Watch {
			return l.watch(ctx, env, s, request)
		}
		list := show.NewList(env.Out, l.Output, elements(rpcOf(request)).Message(), env.Clock.Now(), false)
		more, err := s.list(ctx, request, l.most(), l.until(list.Add), list.Flush)
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if more && l.Table() {
			defer fmt.Fprintln(env.Out.Err, "there are more: --limit 0 shows all")
		}
		return list.End()
	})
}

// list asks page by page for at most so many elements, 0 for all, and says whether there are more.
func (s *service) list(ctx context.Context, request proto.Message, most int, each func(proto.Message) error, page func() error) (more bool, err error) {
	m := rpcOf(request)
	request = proto.Clone(request)
	fields, field := request.ProtoReflect().Descriptor().Fields(), elements(m)
	size, token := fields.ByName("page_size"), fields.ByName("page_token")
	for count := 0; ; {
		if want := 500; size != nil {
			if most > 0 {
				want = min(want, most-count)
			}
			request.ProtoReflect().Set(size, protoreflect.ValueOfInt32(int32(want)))
		}
		answer, err := s.patient(ctx, request)
		if err != nil {
			return false, err
		}
		a := answer.ProtoReflect()
		some := a.Get(field).List()
		for i := range some.Len() {
			if err := each(some.Get(i).Message().Interface()); err != nil {
				return false, err
			}
		}
		if err := page(); err != nil {
			return false, err
		}
		count += some.Len()
		next := a.Descriptor().Fields().ByName("next_page_token")
		if token == nil || next == nil || a.Get(next).String() == "" {
			return false, nil
		}
		if most > 0 && count >= most {
			return true, nil
		}
		request.ProtoReflect().Set(token, a.Get(next))
	}
}

// watch looks again and again until ctx ends. A look that fails and may succeed later is told once, and so is the first that does.
func (l *List[R, F]) watch(ctx context.Context, env *Env, s *service, request proto.Message) error {
	kind := elements(rpcOf(request)).Message()
	stream := show.NewList(env.Out, l.Output, kind, env.Clock.Now(), true)
	known, lost := map[string]bool{}, false
	for ctx.Err() == nil {
		var found []proto.Message
		collect := func(m proto.Message) error { found = append(found, m); return nil }
		_, err := s.list(ctx, request, l.most(), l.until(collect), func() error { return nil })
		if errors.Is(err, errEnough) {
			err = nil
		}
		var refused *client.Error
		switch {
		case ctx.Err() != nil:
			continue // the user ends it
		case errors.As(err, &refused) && refused.Retryable:
			if !lost {
				fmt.Fprintf(env.Out.Err, "%s does not answer (%s): looking on\n", s.address, refused.Message)
			}
			lost = true
		case err != nil:
			return err
		default:
			if lost {
				fmt.Fprintf(env.Out.Err, "%s answers again\n", s.address)
			}
			lost = false
			if env.Out.Colour && l.Table() {
				err = l.draw(env, kind, found)
			} else {
				stream.Now(env.Clock.Now())
				known, err = appendNew(stream, known, found)
			}
			if err != nil {
				return err
			}
		}
		clock.Wait(ctx, env.Clock, l.Every, nil)
	}
	return nil
}

// draw shows a list in the place of what the terminal shows.
func (l *List[R, F]) draw(env *Env, kind protoreflect.MessageDescriptor, found []proto.Message) error {
	now := env.Clock.Now()
	list := show.NewList(env.Out, l.Output, kind, now, false)
	env.Out.Redraw()
	fmt.Fprintf(env.Out.Out, "%s, every %s, ^C ends\n\n", now.Format(time.RFC3339), l.Every)
	for _, m := range found {
		if err := list.Add(m); err != nil {
			return err
		}
	}
	return list.End()
}

// appendNew writes the elements that were not there, or not so, at the look before, the oldest first as lists begin with the newest.
// It returns what is there now.
func appendNew(list *show.List, known map[string]bool, found []proto.Message) (map[string]bool, error) {
	present := make(map[string]bool, len(found))
	for i := len(found) - 1; i >= 0; i-- {
		text, err := proto.MarshalOptions{Deterministic: true}.Marshal(found[i])
		if err != nil {
			return known, err
		}
		if present[string(text)] = true; known[string(text)] {
			continue
		}
		if err := list.Add(found[i]); err != nil {
			return known, err
		}
	}
	return present, list.Flush()
}

// AuditList is koogate audit list where it asks a service.
type AuditList = List[koogatev1.ListAuditEntriesRequest, AuditFlags]

// AuditFlags narrow the audit down.
type AuditFlags struct {
	Filter  string    `api:"filter" help:"Of a service: only these, field = \"value\" over order_id, actor and action, joined by AND." placeholder:"FILTER"`
	OrderBy string    `api:"order_by" help:"Of a service: create_time desc (default) or create_time asc." placeholder:"ORDER"`
	Limit   int       `help:"At most so many rows, 1 to 10000, of a service 0 for all." default:"100" placeholder:"N"`
	After   time.Time `kong:"-"` // rows from before are left out, and end a list that begins with the newest
}

func (f AuditFlags) most() int { return f.Limit }

func (f AuditFlags) past(m proto.Message) bool {
	return m.(*koogatev1.AuditEntry).GetCreateTime().AsTime().Before(f.After)
}

// QueueList is koogate queues where it asks a service for data.
type QueueList = List[koogatev1.ListQueuesRequest, none]

// Queues asks what waits in the queues, and has show show it.
func Queues(ctx context.Context, env *Env, l *QueueList, show func(*koogatev1.ListQueuesResponse) error) error {
	return with(l.Choice, env, l.Output, func(s *service) error {
		all, err := call[*koogatev1.ListQueuesResponse](ctx, s, &koogatev1.ListQueuesRequest{})
		if err != nil {
			return err
		}
		return show(all)
	})
}
