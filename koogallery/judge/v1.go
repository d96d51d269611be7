// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/sign"
)

// bodySignForm is the form of the header Body-Sign: both values in double
// quotes, the blanks where the documents have them or not at all (saas-v1 §2.3).
var bodySignForm = regexp.MustCompile(`^sign_type="HMAC-SHA256", ?signature= ?"[A-Za-z0-9+/]{43}="$`)

// v1 judges the answer of the V1 base interface, or that of License V1.
func (c *judgement) v1(license bool) {
	answer, ok := c.readSigned()
	if !ok {
		return
	}
	switch {
	case c.Activity == ActivityNew && license:
		c.judgeLicense(answer)
	case c.Activity == ActivityNew:
		c.judgeAccess(answer)
	case c.Activity == ActivityQuery:
		c.judgeList(answer)
	default:
		c.Outcome = OutcomeOK
	}
}

// signed judges the answer of a Kit call of V1.
func (c *judgement) signed() {
	if _, ok := c.readSigned(); ok {
		c.Outcome = OutcomeOK
	}
}

// readSigned reads the answer of a V1 call that succeeded: with a Body-Sign over
// its very bytes, and 000000, as V1 knows no asynchronous answer (saas-v1 §1, §3).
func (c *judgement) readSigned() (Members, bool) {
	signed := c.Status != http.StatusOK || c.judgeBodySign()
	answer, ok := c.read()
	return answer, ok && signed && c.Succeeded()
}

// judgeBodySign checks the header Body-Sign (saas-v1 §2.3).
func (c *judgement) judgeBodySign() bool {
	values := c.Header.Values(sign.BodySignHeader)
	switch {
	case len(values) == 0 || values[0] == "":
		c.fault(KindBodySign, "响应头缺少Body-Sign", "the header Body-Sign is missing (响应头缺少Body-Sign)")
	case len(values) != 1 || !bodySignForm.MatchString(values[0]):
		c.fault(KindBodySign, "Body-Sign格式错误", "the header Body-Sign is malformed (Body-Sign格式错误)")
	case !sign.VerifyBodySign(c.Key, values[0], c.Body):
		c.fault(KindBodySign, "响应Http Body签名校验失败", "the Body-Sign does not fit the body (响应Http Body签名校验失败)")
	default:
		return true
	}
	return false
}

// judgeAccess: newInstance has to return instanceId and a front-end URL (saas-v1
// §1, §1.2).
func (c *judgement) judgeAccess(answer Members) {
	if !c.judgeID(answer) {
		return
	}
	if !answer.Has("appInfo") {
		c.fault(KindAccess, "没有 appInfo", "appInfo is missing")
		return
	}
	c.judgeApp(answer)
	c.Shows.Digest = c.open(answer, answer)
	if c.Shows.Access {
		c.Outcome = OutcomeOK
	}
}

// judgeLicense: getLicense has to return license and instanceId (saas-v1 §4.1).
func (c *judgement) judgeLicense(answer Members) {
	license, ok := answer.Text("license")
	if !c.judgeID(answer) {
		return
	}
	if !ok || license == "" {
		c.fault(KindLicense, "没有 license，或它不是字符串", "license is missing or no string")
		return
	}
	c.Shows.Digest = digest(license)
	c.Outcome = OutcomeOK
}

// judgeID reads a mandatory instanceId.
func (c *judgement) judgeID(answer Members) bool {
	id, _ := answer.Text("instanceId")
	c.InstanceID = Shorten(id, maxInstanceID)
	switch {
	case id == "":
		c.fault(KindID, "没有 instanceId，或它不是字符串", "instanceId is missing or no string")
	case id != c.InstanceID:
		c.fault(KindIDLong, "instanceId 超过 %d 个字符", "instanceId is longer than %d characters", maxInstanceID)
	default:
		return true
	}
	return false
}

// judgeList: queryInstance of V1 has to show every instance asked for, each
// element with its instanceId (saas-v1 §1, §1.8).
func (c *judgement) judgeList(answer Members) {
	info, ok := answer.List("info")
	if !ok {
		c.fault(KindInfo, "没有 info，或它不是对象数组", "info is missing or no array of objects")
		return
	}
	asked := strings.Split(c.Asked, ",")
	shown := make([]string, 0, len(asked))
	complete, usage := true, true
	for _, element := range info {
		id, ok := element.Text("instanceId")
		if !ok || id == "" {
			c.fault(KindInfo, "info 中没有 instanceId", "info without instanceId")
			complete = false
			continue
		}
		if !slices.Contains(asked, id) || slices.Contains(shown, id) {
			c.fault(KindShown, "info 中有未被查询或重复的 %s", "info shows %s, which was not asked for or is there twice", Shorten(id, maxInstanceID))
			continue
		}
		shown = append(shown, id)
		c.judgeApp(element)
		c.open(answer, element)
		c.Shows.Usage = false
		c.judgeUsage(element)
		usage = usage && c.Shows.Usage
	}
	c.Shows.Usage = usage
	if len(shown) != len(asked) {
		c.fault(KindShown, "info 只有 %d 个实例，查询了 %d 个", "info shows %d of %d instances", len(shown), len(asked))
		complete = false
	}
	if complete {
		c.Outcome, c.InstanceID = OutcomeOK, c.Asked
	}
}
