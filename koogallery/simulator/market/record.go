// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

// Order returns an order that was placed here. Errors: ErrOrder.
func (s *Market) Order(orderID string) (Order, error) { return s.book.find(orderID) }

// Orders returns at most limit orders, newest first; a limit of zero or less
// means all that are remembered.
func (s *Market) Orders(limit int) []Order {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.sequence, limit, func(o *order) (Order, bool) { return o.Order, true })
}

// Calls returns the remembered calls of an order, oldest first; an empty order
// id means all. Calls about an instance, such as a freeze, belong to the order
// that opened it.
func (s *Market) Calls(orderID string) []Call {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	out := make([]Call, 0, 16)
	for _, c := range s.book.calls {
		if orderID == "" || c.OrderID == orderID {
			out = append(out, c)
		}
	}
	return out
}

// RecentCalls returns at most limit calls, newest first.
func (s *Market) RecentCalls(orderID string, limit int) []Call {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.calls, limit, func(c Call) (Call, bool) {
		return c, orderID == "" || c.OrderID == orderID
	})
}

// Messages returns at most limit rows of 生产接口消息, newest first; a limit of
// zero or less means all that are remembered.
func (s *Market) Messages(limit int) []Message {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.messages, limit, func(m *Errand) (Message, bool) { return m.Message, true })
}

// FailedOrders returns how many orders failed in the present calendar month in
// Beijing because the seller's interface did not answer with success in time.
// A later restart does not take an order out of the count.
func (s *Market) FailedOrders() int {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.book.failed.in(s.cfg.Clock.Now())
}

// Shelf returns the standing of the product.
func (s *Market) Shelf() Shelf {
	now := s.cfg.Clock.Now()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	days := s.dial.days
	return Shelf{
		Month:          monthOf(now),
		FailedOrders:   s.book.failed.in(now),
		Delisted:       s.book.delisted,
		FailedDialDays: days,
		Hidden:         days >= MaxFailedDialDays,
	}
}

// Note remembers a call that belongs to no order, and tells of it.
func (s *Market) Note(ctx context.Context, c *Call) {
	s.book.mu.Lock()
	s.book.record(c)
	s.book.mu.Unlock()
	s.tell(ctx, *c)
}

// API names an open API.
type API string

// The open APIs that Handler serves.
const (
	APIOrderQuery   API = "order-query"            // 查询订单 (open-apis §2)
	APIUpload       API = "licence-upload"         // 字符串/文件流上传 (saas-v1 §6.1)
	APIUsage        API = "usage"                  // 按需使用量推送（新） (open-apis §3)
	APIUsageOld     API = "usage-old"              // 按需使用量推送（旧） (open-apis §4)
	APIActivate     API = "license-activate"       // 激活授权码 (saas-v1 §5.1)
	APIActivate2    API = "license-activate-v2"    // the same for several codes
	APIHeartbeat    API = "license-heartbeat"      // 查询授权码 (saas-v1 §5.2)
	APIHeartbeat2   API = "license-heartbeat-v2"   // the same for several codes
	APILicenseUsage API = "license-software-usage" // 授权码软件使用统计 (saas-v1 §5.2b)
	APIAsset        API = "asset-deployed-object"  // hosted assets (kit §D)
)

// Request is the record of one call of the seller to an open API. It holds
// nothing of the body.
type Request struct {
	Seq      int64      `json:"seq"`
	API      API        `json:"api"`
	At       time.Time  `json:"at"`
	Status   int        `json:"status,omitempty"` // 0: the connection was dropped
	Code     string     `json:"code,omitempty"`
	Fault    fault.Kind `json:"fault,omitempty"`
	Records  int        `json:"records,omitempty"`  // of a usage push that was judged
	Accepted int        `json:"accepted,omitempty"` // of them, into the ledger
}

// NoteRequest numbers a call of the seller and remembers it.
func (s *Market) NoteRequest(r Request) {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastRequest++
	r.Seq = b.lastRequest
	b.requests = append(b.requests, r)
	if over := len(b.requests) - b.maxCalls; over > 0 {
		clear(b.requests[:over])
		b.requests = b.requests[over:]
	}
}

// Requests returns at most limit calls of the seller to the open APIs, newest
// first; a limit of zero or less means all that are remembered.
func (s *Market) Requests(limit int) []Request {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.requests, limit, func(r Request) (Request, bool) { return r, true })
}
