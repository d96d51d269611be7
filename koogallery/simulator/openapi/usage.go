// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"io"
	"net/http"
	"strings"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/billing"
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
func (s *Server) usageShape(r refusal, requestID string) reply {
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
func (s *Server) pushUsage(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
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
	return s.enterUsage(billing.InterfaceNew, list, s.cfg.OldUsageCodes)
}

// pushUsageOld is the old usage push (open-apis §4).
func (s *Server) pushUsageOld(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
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
	return s.enterUsage(billing.InterfaceOld, list, true)
}

// signed checks the headers of the new interface: the signature over the body as
// it came or, which is the documents' reading, over its sorted form; the age of
// ts; and that the nonce is new.
func (s *Server) signed(h http.Header, body []byte) bool {
	now := s.market.MarketNow()
	ts, nonce, signature := h.Get("ts"), h.Get("nonce"), h.Get("signature")
	const millis = 13
	if _, err := sign.Freshness(now, ts, billing.Skew); err != nil || len(ts) != millis {
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
	return err == nil && s.market.FreshNonce(nonce, now)
}

// enterUsage hands records over and prints what became of them.
func (s *Server) enterUsage(api billing.Interface, list []billing.Pushed, old bool) (reply, *refusal) {
	for i := range list {
		list[i].API = api
	}
	result := s.market.PushUsage(list, old)
	switch {
	case result.Objection != billing.ObjectNothing:
		return reply{}, refuseObjection(result.Objection)
	case result.Full:
		return reply{}, &refuseUsageBug
	}
	answer := reply{
		status: acceptUsage.status, code: acceptUsage.code, records: len(list), accepted: result.Accepted, spoiled: result.Spoiled,
		body: map[string]string{"error_code": acceptUsage.code, "error_msg": acceptUsage.message},
	}
	if len(result.Abnormal) > 0 && !old {
		abnormal := make([]wireAbnormal, 0, len(result.Abnormal))
		for _, r := range result.Abnormal {
			abnormal = append(abnormal, wireAbnormal{r.InstanceID, r.MeteringSN, r.BeginTime, r.EndTime, r.Code, billing.CodeText(r.Code)})
		}
		answer.code = abnormalUsage.code
		answer.body = wireUsage{abnormalUsage.code, abnormalUsage.message, wireAbnormalList{abnormal}}
	}
	return answer, nil
}

// refuseObjection is how the older table answers an objection.
func refuseObjection(o billing.Objection) *refusal {
	switch o {
	case billing.ObjectNumber:
		return &refuseNumber
	case billing.ObjectMissing:
		return &refuseMissing
	case billing.ObjectUnknown:
		return &refuseInstance
	case billing.ObjectProduct:
		return &refuseProduct
	case billing.ObjectEntries:
		return &refuseEntries
	case billing.ObjectOld:
		return &refuseOldUsage
	case billing.ObjectNothing:
		return nil
	default:
		return &refuseUsageBug
	}
}
