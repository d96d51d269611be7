// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// appFields are the members of appInfo with their longest values in characters
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
func (c *Call) judgeQuery(answer members) {
	c.Outcome = OutcomePending
	if !answer.has("info") {
		return
	}
	info, ok := answer.list("info")
	if !ok {
		c.complain("info is no array of objects")
		c.Outcome = OutcomeFailed
		return
	}
	for _, element := range info {
		id, ok := element.text("instanceId")
		if !ok || id == "" {
			c.complain("info without instanceId")
			continue
		}
		if id != c.InstanceID {
			continue
		}
		c.Outcome = OutcomeOK
		c.InstanceIDReturned = id
		c.judgeApp(element)
		c.judgeUsage(element)
	}
}

func (c *Call) judgeApp(info members) {
	if !info.has("appInfo") {
		return
	}
	app, ok := object(info["appInfo"])
	if !ok {
		c.complain("appInfo is no object")
		return
	}
	if address, ok := app.text("frontEndUrl"); !ok || address == "" {
		c.complain("appInfo without frontEndUrl")
	} else {
		c.shows.access = true
	}
	for _, field := range appFields {
		if !app.has(field.name) {
			continue
		}
		if value, ok := app.text(field.name); !ok || utf8.RuneCountInString(value) > field.limit {
			c.complain("appInfo.%s is no string or longer than %d characters", field.name, field.limit)
		}
	}
}

func (c *Call) judgeUsage(info members) {
	if !info.has("usageInfo") {
		return
	}
	list, ok := info.list("usageInfo")
	if !ok {
		c.complain("usageInfo is no array of objects")
		return
	}
	c.shows.usage = len(list) > 0
	for _, usage := range list {
		if !isUsage(usage["usageValue"]) {
			c.complain("usageValue is missing or no number with at most %d decimals", usageDigits)
		}
		at, _ := usage.text("statisticalTime")
		if _, err := wiretime.Parse(at); err != nil || len(at) != usageTimeLen {
			c.complain("statisticalTime is not yyyyMMddHHmmssSSS")
		}
		if related, ok := usage.text("relatedInstanceId"); ok {
			c.shows.related = append(c.shows.related, related)
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
