// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/market"
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

// licenseShape prints refusals with the codes of these APIs.
func licenseShape(r refusal, requestID string) reply {
	if r.code == refuseInternal.code {
		r.code, r.message = refuseLicenseBug.code, refuseLicenseBug.message
	}
	return r.named(requestID)
}

// licenseCall is what all these APIs check before they look at the body.
func (s *Server) licenseCall(take func(judge.Members) (reply, *refusal)) func(http.ResponseWriter, *http.Request) (reply, *refusal) {
	return func(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLicenseBody))
		if err != nil {
			return reply{}, &refuseReadable
		}
		if refused := s.authenticate(r, body); refused != nil {
			return reply{}, refused
		}
		if r.Method != http.MethodPost {
			return reply{}, &refuseMethod
		}
		if !isJSON(r.Header.Get("Content-Type")) {
			return reply{}, &refuseMedia
		}
		m, ok := judge.Object(body)
		if !ok {
			return reply{}, &refuseReadable
		}
		return take(m)
	}
}

func licenseReply(data any) (reply, *refusal) {
	return reply{status: acceptLicense.status, code: acceptLicense.code, body: wireLicense{acceptLicense.code, acceptLicense.message, data}}, nil
}

// activate is the activation of one code (saas-v1 §5.1).
func (s *Server) activate(m judge.Members) (reply, *refusal) {
	codes, ok := oneCode(m)
	effect, well := effectOf(m)
	if !ok || !well {
		return reply{}, &refusePattern
	}
	list, err := s.market.ActivateLicenses(codes, effect)
	if err != nil {
		return reply{}, refuseCodeFor(err)
	}
	return licenseReply(wireCodeInfo{Info: codeInfo(list[0])})
}

// activateBatch activates several codes, all or none: the documents have one
// error for a batch with an illegal code and no list of them.
func (s *Server) activateBatch(m judge.Members) (reply, *refusal) {
	codes, ok := severalCodes(m)
	effect, well := effectOf(m)
	switch {
	case !ok || !well:
		return reply{}, &refusePattern
	case repeated(codes):
		return reply{}, &refuseLicense
	}
	list, err := s.market.ActivateLicenses(codes, effect)
	switch {
	case errors.Is(err, market.ErrCodeEffect):
		return reply{}, &refuseLicense
	case err != nil:
		return reply{}, &refuseBatch
	}
	if !s.cfg.BatchData {
		return licenseReply(nil)
	}
	data := make([]wireCodeInfo, 0, len(list))
	for _, l := range list {
		data = append(data, wireCodeInfo{License: l.Code, Info: codeInfo(l)})
	}
	return licenseReply(map[string]any{"license_list": data})
}

// heartbeat is the query of one code (saas-v1 §5.2).
func (s *Server) heartbeat(m judge.Members) (reply, *refusal) {
	codes, ok := oneCode(m)
	if !ok {
		return reply{}, &refusePattern
	}
	var account string
	if m.Has("heartbeatInfo") {
		info, ok := judge.Object(m["heartbeatInfo"])
		if !ok {
			return reply{}, &refusePattern
		}
		address, _ := info.Text("ip")
		if account, ok = info.Text("thirdPartyAccount"); !ok || !licenseText(account, maxAccount) || utf8.RuneCountInString(address) > maxAddress {
			return reply{}, &refusePattern
		}
	}
	list, err := s.market.QueryLicenses(codes, account)
	if err != nil {
		return reply{}, refuseCodeFor(err)
	}
	return licenseReply(licenseInfo(list[0]))
}

// heartbeatBatch is the query of several codes. Its answer was not seen.
func (s *Server) heartbeatBatch(m judge.Members) (reply, *refusal) {
	codes, ok := severalCodes(m)
	switch {
	case !ok:
		return reply{}, &refusePattern
	case repeated(codes):
		return reply{}, &refuseLicense
	}
	list, err := s.market.QueryLicenses(codes, "")
	if err != nil {
		return reply{}, &refuseBatch
	}
	data := make([]wireLicenseInfo, 0, len(list))
	for _, l := range list {
		data = append(data, licenseInfo(l))
	}
	return licenseReply(data)
}
