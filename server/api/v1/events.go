// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/feed"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

// heartbeat is how long a watch is silent by default.
const heartbeat = 15 * time.Second

// eventFields are those by which the feed is filtered.
func eventFields() fields { return fields{"kind": nil, "order_id": nil, "instance_id": nil} }

// Feed is the feed of events; see [feed.Service].
type Feed interface {
	List(ctx context.Context, seller string, from feed.Mark, terms []store.Term, size int) (events []store.FeedEvent, next feed.Mark, more bool, err error)
	Check(ctx context.Context, seller string, m feed.Mark) error
	End(ctx context.Context, seller string) (feed.Mark, error)
	Watch(ctx context.Context, r feed.Request, send func(*store.FeedEvent, feed.Mark) error) (feed.Mark, error)
}

// events serves EventService.
type events struct {
	koogatev1.UnimplementedEventServiceServer

	feed     Feed
	draining <-chan struct{}
}

// ListEvents implements EventService.
func (s *events) ListEvents(ctx context.Context, r *koogatev1.ListEventsRequest) (*koogatev1.ListEventsResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	terms, err := parseFilter(r.GetFilter(), eventFields())
	if err != nil {
		return nil, err
	}
	from, err := markIn("page_token", seller, r.GetPageToken())
	if err != nil {
		return nil, err
	}
	list, next, more, err := s.feed.List(ctx, seller, from, terms, pageSize(r.GetPageSize(), defaultPage))
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ListEventsResponse{Events: each(list, fedEvent)}
	if more {
		resp.NextPageToken = tokenOf(seller, next)
	}
	return resp, nil
}

// WatchEvents implements EventService.
func (s *events) WatchEvents(r *koogatev1.WatchEventsRequest, stream grpc.ServerStreamingServer[koogatev1.WatchEventsResponse]) error {
	ctx := stream.Context()
	seller, err := sellerOf(ctx)
	if err != nil {
		return err
	}
	watch := feed.Request{Seller: seller, Heartbeat: heartbeat}
	if r.GetHeartbeat() != nil {
		watch.Heartbeat = r.GetHeartbeat().AsDuration()
	}
	if watch.Filter, err = parseFilter(r.GetFilter(), eventFields()); err != nil {
		return err
	}
	watch.From, err = markIn("resume_token", seller, r.GetResumeToken())
	switch {
	case err != nil:
	case r.GetResumeToken() != "":
		err = s.feed.Check(ctx, seller, watch.From)
	case !r.GetFromBeginning():
		watch.From, err = s.feed.End(ctx, seller)
	}
	if err != nil {
		return err
	}
	send := func(e *store.FeedEvent, m feed.Mark) error {
		resp := &koogatev1.WatchEventsResponse{ResumeToken: tokenOf(seller, m)}
		if e != nil {
			resp.Event = fedEvent(*e)
		}
		return stream.Send(resp)
	}
	last, err := s.feed.Watch(ctx, watch, send)
	if !s.stopping() {
		return err
	}
	if err := send(nil, last); err != nil {
		return err
	}
	e := errs.New(errs.Unavailable, errs.ServerStopping, "the server is stopping; call again with the resume token")
	e.Retry = time.Second
	return e
}

func (s *events) stopping() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

func fedEvent(e store.FeedEvent) *koogatev1.FeedEvent {
	return &koogatev1.FeedEvent{OrderId: e.OrderID, Event: eventOf(e.Event)}
}

// A token is a page token whose ID has four parts: number, seq, hash and order ID. It is the seller's and nothing else is bound to it.
const tokenParts = 4

func tokenOf(seller string, m feed.Mark) string {
	id := strings.Join([]string{strconv.FormatInt(m.Place.Number, 10), strconv.FormatInt(m.Place.Seq, 10), m.Hash, m.Place.OrderID}, "/")
	return pagetoken.Encode(pagetoken.Bind("feed", seller), store.Cursor{ID: id})
}

// markIn reads a token; without one it is the beginning. Errors: PAGE_TOKEN_INVALID.
func markIn(field, seller, token string) (feed.Mark, error) {
	c, err := pagetoken.Decode(pagetoken.Bind("feed", seller), token)
	if err != nil {
		return feed.Mark{}, errs.BadFieldOf(errs.PageTokenInvalid, field, "not a token of the feed, or that of another seller")
	}
	if c == nil {
		return feed.Mark{}, nil
	}
	parts := strings.SplitN(c.ID, "/", tokenParts)
	if len(parts) == tokenParts {
		number, err := strconv.ParseInt(parts[0], 10, 64)
		seq, err2 := strconv.ParseInt(parts[1], 10, 64)
		if err == nil && err2 == nil {
			return feed.Mark{Place: store.FeedPlace{Number: number, Seq: seq, OrderID: parts[3]}, Hash: parts[2]}, nil
		}
	}
	return feed.Mark{}, errs.BadFieldOf(errs.PageTokenInvalid, field, "not a token of the feed")
}
