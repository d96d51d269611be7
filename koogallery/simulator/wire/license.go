// SPDX-License-Identifier: Apache-2.0

package wire

import "github.com/koogate/koogate/koogallery/judge"

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

func (postCode) params(c *Caller, m Message) (map[string]any, error) {
	p := c.params(m)
	delete(p, "instanceId")
	p["license"] = m.Instance
	if text, ok := p["expireTime"].(string); ok {
		p["expireTime"] = c.cfg.Readings.codeTime(text)
	}
	return p, nil
}

func (postCode) rules(c *Caller) (judge.Family, string) {
	return judge.FamilyLicenseCode, c.cfg.AccessKey
}

// postOnline is 在线开通License: signed as SaaS V2.0 (saas-v1 §6). There is no
// queryInstance: newInstance is repeated until the instance is there.
type postOnline struct{ postV2 }

func (postOnline) rules(c *Caller) (judge.Family, string) {
	return judge.FamilyLicenseOnline, c.cfg.AccessKey
}

// postNotify is 订单通知: signed as SaaS V2.0, two ids and nothing else (saas-v1 §9).
type postNotify struct{ postV2 }

func (postNotify) params(c *Caller, m Message) (map[string]any, error) {
	p := c.params(m)
	delete(p, "instanceId")
	return p, nil
}

func (postNotify) rules(c *Caller) (judge.Family, string) {
	return judge.FamilyOrderNotify, c.cfg.AccessKey
}
