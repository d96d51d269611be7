// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"

	"github.com/koogate/koogate/koogallery/clock"
)

// reply is the answer of an open API.
type Reply struct {
	status int
	code   string
	body   any

	records, accepted int  // of a usage push
	spoiled           bool // single records met a fault
}

// shape prints a refusal as one open API does.
type shape func(r refusal, requestID string) Reply

// gate serves an open API: faults first, then the API itself, and a record of
// the request whatever became of it.
func (s *Simulator) gate(api API, print shape, take func(http.ResponseWriter, *http.Request) (Reply, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := s.cfg.Clock.Now()
		f := s.NextFault(now)
		if f.Delay > 0 && clock.Sleep(r.Context(), s.cfg.Clock, f.Delay) != nil {
			return
		}
		id := s.requestID()
		var a Reply
		switch f.Kind {
		case fault.Drop:
		case fault.Unreachable:
			a = Reply{status: refuseOutage.status}
		case fault.RateLimit, fault.Fail:
			a = print(refusalOf(f), id)
		case fault.None, fault.DropAfter, fault.FailAfter, fault.Records:
			var refused *refusal
			if a, refused = take(w, r); refused != nil {
				a = print(*refused, id)
			}
			if f.Kind == fault.FailAfter {
				seen := print(refusalOf(f), id)
				a.status, a.code, a.body = seen.status, seen.code, seen.body
			}
			if f.Kind == fault.DropAfter {
				a.status, a.code = 0, ""
			}
			if a.spoiled && f.Kind == fault.None {
				f.Kind = fault.Records
			}
		}
		s.book.request(Request{
			API: api, At: now, Status: a.status, Code: a.code, Fault: f.Kind, Records: a.records, Accepted: a.accepted,
		})
		s.cfg.Log.InfoContext(r.Context(), "open API", "api", string(api), "status", a.status, "code", a.code,
			"fault", string(f.Kind), "records", a.records, "accepted", a.accepted)
		if a.status == 0 {
			panic(http.ErrAbortHandler) // net/http closes the connection without an answer
		}
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("Date", s.MarketNow().UTC().Format(http.TimeFormat))
		if f.Retry > 0 {
			h.Set("Retry-After", strconv.FormatInt(int64((f.Retry+time.Second-1)/time.Second), 10))
		}
		if f.Kind == fault.Unreachable {
			http.Error(w, refuseOutage.message, a.status)
			return
		}
		writeJSON(w, a.status, a.body)
	}
}
