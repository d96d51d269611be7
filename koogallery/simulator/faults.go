package simulator

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Faults are made by the open API instead of an answer, to see how the seller
// copes. The counts go down with every request that they hit; a request is hit
// by the first of Drop, RateLimit and Fail whose count is above zero.
type Faults struct {
	Drop      int           // drop the connection without an answer
	RateLimit int           // answer 406 CBC.0250
	Fail      int           // answer Status with Code
	Status    int           // for Fail; default 500
	Code      string        // for Fail; default CBC.0999
	Delay     time.Duration // wait before every request is looked at; stays until changed
}

// faultBox holds the faults that are due.
type faultBox struct {
	mu  sync.Mutex
	due Faults
}

// SetFaults replaces the faults of the open API. The zero value ends them.
func (s *Simulator) SetFaults(f Faults) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.due = f
}

// Faults returns the faults that are still due.
func (s *Simulator) Faults() Faults {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.due
}

// next takes one fault out of the box.
func (b *faultBox) next() (drop bool, failure *refusal, delay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch f := &b.due; {
	case f.Drop > 0:
		f.Drop--
		drop = true
	case f.RateLimit > 0:
		f.RateLimit--
		failure = &refuseRate
	case f.Fail > 0:
		f.Fail--
		r := refuseInternal
		if f.Status != 0 {
			r.status = f.Status
		}
		if f.Code != "" {
			r.code, r.message = f.Code, "Injected fault."
		}
		failure = &r
	}
	return drop, failure, b.due.Delay
}

// inject makes the fault that is due, if any. It reports whether the request is
// done with.
func (s *Simulator) inject(ctx context.Context, w http.ResponseWriter, write func(refusal, http.ResponseWriter, string)) bool {
	drop, failure, delay := s.faults.next()
	if delay > 0 && s.cfg.Sleep(ctx, delay) != nil {
		return true
	}
	switch {
	case drop:
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case failure != nil:
		write(*failure, w, s.requestID())
		return true
	default:
		return false
	}
}
