// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// dialect is how the calls of a family are written and their answers judged. The
// rest of the simulator speaks SaaS V2.0: a dialect translates.
type dialect interface {
	// name returns what the family calls an activity of SaaS V2.0.
	name(a Activity) Activity

	// params returns the parameters of the next attempt of m.
	params(s *Simulator, m *message, instanceID string) (map[string]any, error)

	// pack writes a call down and signs it.
	pack(s *Simulator, c *Call, params map[string]any) (parcel, error)

	// judge fills in the judgement of an answer.
	judge(s *Simulator, c *Call, a answer)
}

// parcel is a call ready to be sent.
type parcel struct {
	method, url string
	header      http.Header
	body        []byte
	timeout     time.Duration
}

// answer is what came back.
type answer struct {
	header  http.Header
	body    []byte
	timeout time.Duration
}

func (a answer) contentType() string { return a.header.Get("Content-Type") }

// dialectOf returns the dialect of a family's base interface. That of the joint
// families is the one of the SaaS interface beside it (kit §0).
func dialectOf(f Family) dialect {
	switch f {
	case FamilySaasV1, FamilyKitV1:
		return baseV1{}
	case FamilyLicenseV1:
		return baseV1{license: true}
	case FamilyLicenseCode:
		return postCode{}
	case FamilyLicenseOnline:
		return postOnline{}
	case FamilySaasV2, FamilyKitV2, FamilyOrderNotify:
		return postV2{}
	default:
		return postV2{}
	}
}

// postV2 is SaaS V2.0: POST, signature in the URL (saas-v2 §1, §2).
type postV2 struct{}

func (postV2) name(a Activity) Activity { return a }

func (postV2) params(s *Simulator, m *message, instanceID string) (map[string]any, error) {
	return s.params(m, instanceID), nil
}

func (postV2) pack(s *Simulator, c *Call, params map[string]any) (parcel, error) {
	body, err := encode(params)
	if err != nil {
		return parcel{}, err
	}
	signed, err := sign.SignURL(s.cfg.FacadeURL, s.cfg.AccessKey, token(s.cfg.NewID()), c.At, body)
	if err != nil {
		return parcel{}, err
	}
	return parcel{http.MethodPost, signed, jsonHeader(), body, s.cfg.Timeout}, nil
}

func (postV2) judge(s *Simulator, c *Call, a answer) {
	judge(c, a.contentType(), a.body, a.timeout)
	s.cfg.Readings.demand(c, s.cfg.AccessKey, a)
}

// jsonHeader returns the headers of the calls with a body.
func jsonHeader() http.Header {
	return http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json;charset=utf8"}}
}

// postCode is the callbacks of License 2.0: signed as SaaS V2.0, about a code
// instead of an instance (saas-v1 §5.3).
type postCode struct{ postV2 }

func (postCode) name(a Activity) Activity {
	switch a {
	case ActivityRefresh:
		return ActivityRefreshCode
	case ActivityStatus:
		return ActivityStatusCode
	case ActivityRelease:
		return ActivityReleaseCode
	default:
		return a
	}
}

func (postCode) params(s *Simulator, m *message, instanceID string) (map[string]any, error) {
	p := s.params(m, instanceID)
	delete(p, "instanceId")
	p["license"] = instanceID
	if text, ok := p["expireTime"].(string); ok {
		p["expireTime"] = s.cfg.Readings.codeTime(text)
	}
	return p, nil
}

// judge: only 000000 is a success.
func (postCode) judge(_ *Simulator, c *Call, a answer) { c.judgePlain(a) }

// postOnline is 在线开通License: signed as SaaS V2.0 (saas-v1 §6). There is no
// queryInstance: newInstance is repeated until the instance is there.
type postOnline struct{ postV2 }

func (postOnline) judge(_ *Simulator, c *Call, a answer) { c.judgeOnline(a) }

// postNotify is 订单通知: signed as SaaS V2.0, two ids and nothing else (saas-v1 §9).
type postNotify struct{ postV2 }

func (postNotify) params(s *Simulator, m *message, _ string) (map[string]any, error) {
	p := s.params(m, "")
	delete(p, "instanceId")
	return p, nil
}

func (postNotify) judge(_ *Simulator, c *Call, a answer) { c.judgePlain(a) }
