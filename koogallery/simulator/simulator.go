// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"sync"

	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/wire"

	"github.com/koogate/koogate/koogallery/judge"
)

// maxBackground bounds the calls that the pages start without waiting for them.
const maxBackground = 64

// Simulator is one marketplace with one seller. Create it with New.
type Simulator struct {
	cfg    Config
	wire   *wire.Caller
	book   *book
	faults fault.Box
	ledger *billing.Ledger
	nonces nonceBox
	dial   dialLog

	ctx     context.Context // ends with Close; for work that outlives its request
	cancel  context.CancelFunc
	slots   chan struct{}
	closing sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// New returns a simulator. It makes no call. Errors: ErrConfig.
func New(cfg Config) (*Simulator, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, err
	}
	calls, err := wire.New(wire.Config{
		FacadeURL: cfg.FacadeURL, AccessKey: cfg.AccessKey, KitKey: cfg.KitKey, EncryptType: cfg.EncryptType, HTTPClient: cfg.HTTPClient,
		Clock: cfg.Clock, NewID: cfg.NewID, Timeout: cfg.Timeout, V1Timeout: cfg.V1Timeout, LongTime: cfg.LongTime,
		Readings: wire.Readings{
			Readings:    judge.Readings{BodySign: cfg.Readings.BodySign, FrontEndURL: cfg.Readings.FrontEndURL},
			ProductInfo: cfg.Readings.ProductInfo, CodeBeijing: cfg.Readings.CodeBeijing,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s := &Simulator{
		cfg:   cfg,
		wire:  calls,
		book:  newBook(cfg.MaxOrders, cfg.MaxCalls),
		slots: make(chan struct{}, maxBackground),
	}
	s.ledger = billing.NewLedger(billing.Limits{
		Records: cfg.MaxUsage, Accounts: 2 * cfg.MaxOrders, Abnormal: cfg.MaxCalls, SharedPeriods: cfg.Readings.SharedPeriods,
	})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.dial.cases, s.dial.saved, s.dial.instances = savedCases(cfg, calls), cfg.Clock.Now(), make(map[judge.Family]string)
	return s, nil
}

// Close stops what the pages started in the background and waits for it. Calls
// made through the methods end with their own context.
func (s *Simulator) Close() {
	s.closing.Lock()
	s.closed = true
	s.closing.Unlock()
	s.cancel()
	s.running.Wait()
	s.wire.Close()
}

// background runs work under the simulator's own context. The channel is closed
// when it is done. Errors: ErrClosed.
func (s *Simulator) background(work func(context.Context)) (<-chan struct{}, error) {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return nil, ErrClosed
	}
	done := make(chan struct{})
	s.running.Go(func() {
		defer close(done)
		defer func() { <-s.slots }()
		work(s.ctx)
	})
	return done, nil
}
