// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"sync"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/webhook"
)

const (
	whatEvent = "event"
	whatTask  = "task"

	delivered = "DELIVERED"

	atOnce     = 4           // calls about events at a time, as a process of the service makes at a webhook that works
	mostInHand = 1000        // events that are read ahead of those that are delivered
	firstAgain = time.Second // after the first failure of an event
	mostAgain  = 15 * time.Second
	askedMost  = time.Hour              // of what an answer may ask to wait
	firstLook  = 250 * time.Millisecond // for a program that is not there
	mostLook   = 4 * time.Second
)

// Events hands events to a program. Each comes at least once, those of an order one after the other in their order; one that fails is sent again until it is
// taken, and holds up its order and nobody else. Safe for concurrent use.
type Events struct {
	Target   *Target
	Keys     [][]byte
	Seller   string
	Patience time.Duration // for one call
	Clock    clock.Clock
	Screen   *Screen

	once    sync.Once
	slots   chan struct{} // calls
	window  chan struct{} // events in hand
	running sync.WaitGroup

	mu     sync.Mutex
	line   []*item            // what was read and is not behind the place yet, in the feed's order
	chains map[string][]*item // what is to be delivered, by order
	place  string
	away   chan struct{} // closed when the program is back; nil while it is there
	looks  *item         // whose attempts look for it
}

// item is a message of the feed.
type item struct {
	token   string
	done    bool
	event   *koogatev1.OrderEvent
	order   string
	message webhook.Message
}

func (f *Events) open() {
	f.once.Do(func() {
		f.slots, f.window, f.chains = make(chan struct{}, atOnce), make(chan struct{}, mostInHand), make(map[string][]*item)
	})
}

// Take takes a message of the feed and returns before it is delivered, unless too many are in hand. A message that is not wanted moves the place only. Errors: ctx's
// end, or an event that cannot be written down.
func (f *Events) Take(ctx context.Context, m *koogatev1.WatchEventsResponse, wanted bool) error {
	f.open()
	x := &item{token: m.GetResumeToken(), done: true}
	if e := m.GetEvent(); e != nil && wanted {
		shown, err := rest.Show(e)
		if err != nil {
			return err
		}
		x.done, x.event, x.order = false, e.GetEvent(), e.GetOrderId()
		x.message, err = webhook.MessageOf(webhook.Told{
			Seller: f.Seller, OrderID: x.order, Seq: x.event.GetSeq(), Kind: x.event.GetKind(), At: x.event.GetTime().AsTime(), JSON: shown,
		})
		if err != nil {
			return err
		}
		select {
		case f.window <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if last := len(f.line) - 1; x.done && last >= 0 && f.line[last].done {
		f.line[last].token = x.token
	} else {
		f.line = append(f.line, x)
	}
	f.settle()
	if x.done {
		return nil
	}
	f.chains[x.order] = append(f.chains[x.order], x)
	if len(f.chains[x.order]) == 1 {
		f.running.Go(func() { f.chain(ctx, x) })
	}
	return nil
}

// settle moves the place over what is done. The caller holds mu.
func (f *Events) settle() {
	for len(f.line) > 0 && f.line[0].done {
		f.place, f.line = f.line[0].token, f.line[1:]
	}
}

// Place is behind everything that was delivered: a token of the feed; empty when there is none yet.
func (f *Events) Place() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.place
}

// Wait waits until nothing is being delivered any more, which is after ctx of Take has ended, and returns how many events are left.
func (f *Events) Wait() int {
	f.running.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	left := 0
	for _, chain := range f.chains {
		left += len(chain)
	}
	return left
}

// chain delivers the events of an order until none is left or ctx ends.
func (f *Events) chain(ctx context.Context, x *item) {
	for f.deliver(ctx, x) {
		<-f.window
		f.mu.Lock()
		x.done = true
		f.settle()
		rest := f.chains[x.order][1:]
		f.chains[x.order] = rest
		if len(rest) == 0 {
			delete(f.chains, x.order)
			f.mu.Unlock()
			return
		}
		x = rest[0]
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.back(x) // somebody else looks, or nobody has to any more
}

// deliver makes attempts until one succeeds; false when ctx ended before.
func (f *Events) deliver(ctx context.Context, x *item) bool {
	again, look := firstAgain, firstLook
	for n := 1; ; n++ {
		if !f.there(ctx, x) {
			return false
		}
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		a, took := f.post(ctx, x)
		<-f.slots
		if a.Fault == webhook.FaultUnreachable {
			if ctx.Err() != nil {
				return false
			}
			if f.gone(x, n, took) && !clock.Wait(ctx, f.Clock, look, nil) {
				return false
			}
			look = min(2*look, mostLook)
			continue
		}
		f.mu.Lock()
		f.back(x)
		f.mu.Unlock()
		if a.Fault == "" {
			f.show(x, n, a, took, 0)
			return true
		}
		pause := max(again, min(a.After, askedMost))
		f.show(x, n, a, took, pause)
		if !clock.Wait(ctx, f.Clock, pause, nil) {
			return false
		}
		again = min(2*again, mostAgain)
	}
}

func (f *Events) post(ctx context.Context, x *item) (webhook.Answer, time.Duration) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Patience) // a stop leaves it its grace: see [Target]
	defer cancel()
	began := f.Clock.Now()
	a := x.message.Post(call, f.Target, f.Target.URL, f.Keys, began)
	return a, f.Clock.Now().Sub(began)
}

// there waits while the program is away and another event looks for it; false when ctx has ended.
func (f *Events) there(ctx context.Context, x *item) bool {
	for ctx.Err() == nil {
		f.mu.Lock()
		away := f.away
		if f.looks == x {
			away = nil
		}
		f.mu.Unlock()
		if away == nil {
			return true
		}
		select {
		case <-away:
		case <-ctx.Done():
		}
	}
	return false
}

// gone notes that the program does not answer, and says whether it is this event that looks for it.
func (f *Events) gone(x *item, n int, took time.Duration) bool {
	f.mu.Lock()
	first := f.away == nil
	if first {
		f.away, f.looks = make(chan struct{}), x
	}
	mine := f.looks == x
	f.mu.Unlock()
	if first {
		f.show(x, n, webhook.Answer{Fault: webhook.FaultUnreachable}, took, 0)
		f.Screen.Tell("nobody answers at %s: start your program there. What happens meanwhile waits, in its order", f.Target.URL)
	}
	return mine
}

// back notes that the program answers an event, if that one has looked for it. The caller holds mu.
func (f *Events) back(x *item) {
	if f.looks == x && f.away != nil {
		close(f.away)
		f.away, f.looks = nil, nil
	}
}

func (f *Events) show(x *item, n int, a webhook.Answer, took, again time.Duration) {
	c := Call{
		Time: f.Clock.Now(), What: whatEvent, Kind: x.event.GetKind(), MessageID: x.message.ID, OrderID: x.order, Seq: x.event.GetSeq(), Attempt: n, Status: a.Status,
		Outcome: string(a.Fault), Took: took.Seconds(), Again: again.Seconds(), Good: a.Fault == "",
	}
	if c.Good {
		c.Outcome = delivered
	}
	_ = f.Screen.Show(c) // who does not read it any more is delivered to all the same
}
