// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
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
	Seq      int64     `json:"seq"`
	API      API       `json:"api"`
	At       time.Time `json:"at"`
	Status   int       `json:"status,omitempty"` // 0: the connection was dropped
	Code     string    `json:"code,omitempty"`
	Fault    Fault     `json:"fault,omitempty"`
	Records  int       `json:"records,omitempty"`  // of a usage push that was judged
	Accepted int       `json:"accepted,omitempty"` // of them, into the ledger
}

// reply is the answer of an open API.
type reply struct {
	status int
	code   string
	body   any

	records, accepted int  // of a usage push
	spoiled           bool // single records met a fault
}

// shape prints a refusal as one open API does.
type shape func(r refusal, requestID string) reply

// gate serves an open API: faults first, then the API itself, and a record of
// the request whatever became of it.
func (s *Simulator) gate(api API, print shape, take func(http.ResponseWriter, *http.Request) (reply, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := s.cfg.Clock.Now()
		f := s.faults.next(now)
		if f.delay > 0 && clock.Sleep(r.Context(), s.cfg.Clock, f.delay) != nil {
			return
		}
		id := s.requestID()
		var a reply
		switch f.kind {
		case FaultDrop:
		case FaultOutage:
			a = reply{status: refuseOutage.status}
		case FaultRateLimit, FaultFail:
			a = print(f.refusal, id)
		case FaultNone, FaultDropAfter, FaultFailAfter, FaultRecords:
			var refused *refusal
			if a, refused = take(w, r); refused != nil {
				a = print(*refused, id)
			}
			if f.kind == FaultFailAfter {
				seen := print(f.refusal, id)
				a.status, a.code, a.body = seen.status, seen.code, seen.body
			}
			if f.kind == FaultDropAfter {
				a.status, a.code = 0, ""
			}
			if a.spoiled && f.kind == FaultNone {
				f.kind = FaultRecords
			}
		}
		s.book.request(Request{
			API: api, At: now, Status: a.status, Code: a.code, Fault: f.kind, Records: a.records, Accepted: a.accepted,
		})
		s.cfg.Log.InfoContext(r.Context(), "open API", "api", string(api), "status", a.status, "code", a.code,
			"fault", string(f.kind), "records", a.records, "accepted", a.accepted)
		if a.status == 0 {
			panic(http.ErrAbortHandler) // net/http closes the connection without an answer
		}
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("Date", s.marketNow().UTC().Format(http.TimeFormat))
		if f.retry > 0 {
			h.Set("Retry-After", strconv.FormatInt(int64((f.retry+time.Second-1)/time.Second), 10))
		}
		if f.kind == FaultOutage {
			http.Error(w, refuseOutage.message, a.status)
			return
		}
		writeJSON(w, a.status, a.body)
	}
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

// isJSON accepts application/json, also with a charset that no semicolon
// separates, as the documents print it (open-apis §1.2).
func isJSON(contentType string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(contentType)), "application/json")
	return ok && (rest == "" || rest[0] == ';' || rest[0] == ' ')
}
