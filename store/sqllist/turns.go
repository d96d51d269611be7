// SPDX-License-Identifier: Apache-2.0

package sqllist

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

// Limits bound the lists that API clients ask for, so that the calls of other sellers go on. Zero values mean the backend's
// defaults.
type Limits struct {
	Total     int           // lists that run at once; each holds one connection
	PerSeller int           // of them, those of one seller
	Waiting   int           // lists of one seller that wait for their turn
	Patience  time.Duration // how long a list waits for its turn
	Time      time.Duration // how long a list may run
}

// WithDefaults fills what is zero: total by the backend, half of them for one seller.
func (l Limits) WithDefaults(total int) Limits {
	if l.Total <= 0 {
		l.Total = total
	}
	if l.PerSeller <= 0 {
		l.PerSeller = max(1, l.Total/2)
	}
	if l.Waiting <= 0 {
		l.Waiting = 64
	}
	if l.Patience <= 0 {
		l.Patience = 2 * time.Second
	}
	if l.Time <= 0 {
		l.Time = 2 * time.Second
	}
	return l
}

// Turns lets lists run within Limits. Safe for concurrent use.
type Turns struct {
	limits Limits
	total  chan struct{} // holds a token for each list that runs

	mu      sync.Mutex
	sellers map[string]*turnsOfSeller
}

// turnsOfSeller is there while a list of the seller runs or waits.
type turnsOfSeller struct {
	running chan struct{} // holds a token for each list that runs or waits for a turn among all sellers
	lists   int           // that run or wait
}

// NewTurns returns turns within limits that have no zero values.
func NewTurns(l Limits) *Turns {
	return &Turns{limits: l, total: make(chan struct{}, l.Total), sellers: make(map[string]*turnsOfSeller)}
}

// Take runs a list of a seller when its turn has come and ends its context when its time is over. Errors: ErrBusy when too many
// lists of the seller wait or the turn does not come in time, ErrTooLong when the list was stopped, and those of run.
func (t *Turns) Take(ctx context.Context, seller string, run func(context.Context) error) error {
	s, ok := t.enter(seller)
	if !ok {
		return fmt.Errorf("%w: %d run and %d wait", store.ErrBusy, t.limits.PerSeller, t.limits.Waiting)
	}
	defer t.leave(seller, s)
	patience, cancel := context.WithTimeout(ctx, t.limits.Patience)
	defer cancel()
	for _, slots := range []chan struct{}{s.running, t.total} { // its own first: a seller's lists do not wait in the way of others
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-patience.Done():
			if err := ctx.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%w: no turn within %v", store.ErrBusy, t.limits.Patience)
		}
	}
	limited, stop := context.WithTimeout(ctx, t.limits.Time)
	defer stop()
	err := run(limited)
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: stopped after %v: %w", store.ErrTooLong, t.limits.Time, err)
	}
	return err
}

func (t *Turns) enter(seller string) (*turnsOfSeller, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sellers[seller]
	if s == nil {
		s = &turnsOfSeller{running: make(chan struct{}, t.limits.PerSeller)}
		t.sellers[seller] = s
	}
	if s.lists >= t.limits.PerSeller+t.limits.Waiting {
		return nil, false
	}
	s.lists++
	return s, true
}

func (t *Turns) leave(seller string, s *turnsOfSeller) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.lists--; s.lists == 0 {
		delete(t.sellers, seller)
	}
}
