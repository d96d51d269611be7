// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

const mostNames = 8192 // of each of the two generations

// local are budgets in this process. Of two generations of names the older goes when the younger is full; what goes is whole again.
type local struct {
	now  func() time.Time
	most int

	mu           sync.Mutex
	young, older map[string]time.Time // when a budget is whole again
}

func newLocal(now func() time.Time, most int) *local { return &local{now: now, most: most} }

// wait is after how long there is something left of a budget; 0 for now. It takes nothing.
func (l *local) wait(name string, b store.Budget) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, wait := l.next(name, b)
	return max(wait, 0)
}

// spend takes one from a budget, or returns after how long there is something left of it.
func (l *local) spend(name string, b store.Budget) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole, wait := l.next(name, b)
	if wait > 0 {
		return wait
	}
	if len(l.young) >= l.most || l.young == nil {
		l.young, l.older = make(map[string]time.Time), l.young
	}
	l.young[name] = whole
	return 0
}

// next is when a budget is whole again once one more is taken, and after how long that may be. The caller holds mu. What lies further ahead
// than an empty budget needs comes from a clock that was set back, and is cut.
func (l *local) next(name string, b store.Budget) (whole time.Time, wait time.Duration) {
	now, most := l.now(), b.Every*time.Duration(b.Burst)
	whole, ok := l.young[name]
	if !ok {
		whole = l.older[name]
	}
	if whole.Before(now) {
		whole = now
	}
	if latest := now.Add(most); whole.After(latest) {
		whole = latest
	}
	whole = whole.Add(b.Every)
	return whole, whole.Sub(now) - most
}
