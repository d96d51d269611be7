// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"mime"
	"net/http"
)

// Longest values, in characters (saas-v2 §5).
const (
	maxResultMsg  = 255
	maxInstanceID = 64
)

// judgement is a verdict in the making.
type judgement struct {
	Request
	Answer
	Verdict
}

// Judge judges one answer by the rules of its family. It depends on nothing but its arguments.
func Judge(q Request, a Answer, r Readings) Verdict {
	c := &judgement{Request: q, Answer: a}
	switch {
	case q.Activity == ActivityNotify:
		c.plain()
	case q.Activity.Joint() && q.Family == FamilyKitV1:
		c.signed()
	case q.Activity.Joint():
		c.plain()
	default:
		c.base(r)
	}
	return c.Verdict
}

// base judges by the base interface of the family. That of the joint families is the one of the SaaS interface beside
// it (kit §0).
func (c *judgement) base(r Readings) {
	switch c.Family {
	case FamilySaasV1, FamilyKitV1:
		c.v1(false)
	case FamilyLicenseV1:
		c.v1(true)
	case FamilyLicenseCode: // only 000000 is a success
		c.plain()
	case FamilyLicenseOnline:
		c.online()
	case FamilySaasV2, FamilyKitV2, FamilyOrderNotify:
		c.saasV2()
		c.demand(r)
	default:
		c.saasV2()
		c.demand(r)
	}
}

// read reads what every answer has to have, and leaves the outcome at failed. It
// reports false if there is no result code to go by.
func (c *judgement) read() (answer Members, ok bool) {
	c.Outcome = OutcomeFailed
	if c.Took > c.Timeout {
		c.fault(KindTime, "应答用了 %v，超过 %v", "the answer took %v, more than %v", c.Took, c.Timeout)
	}
	if c.Status != http.StatusOK {
		c.fault(KindStatus, "HTTP 状态码是 %d，必须是 200", "HTTP status %d, must be 200", c.Status)
		return nil, false
	}
	if media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || media != "application/json" {
		c.fault(KindContentType, "Content-Type 不是 application/json", "the Content-Type is not application/json")
		return nil, false
	}
	if len(c.Body) > MaxAnswer {
		c.fault(KindLength, "应答超过 %d 字节", "the answer is longer than %d bytes", MaxAnswer)
		return nil, false
	}
	if answer, ok = Object(c.Body); !ok {
		c.fault(KindJSON, "应答不是 UTF-8 编码的 JSON 对象", "the answer is not a JSON object in UTF-8")
		return nil, false
	}
	code, ok := answer.Text("resultCode")
	if !ok || code == "" {
		c.fault(KindCode, "没有 resultCode，或它不是字符串", "resultCode is missing or no string")
		return nil, false
	}
	c.ResultCode = Shorten(code, maxInstanceID)
	if message, ok := answer.Text("resultMsg"); !ok || message == "" {
		c.fault(KindMessage, "没有 resultMsg，或它为空", "resultMsg is missing or empty")
	} else {
		c.ResultMsg = Shorten(message, maxResultMsg)
		if c.ResultMsg != message {
			c.fault(KindMessageLong, "resultMsg 超过 %d 个字符", "resultMsg is longer than %d characters", maxResultMsg)
		}
	}
	return answer, true
}
