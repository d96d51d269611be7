// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"golang.org/x/sync/semaphore"
)

// readBody reads the body up to its bound. Whatever is longer than free is read into memory that the budget has granted.
func (x *exchange) readBody(ctx context.Context) bool {
	limit := x.f.cfg.MaxBody
	if x.door.Kit {
		limit = x.f.cfg.MaxKitBody
	}
	announced := x.r.ContentLength // -1 when the caller did not say
	if announced > int64(limit) {
		return x.reject(rejectedSize, resultcode.InvalidParam, "the body is too large")
	}
	if announced > free {
		if !x.reserve(ctx, int(announced)) {
			return false
		}
		x.grow(int(announced))
		return x.readWhole(int(announced))
	}
	return x.readGrowing(ctx, limit)
}

// grow makes room for a body of n bytes. Long buffers are used again: as garbage they would double what the budget grants.
func (x *exchange) grow(n int) {
	if cap(x.body) >= n {
		return
	}
	if long, ok := x.f.long.Get().(*[]byte); ok && cap(*long) >= n {
		x.body = append((*long)[:0], x.body...)
		return
	}
	x.body = append(make([]byte, 0, n), x.body...)
}

// readWhole reads a body whose length was announced.
func (x *exchange) readWhole(length int) bool {
	p := x.startPacer()
	defer p.stop()
	for len(x.body) < length {
		n, err := x.r.Body.Read(x.body[len(x.body):length])
		x.body = x.body[:len(x.body)+n]
		p.got.Add(int64(n))
		if err != nil && len(x.body) < length {
			return x.unreadable(p)
		}
	}
	return true
}

// readGrowing reads a body that is short, or of a length that was not announced: then it takes from the budget as it grows.
func (x *exchange) readGrowing(ctx context.Context, limit int) bool {
	room := free + 1 // one byte beyond tells that the body is longer
	x.grow(room)
	var p *pacer
	defer func() {
		if p != nil {
			p.stop()
		}
	}()
	for {
		if len(x.body) == room {
			if len(x.body) > limit {
				return x.reject(rejectedSize, resultcode.InvalidParam, "the body is too large")
			}
			if p == nil {
				p = x.startPacer()
			}
			more := min(room, limit+1-room) // one byte beyond the limit tells that the body is too long
			if !x.reserve(ctx, more) {
				return false
			}
			room += more
			x.grow(room)
		}
		n, err := x.r.Body.Read(x.body[len(x.body):room])
		x.body = x.body[:len(x.body)+n]
		if p != nil {
			p.got.Add(int64(n))
		}
		switch {
		case len(x.body) > limit:
			return x.reject(rejectedSize, resultcode.InvalidParam, "the body is too large")
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return x.unreadable(p)
		}
	}
}

// unreadable refuses a call whose body did not come as it should.
func (x *exchange) unreadable(p *pacer) bool {
	if p != nil && p.ended.Load() {
		return x.busy(rejectedSlow)
	}
	return x.reject(rejectedBody, resultcode.InvalidParam, "the body could not be read")
}

// pacer ends the reading of a body that comes too slowly, so that nobody holds a share of the budget for long.
type pacer struct {
	got   atomic.Int64
	ended atomic.Bool
	stop  func()
}

func (x *exchange) startPacer() *pacer {
	p, quit, done := &pacer{}, make(chan struct{}), make(chan struct{})
	p.stop = func() {
		close(quit)
		<-done
	}
	clock, conn := x.f.Clock, http.NewResponseController(x.w)
	go func() {
		defer close(done)
		for seen := int64(0); ; {
			timer := clock.NewTimer(pace)
			select {
			case <-quit:
				timer.Stop()
				return
			case <-timer.C():
			}
			now := p.got.Load()
			if now-seen < slowest {
				p.ended.Store(true)
				_ = conn.SetReadDeadline(time.Unix(1, 0)) // long ago: whoever reads returns; where there is no connection nobody waits
				return
			}
			seen = now
		}
	}()
	return p
}

const (
	// free is how many bytes of a body need no budget: the connection that brings them costs more. Nearly every call of the base
	// interfaces is shorter, and so is answered however many strangers there are.
	free = 4 << 10
	// patience is how long a call waits for budget, and dearPatience for its turn to be put into canonical form.
	patience     = 500 * time.Millisecond
	dearPatience = 2 * time.Second
	// slowest is how much of a body has to come in every pace until it is whole.
	slowest = 64 << 10
	pace    = 2 * time.Second
)

// budget bounds the memory of calls that nobody has verified yet, over the whole process. The Kit has three quarters of it and
// the base interfaces the rest, so that the long bodies of the one do not keep out the short ones of the others.
type budget struct {
	base, kit *semaphore.Weighted // bytes of bodies
	dear      *semaphore.Weighted // bytes of bodies that are verified at a time; each takes a few times its length
}

func newBudget(cfg *Config) *budget {
	kit := int64(cfg.MaxUnverified) / 4 * 3
	return &budget{
		base: semaphore.NewWeighted(int64(cfg.MaxUnverified) - kit), kit: semaphore.NewWeighted(kit), dear: semaphore.NewWeighted(int64(max(cfg.MaxKitBody, cfg.MaxBody))),
	}
}

// of returns the part of the budget that calls at a door draw from.
func (b *budget) of(d *door) *semaphore.Weighted {
	if d.Kit {
		return b.kit
	}
	return b.base
}

// reserve takes n bytes for the body, or refuses the call when there are none for a while.
func (x *exchange) reserve(ctx context.Context, n int) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if x.f.budget.of(x.door).Acquire(ctx, int64(n)) != nil {
		return x.busy(rejectedBusy)
	}
	x.reserved += n
	return true
}

// settle gives back what the body took: the call is verified, or refused.
func (x *exchange) settle() {
	if x.reserved > 0 {
		x.f.budget.of(x.door).Release(int64(x.reserved))
		x.reserved = 0
	}
}

// dearly runs f, which verifies the body, when it is the body's turn. Short bodies need not wait.
func (x *exchange) dearly(ctx context.Context, f func()) bool {
	if len(x.body) <= free {
		f()
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, dearPatience)
	defer cancel()
	n := int64(len(x.body))
	if x.f.budget.dear.Acquire(ctx, n) != nil {
		return x.busy(rejectedBusy)
	}
	defer x.f.budget.dear.Release(n)
	f()
	return true
}
