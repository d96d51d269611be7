// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

const (
	provePage = 500
	// MaxBroken is how many windows with a difference a proof names.
	MaxBroken = 100
)

// Proof is the ledger of a seller, recomputed from what was reported.
type Proof struct {
	Windows     int64
	Raw         store.Units // what was reported, by the meters' own rules
	Pending     store.Units // waits for its window to close
	Sending     store.Units
	Pushed      store.Units
	Refused     map[string]store.Units // by code
	Difference  store.Units            // sum of the absolute differences: zero, or something is wrong
	Broken      []store.UsageProof     // the first 100 windows with a difference
	BrokenCount int64
}

// Prove recomputes every window of a seller, page by page. Errors: STORE_UNAVAILABLE.
func (s *Service) Prove(ctx context.Context, seller string) (Proof, error) {
	p := Proof{Refused: make(map[string]store.Units)}
	for after := (store.UsageWindowKey{}); ; {
		page, err := s.Store.ProveUsage(ctx, seller, after, provePage)
		if err != nil {
			return Proof{}, storeError(err)
		}
		for i := range page {
			p.add(&page[i])
		}
		if len(page) < provePage {
			return p, nil
		}
		after = page[len(page)-1].UsageWindowKey
	}
}

func (p *Proof) add(w *store.UsageProof) {
	p.Windows++
	p.Raw += w.Raw
	p.Pending += w.Total - w.Settled
	p.Sending += w.Sending
	p.Pushed += w.Pushed
	for code, v := range w.Refused {
		p.Refused[code] += v
	}
	d := w.Difference()
	if d == 0 {
		return
	}
	p.Difference += max(d, -d)
	if p.BrokenCount++; len(p.Broken) < MaxBroken {
		p.Broken = append(p.Broken, *w)
	}
}

// proveEvery is how often the ledger is recomputed unasked.
const proveEvery = time.Hour

// KeepProved recomputes the ledger and shows the difference as a metric, with an alarm when there is one. It says when to
// come again. Errors: STORE_UNAVAILABLE.
func (s *Service) KeepProved(ctx context.Context, seller string) (next time.Time, err error) {
	next = s.now().Add(proveEvery)
	p, err := s.Prove(ctx, seller)
	if err != nil {
		return next, err
	}
	s.Metrics.UsageDifference(seller, float64(p.Difference)/scale)
	if p.Difference != 0 {
		s.Log.ErrorContext(ctx, "the usage ledger does not add up; `koogate usage prove` names the windows", "seller", seller,
			"difference", FormatAmount(p.Difference), "windows", p.BrokenCount)
	}
	return next, nil
}
