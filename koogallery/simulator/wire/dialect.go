// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// dialect is how the calls of a family are written and their answers judged. The
// rest of the simulator speaks SaaS V2.0: a dialect translates.
type dialect interface {
	// name returns what the family calls an activity of SaaS V2.0.
	name(a judge.Activity) judge.Activity

	// params returns the parameters of the next attempt of m.
	params(c *Caller, m Message) (map[string]any, error)

	// pack writes a call down and signs it, at a time.
	// Of Asked it sets the timeout only.
	pack(c *Caller, a judge.Activity, at time.Time, params map[string]any) (Call, error)

	// rules returns the family by whose rules an answer is judged, and the key that
	// signs it.
	rules(c *Caller) (judge.Family, string)
}

// Name returns what a family calls an activity of SaaS V2.0.
func Name(f judge.Family, a judge.Activity) judge.Activity { return dialectOf(f, a).name(a) }

// dialectOf returns how a family makes a call. The base interface of the joint
// families is the one of the SaaS interface beside it (kit §0).
func dialectOf(f judge.Family, a judge.Activity) dialect {
	switch {
	case a == judge.ActivityNotify:
		return postNotify{}
	case a.Joint():
		return kit{v1: f == judge.FamilyKitV1}
	}
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

func (postV2) params(c *Caller, m Message) (map[string]any, error) { return c.params(m), nil }

func (postV2) pack(c *Caller, _ judge.Activity, at time.Time, params map[string]any) (Call, error) {
	body, err := encode(params)
	if err != nil {
		return Call{}, err
	}
	signed, err := sign.SignURL(c.cfg.FacadeURL, c.cfg.AccessKey, catalogue.Token(c.cfg.NewID()), at, body)
	if err != nil {
		return Call{}, err
	}
	return post(signed, jsonHeader(), body, c.cfg.Timeout), nil
}

func (postV2) rules(c *Caller) (judge.Family, string) {
	return judge.FamilySaasV2, c.cfg.AccessKey
}

// jsonHeader returns the headers of the calls with a body.
func jsonHeader() http.Header {
	return http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json;charset=utf8"}}
}
