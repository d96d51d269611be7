// SPDX-License-Identifier: Apache-2.0

// Package plain knows which members of calls and answers are neither secret nor personal. What it does not name is treated as both.
package plain

import "strings"

// asked are the members and parameters of calls that are neither secret nor personal: what is bought, when, and under which ids.
var asked = set(
	"activity", "testFlag", "orderId", "orderLineId", "businessId", "instanceId", "productId", "skuCode", "scene", "status",
	"instanceStatus", "flag", "expireTime", "effectiveTime", "acceptanceTime", "timeStamp", "currentSyncTime", "chargingMode", "trialFlag",
	"trialToFormal", "provisionType", "amount", "diskSize", "bandWidth", "periodType", "periodNumber", "orderAmount", "linearValue",
	"eventId", "tenantId", "appId", "orgCode", "parentCode", "role", "enable", "employeeType",
)

// said are those of answers.
var said = set("resultCode", "instanceId", "encryptType", "usageValue", "statisticalTime", "relatedInstanceId")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// Asked tells whether a member or parameter of a call may be written down as it is.
func Asked(name string) bool { return asked[name] }

// Said tells it of a member of an answer.
func Said(name string) bool { return said[name] }

// Name tells it of a name of a member or parameter: whether it looks like one.
func Name(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_-."
	return len(name) <= 32 && strings.Trim(strings.ToLower(name), letters) == ""
}
