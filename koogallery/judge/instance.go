// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// appFields are the Members of appInfo with their longest values in characters
// (saas-v2 §5.2).
var appFields = [...]struct {
	name  string
	limit int
}{
	{"frontEndUrl", 512}, {"adminUrl", 512}, {"userName", 128}, {"password", 128}, {"memo", 1024},
}

// Form of the usage (saas-v2 §5.2).
const (
	maxUsage     = 20
	usageDigits  = 4
	usageTimeLen = 17
)

// judgeQuery: success means that info shows the instance asked for. What is
// wrong inside is an objection (saas-v2 §5.2, §8.3).
func (c *judgement) judgeQuery(answer Members) {
	c.Outcome = OutcomePending
	if !answer.Has("info") {
		return
	}
	info, ok := answer.List("info")
	if !ok {
		c.fault(KindInfo, "info 不是对象数组", "info is no array of objects")
		c.Outcome = OutcomeFailed
		return
	}
	for _, element := range info {
		id, ok := element.Text("instanceId")
		if !ok || id == "" {
			c.fault(KindInfo, "info 中没有 instanceId", "info without instanceId")
			continue
		}
		if id != c.Asked {
			continue
		}
		c.Outcome = OutcomeOK
		c.InstanceID = id
		c.judgeApp(element)
		c.judgeUsage(element)
	}
}

func (c *judgement) judgeApp(info Members) {
	if !info.Has("appInfo") {
		return
	}
	app, ok := Object(info["appInfo"])
	if !ok {
		c.fault(KindAccess, "appInfo 不是对象", "appInfo is no object")
		return
	}
	if address, ok := app.Text("frontEndUrl"); !ok || address == "" {
		c.fault(KindAccess, "appInfo 中没有 frontEndUrl", "appInfo without frontEndUrl")
	} else {
		c.Shows.Access = true
	}
	for _, field := range appFields {
		if !app.Has(field.name) {
			continue
		}
		if value, ok := app.Text(field.name); !ok || utf8.RuneCountInString(value) > field.limit {
			c.fault(KindAccessLong, "appInfo.%s 不是字符串，或超过 %d 个字符", "appInfo.%s is no string or longer than %d characters", field.name, field.limit)
		}
	}
}

func (c *judgement) judgeUsage(info Members) {
	if !info.Has("usageInfo") {
		return
	}
	list, ok := info.List("usageInfo")
	if !ok {
		c.fault(KindUsage, "usageInfo 不是对象数组", "usageInfo is no array of objects")
		return
	}
	c.Shows.Usage = len(list) > 0
	for _, usage := range list {
		if !isUsage(usage["usageValue"]) {
			c.fault(KindUsage, "没有 usageValue，或它不是最多 %d 位小数的数字", "usageValue is missing or no number with at most %d decimals", usageDigits)
		}
		at, _ := usage.Text("statisticalTime")
		if _, err := wiretime.Parse(at); err != nil || len(at) != usageTimeLen {
			c.fault(KindUsage, "statisticalTime 不是 yyyyMMddHHmmssSSS", "statisticalTime is not yyyyMMddHHmmssSSS")
		}
		if related, ok := usage.Text("relatedInstanceId"); ok {
			c.Shows.Related = append(c.Shows.Related, related)
		}
	}
}

// isUsage accepts a Double(12,4) of at most 20 characters.
func isUsage(raw json.RawMessage) bool {
	var n json.Number
	if len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil || len(n) == 0 || len(n) > maxUsage {
		return false
	}
	whole, decimals, _ := strings.Cut(string(n), ".")
	return !strings.ContainsAny(whole+decimals, "eE-") && len(decimals) <= usageDigits
}

// Instances returns the instance ids that an answer's info shows, in its order.
func Instances(body []byte) []string {
	answer, ok := Object(body)
	if !ok {
		return nil
	}
	info, _ := answer.List("info")
	var ids []string
	for _, element := range info {
		if id, ok := element.Text("instanceId"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
