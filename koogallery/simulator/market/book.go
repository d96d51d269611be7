// SPDX-License-Identifier: Apache-2.0

package market

import (
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// book holds everything that is remembered. One mutex guards it and the orders
// and messages in it.
type book struct {
	maxOrders, maxCalls int

	mu          sync.Mutex
	orders      map[string]*order // by key
	sequence    []*order          // oldest first
	instances   map[string]string // instance id to the key of the order that opened it
	licenses    map[string]*order // code to the order that it was issued for
	messages    []*Errand         // oldest first
	calls       []Call            // oldest first
	requests    []Request         // oldest first
	events      map[string]*event
	eventIDs    []string // oldest first
	adopted     map[string]Adoption
	withdrawn   map[string]bool // product ids
	lastMessage int64
	lastCall    int64
	lastRequest int64
	failed      monthCount
	delisted    bool
}

func newBook(maxOrders, maxCalls int) *book {
	return &book{
		maxOrders: maxOrders,
		maxCalls:  maxCalls,
		orders:    make(map[string]*order),
		instances: make(map[string]string),
		licenses:  make(map[string]*order),
		events:    make(map[string]*event),
		adopted:   make(map[string]Adoption),
		withdrawn: make(map[string]bool),
	}
}

// monthCount counts failed orders of one calendar month.
type monthCount struct {
	month string
	n     int
}

func (m *monthCount) in(now time.Time) int {
	if month := monthOf(now); m.month != month {
		*m = monthCount{month: month}
	}
	return m.n
}

func monthOf(t time.Time) string { return t.In(wiretime.Beijing()).Format("2006-01") }

// add remembers an order. It reports false if the id is taken. Errors: ErrFull.
func (b *book) add(o *order) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.orders[o.key()] != nil {
		return false, nil
	}
	if len(b.sequence) >= b.maxOrders && !b.forget() {
		return false, ErrFull
	}
	b.orders[o.key()] = o
	b.sequence = append(b.sequence, o)
	if o.Family == judge.FamilyLicenseCode && o.RootID == o.ID {
		b.licenses[o.InstanceID] = o
	}
	return true, nil
}

// forget drops the oldest order for which nothing is pending.
func (b *book) forget() bool {
	i := slices.IndexFunc(b.sequence, func(o *order) bool { return o.pending == 0 })
	if i < 0 {
		return false
	}
	old := b.sequence[i]
	delete(b.orders, old.key())
	for _, id := range []string{old.InstanceID, old.seenID} {
		if b.instances[id] == old.key() {
			delete(b.instances, id)
		}
	}
	if b.licenses[old.InstanceID] == old {
		delete(b.licenses, old.InstanceID)
	}
	b.sequence = slices.Delete(b.sequence, i, i+1)
	return true
}

// find returns a copy of an order. Errors: ErrOrder.
func (b *book) find(id string) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.orders[id]
	if o == nil {
		return Order{}, ErrOrder
	}
	return o.Order, nil
}

// with runs f on an order under the lock. Errors: ErrOrder, those of f.
func (b *book) with(id string, f func(*order) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.orders[id]
	if o == nil {
		return ErrOrder
	}
	return f(o)
}

// copyOf returns a copy of an order that may have been forgotten meanwhile.
func (b *book) copyOf(o *order) Order {
	b.mu.Lock()
	defer b.mu.Unlock()
	return o.Order
}

// begin gives a message its number and makes it pending under a deliver loop.
func (b *book) begin(m *Errand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastMessage++
	m.ID = b.lastMessage
	m.InstanceID = m.root.InstanceID
	m.looping = true
	m.own.pending++
	m.root.pending++
	b.messages = append(b.messages, m)
	if over := len(b.messages) - b.maxCalls; over > 0 {
		clear(b.messages[:over])
		b.messages = b.messages[over:]
	}
}

// record numbers a call and remembers it.
func (b *book) record(c *Call) {
	b.lastCall++
	c.Seq = b.lastCall
	b.calls = append(b.calls, *c)
	if over := len(b.calls) - b.maxCalls; over > 0 {
		clear(b.calls[:over])
		b.calls = b.calls[over:]
	}
}

// failedOrder counts an order that failed because of the seller's interface.
func (b *book) failedOrder(now time.Time) {
	if b.failed.in(now)+1 > MaxFailedOrders {
		b.delisted = true
	}
	b.failed.n++
}

// newest returns at most limit of the last elements, newest first. A limit of
// zero or less means all.
func newest[T, R any](list []T, limit int, convert func(T) (R, bool)) []R {
	out := make([]R, 0, 16)
	for _, v := range slices.Backward(list) {
		if limit > 0 && len(out) == limit {
			break
		}
		if r, ok := convert(v); ok {
			out = append(out, r)
		}
	}
	return out
}
