// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

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
func (s *Server) gate(api market.API, print shape, take func(http.ResponseWriter, *http.Request) (reply, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := s.cfg.Clock.Now()
		f := s.market.NextFault(now)
		if f.Delay > 0 && clock.Sleep(r.Context(), s.cfg.Clock, f.Delay) != nil {
			return
		}
		id := s.requestID()
		var a reply
		switch f.Kind {
		case fault.Drop:
		case fault.Unreachable:
			a = reply{status: refuseOutage.status}
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
		s.market.NoteRequest(market.Request{
			API: api, At: now, Status: a.status, Code: a.code, Fault: f.Kind, Records: a.records, Accepted: a.accepted,
		})
		s.cfg.Log.InfoContext(r.Context(), "open API", "api", string(api), "status", a.status, "code", a.code,
			"fault", string(f.Kind), "records", a.records, "accepted", a.accepted)
		if a.status == 0 {
			panic(http.ErrAbortHandler) // net/http closes the connection without an answer
		}
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("Date", s.market.MarketNow().UTC().Format(http.TimeFormat))
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

// writeJSON answers with a JSON document.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
