// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

// dialect is how the calls of a family are written and their answers judged. The
// rest of the simulator speaks SaaS V2.0: a dialect translates.
type dialect interface {
	// name returns what the family calls an activity of SaaS V2.0.
	name(a judge.Activity) judge.Activity

	// params returns the parameters of the next attempt of m.
	params(s *Simulator, m *message, instanceID string) (map[string]any, error)

	// pack writes a call down and signs it.
	pack(s *Simulator, c *Call, params map[string]any) (parcel, error)

	// rules returns the family by whose rules an answer is judged, and the key that
	// signs it.
	rules(s *Simulator) (judge.Family, string)
}

// parcel is a call ready to be sent.
type parcel struct {
	method, url string
	header      http.Header
	body        []byte
	timeout     time.Duration
}

// dialectOf returns the dialect of a family's base interface. That of the joint
// families is the one of the SaaS interface beside it (kit §0).
func dialectOf(f judge.Family) dialect {
	switch f {
	case judge.FamilySaasV1, judge.FamilyKitV1:
		return baseV1{}
	case judge.FamilyLicenseV1:
		return baseV1{license: true}
	case judge.FamilyLicenseCode:
		return postCode{}
	case judge.FamilyLicenseOnline:
		return postOnline{}
	case judge.FamilySaasV2, judge.FamilyKitV2, judge.FamilyOrderNotify:
		return postV2{}
	default:
		return postV2{}
	}
}

// postV2 is SaaS V2.0: POST, signature in the URL (saas-v2 §1, §2).
type postV2 struct{}

func (postV2) name(a judge.Activity) judge.Activity { return a }

func (postV2) params(s *Simulator, m *message, instanceID string) (map[string]any, error) {
	return s.params(m, instanceID), nil
}

func (postV2) pack(s *Simulator, c *Call, params map[string]any) (parcel, error) {
	body, err := encode(params)
	if err != nil {
		return parcel{}, err
	}
	signed, err := sign.SignURL(s.cfg.FacadeURL, s.cfg.AccessKey, catalogue.Token(s.cfg.NewID()), c.At, body)
	if err != nil {
		return parcel{}, err
	}
	return parcel{http.MethodPost, signed, jsonHeader(), body, s.cfg.Timeout}, nil
}

func (postV2) rules(s *Simulator) (judge.Family, string) {
	return judge.FamilySaasV2, s.cfg.AccessKey
}

// jsonHeader returns the headers of the calls with a body.
func jsonHeader() http.Header {
	return http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json;charset=utf8"}}
}

// postCode is the callbacks of License 2.0: signed as SaaS V2.0, about a code
// instead of an instance (saas-v1 §5.3).
type postCode struct{ postV2 }

func (postCode) name(a judge.Activity) judge.Activity {
	switch a {
	case judge.ActivityRefresh:
		return judge.ActivityRefreshCode
	case judge.ActivityStatus:
		return judge.ActivityStatusCode
	case judge.ActivityRelease:
		return judge.ActivityReleaseCode
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

func (postCode) rules(s *Simulator) (judge.Family, string) {
	return judge.FamilyLicenseCode, s.cfg.AccessKey
}

// postOnline is 在线开通License: signed as SaaS V2.0 (saas-v1 §6). There is no
// queryInstance: newInstance is repeated until the instance is there.
type postOnline struct{ postV2 }

func (postOnline) rules(s *Simulator) (judge.Family, string) {
	return judge.FamilyLicenseOnline, s.cfg.AccessKey
}

// postNotify is 订单通知: signed as SaaS V2.0, two ids and nothing else (saas-v1 §9).
type postNotify struct{ postV2 }

func (postNotify) params(s *Simulator, m *message, _ string) (map[string]any, error) {
	p := s.params(m, "")
	delete(p, "instanceId")
	return p, nil
}

func (postNotify) rules(s *Simulator) (judge.Family, string) {
	return judge.FamilyOrderNotify, s.cfg.AccessKey
}
