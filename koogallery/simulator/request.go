// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

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

// request numbers a call of the seller and remembers it.
func (b *book) request(r Request) {
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
func (s *Simulator) Requests(limit int) []Request {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.requests, limit, func(r Request) (Request, bool) { return r, true })
}
