// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// Request says what a watcher wants.
type Request struct {
	Seller    string
	From      Mark // which [Service.Check] has seen
	Filter    []store.Term
	Heartbeat time.Duration // how long the watch may be silent
}

// Watch sends every event behind the request's mark that matches its filter, until ctx is over or send fails, and nil when it has been silent
// for the heartbeat, and at first. With each it sends the mark behind what was looked at. It returns the last of these.
func (s *Service) Watch(ctx context.Context, r Request, send func(*store.FeedEvent, Mark) error) (Mark, error) {
	mark, place := r.From, r.From.Place
	rung, leave := s.listen(r.Seller)
	defer leave()
	if err := send(nil, mark); err != nil {
		return mark, err
	}
	silent := s.clock.Now()
	for {
		p, err := s.page(ctx, r.Seller, place)
		if err != nil {
			return mark, err
		}
		for i := range p.Events {
			if ctx.Err() != nil {
				return mark, ctx.Err()
			}
			e := &p.Events[i]
			if !Matches(&e.Event, r.Filter) {
				mark = markOf(e)
				continue
			}
			if err := send(e, markOf(e)); err != nil {
				return mark, err
			}
			mark, silent = markOf(e), s.clock.Now()
		}
		place = p.End
		left := r.Heartbeat - s.clock.Now().Sub(silent)
		if left <= 0 {
			if err := send(nil, mark); err != nil {
				return mark, err
			}
			silent, left = s.clock.Now(), r.Heartbeat
		}
		if !p.More && !clock.Wait(ctx, s.clock, left, rung) {
			return mark, ctx.Err()
		}
	}
}
