// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// The open APIs about authorisation codes (saas-v1 §5.1, §5.2, §5.2b).
const (
	activatePath     = "/api/mkp-openapi-public/global/v1/license/activate"
	activate2Path    = "/api/mkp-openapi-public/global/v2/license/activate"
	heartbeatPath    = "/api/mkp-openapi-public/global/v1/license/heartbeat"
	heartbeat2Path   = "/api/mkp-openapi-public/global/v2/license/heartbeat"
	licenseUsagePath = "/api/mkp-openapi-public/global/v2/license/software-usage-info"
)

// Limits of these APIs.
const (
	maxLicenseBody  = 4 << 20
	maxLicenseBatch = 100
	maxAccount      = 256
	maxAddress      = 32
	maxActiveNum    = 999_999_999
)

// Answers of these APIs (saas-v1 §5.2c). Errors about a code come with status 200.
var (
	acceptLicense    = refusal{http.StatusOK, "92020000", "success", false}
	refuseLicenseBug = refusal{http.StatusOK, "92020001", "internal error", false}
	refuseLicense    = refusal{http.StatusOK, "92020002", "invalid param", false}
	refuseState      = refusal{http.StatusOK, "92020003", "illegal state", false}
	refuseReceived   = refusal{http.StatusOK, "92020004", "can not active before user received.", false}
	refuseCode       = refusal{http.StatusOK, "92020005", "license code notexist", false}
	refuseInactive   = refusal{http.StatusOK, "92020011", "license code has been not activated.", false}
	refuseBatch      = refusal{http.StatusOK, "92020020", "Invalid license code exists.", false}

	refusePattern  = refusal{http.StatusBadRequest, "95000001", "req param is invalid", false}
	refuseMethod   = refusal{http.StatusMethodNotAllowed, "95000002", "Request method not supported", false}
	refuseMedia    = refusal{http.StatusUnsupportedMediaType, "95000003", "Content type not supported", false}
	refuseReadable = refusal{http.StatusBadRequest, "95000004", "req message is not readable", false}
)

// wireLicense is an answer with data.
type wireLicense struct {
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
	Data    any    `json:"data,omitempty"`
}

// wireCode is what an activation tells. Its text is a string in the answer.
type wireCode struct {
	Status     string `json:"status"`
	ExpireTime string `json:"expire_time"`
	ProductID  string `json:"product_id"`
	Amount     int    `json:"amount"`
	OrderID    string `json:"order_id"`
}

type wireCodeInfo struct {
	License string `json:"license,omitempty"` // of a batch only
	Info    string `json:"license_code_info"`
}

// wireLicenseInfo is what a query tells. What follows product_name was not seen.
type wireLicenseInfo struct {
	Code         string `json:"license_code"`
	Status       string `json:"status"`
	ActivateTime string `json:"activate_time"`
	ExpireTime   string `json:"expire_time"`
	ProductName  string `json:"product_name"`
	ProductID    string `json:"product_id"`
}

// wireUsageFailure is a rejected entry of the software usage.
type wireUsageFailure struct {
	License string `json:"license"`
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
}

// licenseShape prints refusals with the codes of these APIs.
func licenseShape(r refusal, requestID string) Reply {
	if r.code == refuseInternal.code {
		r.code, r.message = refuseLicenseBug.code, refuseLicenseBug.message
	}
	return r.named(requestID)
}

// licenseCall is what all these APIs check before they look at the body.
func (s *Simulator) licenseCall(take func(judge.Members) (Reply, *refusal)) func(http.ResponseWriter, *http.Request) (Reply, *refusal) {
	return func(w http.ResponseWriter, r *http.Request) (Reply, *refusal) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLicenseBody))
		if err != nil {
			return Reply{}, &refuseReadable
		}
		if refused := s.authenticate(r, body); refused != nil {
			return Reply{}, refused
		}
		if r.Method != http.MethodPost {
			return Reply{}, &refuseMethod
		}
		if !isJSON(r.Header.Get("Content-Type")) {
			return Reply{}, &refuseMedia
		}
		m, ok := judge.Object(body)
		if !ok {
			return Reply{}, &refuseReadable
		}
		return take(m)
	}
}

func licenseReply(data any) (Reply, *refusal) {
	return Reply{status: acceptLicense.status, code: acceptLicense.code, body: wireLicense{acceptLicense.code, acceptLicense.message, data}}, nil
}

// oneCode reads the code of a request about a single one.
func oneCode(m judge.Members) ([]string, bool) {
	code, ok := m.Text("license")
	return []string{code}, ok && licenseText(code, catalogue.MaxID)
}

// severalCodes reads the codes of a batch.
func severalCodes(m judge.Members) ([]string, bool) {
	var list []string
	if !m.Has("license_list") || json.Unmarshal(m["license_list"], &list) != nil || len(list) == 0 || len(list) > maxLicenseBatch {
		return nil, false
	}
	for _, code := range list {
		if !licenseText(code, catalogue.MaxID) {
			return nil, false
		}
	}
	return list, true
}

// licenseText tells whether a mandatory text is there and not too long.
func licenseText(text string, limit int) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= limit
}

// effectOf reads real_effect_time. The zero time stands for none.
func effectOf(m judge.Members) (time.Time, bool) {
	if !m.Has("real_effect_time") {
		return time.Time{}, true
	}
	const digits = 14
	text, _ := m.Text("real_effect_time")
	at, err := wiretime.Parse(text)
	return at, err == nil && len(text) == digits
}

func repeated(codes []string) bool {
	seen := make(map[string]bool, len(codes))
	for _, code := range codes {
		if seen[code] {
			return true
		}
		seen[code] = true
	}
	return false
}

// activate is the activation of one code (saas-v1 §5.1).
func (s *Simulator) activate(m judge.Members) (Reply, *refusal) {
	codes, ok := oneCode(m)
	effect, well := effectOf(m)
	if !ok || !well {
		return Reply{}, &refusePattern
	}
	data, refused := s.activation(codes, effect)
	if refused != nil {
		return Reply{}, refused
	}
	return licenseReply(data[0])
}

// activateBatch activates several codes, all or none: the documents have one
// error for a batch with an illegal code and no list of them.
func (s *Simulator) activateBatch(m judge.Members) (Reply, *refusal) {
	codes, ok := severalCodes(m)
	effect, well := effectOf(m)
	switch {
	case !ok || !well:
		return Reply{}, &refusePattern
	case repeated(codes):
		return Reply{}, &refuseLicense
	}
	data, refused := s.activation(codes, effect)
	switch {
	case refused == nil:
	case *refused == refuseLicense:
		return Reply{}, refused
	default:
		return Reply{}, &refuseBatch
	}
	if !s.cfg.Readings.BatchData {
		return licenseReply(nil)
	}
	for i := range data {
		data[i].License = codes[i]
	}
	return licenseReply(map[string]any{"license_list": data})
}

func (s *Simulator) activation(codes []string, effect time.Time) ([]wireCodeInfo, *refusal) {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	for _, code := range codes {
		o := s.book.licenses[code]
		switch {
		case o == nil:
			return nil, &refuseCode
		case !o.license.activated.IsZero():
			return nil, &refuseState
		case o.licenseAt(now).Status != LicenseAlive:
			return nil, &refuseState
		case o.license.received.IsZero():
			return nil, &refuseReceived
		case !effect.IsZero() && effect.Before(o.CreateTime.Truncate(time.Second)):
			return nil, &refuseLicense
		}
	}
	data := make([]wireCodeInfo, 0, len(codes))
	for _, code := range codes {
		o := s.book.licenses[code]
		o.license.activated, o.license.effect = now.UTC(), effect
		l := o.licenseAt(now)
		info, err := wire.PlainJSON(wireCode{string(l.Status), wiretime.Format14(l.ExpireTime), l.ProductID, l.Amount, l.OrderID})
		if err != nil {
			return nil, &refuseLicenseBug
		}
		data = append(data, wireCodeInfo{Info: string(info)})
	}
	return data, nil
}

// heartbeat is the query of one code (saas-v1 §5.2).
func (s *Simulator) heartbeat(m judge.Members) (Reply, *refusal) {
	codes, ok := oneCode(m)
	if !ok {
		return Reply{}, &refusePattern
	}
	var account string
	if m.Has("heartbeatInfo") {
		info, ok := judge.Object(m["heartbeatInfo"])
		if !ok {
			return Reply{}, &refusePattern
		}
		address, _ := info.Text("ip")
		if account, ok = info.Text("thirdPartyAccount"); !ok || !licenseText(account, maxAccount) || utf8.RuneCountInString(address) > maxAddress {
			return Reply{}, &refusePattern
		}
	}
	data, refused := s.query(codes, account)
	if refused != nil {
		return Reply{}, refused
	}
	return licenseReply(data[0])
}

// heartbeatBatch is the query of several codes. Its answer was not seen.
func (s *Simulator) heartbeatBatch(m judge.Members) (Reply, *refusal) {
	codes, ok := severalCodes(m)
	switch {
	case !ok:
		return Reply{}, &refusePattern
	case repeated(codes):
		return Reply{}, &refuseLicense
	}
	data, refused := s.query(codes, "")
	if refused != nil {
		return Reply{}, &refuseBatch
	}
	return licenseReply(data)
}

func (s *Simulator) query(codes []string, account string) ([]wireLicenseInfo, *refusal) {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	data := make([]wireLicenseInfo, 0, len(codes))
	for _, code := range codes {
		o := s.book.licenses[code]
		switch {
		case o == nil:
			return nil, &refuseCode
		case o.license.activated.IsZero():
			return nil, &refuseInactive
		}
		l := o.licenseAt(now)
		data = append(data, wireLicenseInfo{
			l.Code, string(l.Status), wiretime.Format14(l.ActivatedAt), wiretime.Format14(l.ExpireTime), o.Present.Product.Name, l.ProductID,
		})
	}
	for _, code := range codes {
		o := s.book.licenses[code]
		o.license.heartbeats++
		if account != "" {
			o.license.use(dayOf(now), []string{account}, 0)
		}
	}
	return data, nil
}

func dayOf(t time.Time) string { return t.In(wiretime.Beijing()).Format(time.DateOnly) }

// softwareUse is one entry of the software usage.
type softwareUse struct {
	code   string
	ids    []string
	active int
}

// softwareUsage takes the use of the software (saas-v1 §5.2b). Entries of codes
// that are not active are rejected, the others are counted.
func (s *Simulator) softwareUsage(m judge.Members) (Reply, *refusal) {
	list, ok := readSoftwareUsage(m)
	if !ok {
		return Reply{}, &refusePattern
	}
	now := s.MarketNow()
	failures := make([]wireUsageFailure, 0)
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	for _, u := range list {
		o := s.book.licenses[u.code]
		var refused *refusal
		switch {
		case o == nil:
			refused = &refuseCode
		case o.license.activated.IsZero():
			refused = &refuseInactive
		case o.licenseAt(now).Status == LicenseReleased:
			refused = &refuseState
		default:
			o.license.use(dayOf(now), u.ids, u.active)
			continue
		}
		failures = append(failures, wireUsageFailure{u.code, refused.code, refused.message})
	}
	if len(failures) == 0 {
		return licenseReply(map[string]any{"check_fail_list": failures})
	}
	r := refuseBatch
	return Reply{status: r.status, code: r.code, body: wireLicense{r.code, r.message, map[string]any{"check_fail_list": failures}}}, nil
}

func readSoftwareUsage(m judge.Members) ([]softwareUse, bool) {
	entries, ok := m.List("usage_info")
	if !ok || len(entries) == 0 || len(entries) > maxLicenseBatch {
		return nil, false
	}
	list := make([]softwareUse, 0, len(entries))
	for _, entry := range entries {
		codes, ok := oneCode(entry)
		elements, there := entry.List("software_usage_Info")
		if !ok || !there || len(elements) == 0 || len(elements) > maxLicenseBatch {
			return nil, false
		}
		u := softwareUse{code: codes[0]}
		for _, e := range elements {
			id, _ := e.Text("id")
			var active int
			switch {
			case e.Has("id") == e.Has("active_num"): // exactly one of them
				return nil, false
			case e.Has("id") && !licenseText(id, maxAccount):
				return nil, false
			case e.Has("active_num") && (json.Unmarshal(e["active_num"], &active) != nil || active < 0 || active > maxActiveNum):
				return nil, false
			case e.Has("id"):
				u.ids = append(u.ids, id)
			}
			u.active = max(u.active, active)
		}
		list = append(list, u)
	}
	return list, true
}
