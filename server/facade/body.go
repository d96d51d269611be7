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
)

// readBody reads the body up to its bound. Whatever is longer than free is read into memory that the budget has granted.
func (x *exchange) readBody(ctx context.Context) bool {
	limit := x.f.cfg.MaxBody
	if x.door.kit {
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
