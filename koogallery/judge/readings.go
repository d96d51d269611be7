// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/sign"
)

// Readings choose between readings of an answer where documents contradict each other or have changed (third-reading
// §7). The zero value is the newest page's.
type Readings struct {
	// BodySign wants every answer of SaaS V2.0 signed, as the page of 2024 has it (T6).
	BodySign bool

	// FrontEndURL wants appInfo.frontEndUrl in the answer to a debugging newInstance of SaaS V2.0, as the debugging FAQ
	// has it (T8).
	FrontEndURL bool
}

// demand adds what these readings want of an answer of SaaS V2.0. What is missing
// makes a call fail that would else be one that succeeded.
func (c *judgement) demand(r Readings) {
	if c.Outcome != OutcomeOK {
		return
	}
	if r.BodySign && !sign.VerifyBodySign(c.Key, c.Header.Get(sign.BodySignHeader), c.Body) {
		c.fault(KindBodySign, "没有 Body-Sign，或它与应答不符", "Body-Sign is missing or does not fit")
		c.Outcome = OutcomeFailed
	}
	if r.FrontEndURL && c.Test && c.Activity == ActivityNew && c.Succeeded() {
		var shown struct {
			AppInfo struct{ FrontEndURL string } `json:"appInfo"`
		}
		if json.Unmarshal(c.Body, &shown) != nil || shown.AppInfo.FrontEndURL == "" {
			c.fault(KindAccess, "没有 appInfo.frontEndUrl", "appInfo.frontEndUrl is missing")
			c.Outcome = OutcomeFailed
		}
	}
}
