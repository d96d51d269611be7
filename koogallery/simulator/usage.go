// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// The usage push interfaces (open-apis §3.1, §4.1).
const (
	usagePath    = "/api/mkp-openapi-public/global/v1/isv/usage-data"
	usageOldPath = "/rest/marketplace/v1/isv/usage-data"
)

// Answers of a usage push, of both generations (open-apis §3.6).
var (
	acceptUsage    = refusal{http.StatusOK, "MKT.0000", "Success", false}
	abnormalUsage  = refusal{http.StatusOK, "94060999", "Failed", false}
	refuseUsageBug = refusal{http.StatusInternalServerError, "94060001", "System error!", false}
	refuseUsageKey = refusal{http.StatusUnauthorized, "94060002", "Auth failed!", false}
	refuseUsage    = refusal{http.StatusBadRequest, "94060004", "Param check failed!", false}

	refuseBodySign   = refusal{http.StatusBadRequest, "MKT.0102", "Invalid body sign", false}
	refuseNumber     = refusal{http.StatusBadRequest, "MKT.0101", "Invalid parameter", false}
	refuseMissing    = refusal{http.StatusBadRequest, "MKT.0199", "Request parameter error", false}
	refuseProduct    = refusal{http.StatusUnauthorized, "MKT.0150", "Illegal operation", false}
	refuseInstance   = refusal{http.StatusInternalServerError, "MKT.9001", "Instance ID not found.", false}
	refuseEntries    = refusal{http.StatusInternalServerError, "MKT.9002", "Invalid usage enties.", false} // their spelling
	refuseManyUsages = refusal{http.StatusInternalServerError, "MKT.9003", "Usage records extends size limit.", false}
	refuseOldUsage   = refusal{http.StatusInternalServerError, "MKT.9004", "Record beginTime extends Limit.", false}
)

// wireUsage is the answer to a push with abnormal records (open-apis §3.4). The
// members of an element are not documented.
type wireUsage struct {
	Code    string           `json:"error_code"`
	Message string           `json:"error_msg"`
	Data    wireAbnormalList `json:"data"`
}

type wireAbnormalList struct {
	Records []wireAbnormal `json:"abnormal_usage_data"`
}

type wireAbnormal struct {
	InstanceID string `json:"instance_id"`
	MeteringSN string `json:"metering_sn"`
	BeginTime  string `json:"begin_time"`
	EndTime    string `json:"end_time"`
	Code       string `json:"error_code"`
	Message    string `json:"error_msg"`
}

// usageShape prints refusals as the new interface does. Those that it shares with
// other open APIs get the codes of its own table.
func (s *Simulator) usageShape(r refusal, requestID string) reply {
	if r.code == refuseInternal.code && !s.cfg.OldUsageCodes {
		r.code, r.message = refuseUsageBug.code, refuseUsageBug.message
	}
	if s.cfg.OldUsageCodes {
		switch r {
		case refuseUsageKey:
			r = refuseBodySign
		case refuseUsage:
			r = refuseMissing
		case refuseUsageBug:
			r.code, r.message = "MKT.0999", refuseInternal.message
		}
	}
	return usageOldShape(r, requestID)
}

// usageOldShape prints refusals with the prefix of the usage tables.
func usageOldShape(r refusal, requestID string) reply {
	if number, ok := strings.CutPrefix(r.code, "CBC."); ok {
		r.code = "MKT." + number
	}
	return r.named(requestID)
}

// pushUsage is the new usage push (open-apis §3).
func (s *Simulator) pushUsage(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUsageBody))
	if err != nil {
		return reply{}, &refuseUsage
	}
	if s.cfg.UsageAKSK || r.Header.Get("Authorization") != "" {
		if refused := s.authenticate(r, body); refused != nil {
			return reply{}, refused
		}
	}
	if !s.signed(r.Header, body) {
		return reply{}, &refuseUsageKey
	}
	list, ok := readUsage(body)
	switch {
	case !ok || !isJSON(r.Header.Get("Content-Type")):
		return reply{}, &refuseUsage
	case len(list) > maxUsageRecords && s.cfg.OldUsageCodes:
		return reply{}, &refuseManyUsages
	case len(list) > maxUsageRecords:
		return reply{}, &refuseUsage
	}
	return s.enterUsage(APIUsage, list, s.cfg.OldUsageCodes)
}

// pushUsageOld is the old usage push (open-apis §4).
func (s *Simulator) pushUsageOld(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUsageBody))
	if err != nil {
		return reply{}, &refuseMissing
	}
	if refused := s.authenticate(r, body); refused != nil {
		return reply{}, refused
	}
	list, ok := readUsage(body)
	switch {
	case !ok || !isJSON(r.Header.Get("Content-Type")):
		return reply{}, &refuseMissing
	case len(list) > maxUsageRecords:
		return reply{}, &refuseManyUsages
	}
	for i := range list {
		list[i].MeteringSN = "" // not of this interface
	}
	return s.enterUsage(APIUsageOld, list, true)
}

// signed checks the headers of the new interface: the signature over the body as
// it came or, which is the documents' reading, over its sorted form; the age of
// ts; and that the nonce is new.
func (s *Simulator) signed(h http.Header, body []byte) bool {
	now := s.marketNow()
	ts, nonce, signature := h.Get("ts"), h.Get("nonce"), h.Get("signature")
	const millis = 13
	if _, err := sign.Freshness(now, ts, usageSkew); err != nil || len(ts) != millis {
		return false
	}
	keys := []string{s.cfg.AccessKey}
	sorted, err := sign.Canonical(body)
	if err == nil {
		_, err = sign.VerifyUsage(keys, ts, nonce, signature, sorted)
	}
	if err != nil && !s.cfg.Strict {
		_, err = sign.VerifyUsage(keys, ts, nonce, signature, body)
	}
	return err == nil && s.nonces.fresh(nonce, now)
}

// nonceBox remembers nonces for as long as their time stamps are good.
type nonceBox struct {
	mu    sync.Mutex
	seen  map[string]bool
	queue []seenNonce // oldest first
}

type seenNonce struct {
	nonce string
	at    time.Time
}

// maxNonces bounds a nonceBox; with more calls in half an hour the oldest ones
// are forgotten early.
const maxNonces = 100_000

func (b *nonceBox) fresh(nonce string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) > 0 && (len(b.queue) >= maxNonces || now.Sub(b.queue[0].at) > 2*usageSkew) {
		delete(b.seen, b.queue[0].nonce)
		b.queue = b.queue[1:]
	}
	if b.seen[nonce] {
		return false
	}
	if b.seen == nil {
		b.seen = make(map[string]bool)
	}
	b.seen[nonce] = true
	b.queue = append(b.queue, seenNonce{nonce, now})
	return true
}

// enterUsage judges records and enters them into the ledger. old is the manner of
// 2023: some errors fail the call and nothing is taken, all others show in the
// seller centre only (open-apis §3.6, §3.7).
func (s *Simulator) enterUsage(api API, list []pushed, old bool) (reply, *refusal) {
	now := s.marketNow()
	l := &s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collect(s.cfg.Clock.Now())
	known := make(map[string]lookup)
	if old {
		for i := range list {
			if refused := s.oldVerdict(api, &list[i], known, now); refused != nil {
				return reply{}, refused
			}
		}
	}
	if !l.room(len(list)) {
		return reply{}, &refuseUsageBug
	}
	spoiled := s.faults.spoil(len(list))
	answer := reply{status: acceptUsage.status, code: acceptUsage.code, records: len(list)}
	var abnormal []wireAbnormal
	for i := range list {
		p := &list[i]
		p.API = api
		code, hit := spoiled[i]
		answer.spoiled = answer.spoiled || hit
		if !hit {
			code = s.recordVerdict(p, known, now)
		}
		if code == "" {
			if !l.take(p, s.lookUpInstance(p.InstanceID, known).Adoption, s.lookUpInstance(p.PackageID, known).Adoption) {
				return reply{}, &refuseUsageBug
			}
			answer.accepted++
			continue
		}
		l.refuse(p, code)
		abnormal = append(abnormal, wireAbnormal{p.InstanceID, p.MeteringSN, p.BeginTime, p.EndTime, code, recordText(code)})
	}
	answer.body = map[string]string{"error_code": acceptUsage.code, "error_msg": acceptUsage.message}
	if len(abnormal) > 0 && !old {
		answer.code = abnormalUsage.code
		answer.body = wireUsage{abnormalUsage.code, abnormalUsage.message, wireAbnormalList{abnormal}}
	}
	return answer, nil
}

// lookup is an instance as it was found, or not.
type lookup struct {
	Adoption
	ok bool
}

// lookUpInstance finds an instance once for a push. The ledger's lock is held.
func (s *Simulator) lookUpInstance(id string, known map[string]lookup) lookup {
	if id == "" {
		return lookup{}
	}
	in, ok := known[id]
	if !ok {
		in.Adoption, in.ok = s.instance(id)
		known[id] = in
	}
	return in
}

// oldVerdict tells whether a record fails the whole call (open-apis §3.6, older
// table).
func (s *Simulator) oldVerdict(api API, p *pushed, known map[string]lookup, now time.Time) *refusal {
	in := s.lookUpInstance(p.InstanceID, known)
	switch {
	case p.InstanceID == "":
		return &refuseNumber
	case p.RecordTime == "" || p.BeginTime == "" || p.EndTime == "" || p.Value == "":
		return &refuseMissing
	case api == APIUsageOld && p.ProductID == "", api == APIUsage && p.MeteringSN == "":
		return &refuseMissing
	case !p.times || !p.number:
		return &refuseNumber
	case !in.ok:
		return &refuseInstance
	case in.Owner != "", api == APIUsageOld && in.ProductID != "" && in.ProductID != p.ProductID:
		return &refuseProduct
	case p.Amount == 0:
		return &refuseEntries
	case now.Sub(p.begin) > maxUsageAge:
		return &refuseOldUsage
	default:
		return nil
	}
}

// recordVerdict returns the code of a record that is abnormal, else "". The
// ledger's lock is held.
func (s *Simulator) recordVerdict(p *pushed, known map[string]lookup, now time.Time) string {
	l := &s.ledger
	in := s.lookUpInstance(p.InstanceID, known)
	switch {
	case p.API == APIUsage && p.MeteringSN == "":
		return recordNoSerial
	case p.MeteringSN != "" && l.serials[p.MeteringSN] != nil:
		return recordSerial
	case !p.times:
		return recordTimeFormat
	case !p.number || p.Amount == 0:
		return recordValue
	case !in.ok:
		return recordUnknown
	case in.Owner != "":
		return recordForeign
	case in.Kind != OnDemand:
		return recordPrepaid
	case in.Delisted:
		return recordDelisted
	case p.begin.After(p.end) || p.end.After(now):
		return recordRange
	case now.Sub(p.begin) > maxUsageAge:
		return recordOld
	}
	if code := in.covers(p); code != "" {
		return code
	}
	if p.PackageID != "" {
		pack := s.lookUpInstance(p.PackageID, known)
		switch {
		case !pack.ok || pack.Kind != Package:
			return recordUnknown
		case pack.Owner != "":
			return recordForeign
		}
		if code := pack.covers(p); code != "" {
			return code
		}
	}
	if l.periods[l.period(&p.UsageRecord, p.begin, p.end)] != nil {
		return recordDuplicate
	}
	return ""
}

// covers holds a record against the life of an instance.
func (a Adoption) covers(p *pushed) string {
	switch {
	case a.Released && !p.begin.Before(a.Close):
		return recordState
	case !a.FrozenAt.IsZero() && p.end.After(a.FrozenAt):
		return recordState
	case p.begin.Before(a.Start), !a.Close.IsZero() && p.end.After(a.Close):
		return recordRange
	default:
		return ""
	}
}
