// SPDX-License-Identifier: Apache-2.0

package veil

import "strings"

// plainAsked are the members and parameters of calls that are neither secret nor personal: what is bought, when, and under which ids.
var plainAsked = set(
	"activity", "testFlag", "orderId", "orderLineId", "businessId", "instanceId", "productId", "skuCode", "scene", "status",
	"instanceStatus", "flag", "expireTime", "effectiveTime", "acceptanceTime", "timeStamp", "currentSyncTime", "chargingMode", "trialFlag",
	"trialToFormal", "provisionType", "amount", "diskSize", "bandWidth", "periodType", "periodNumber", "orderAmount", "linearValue",
	"eventId", "tenantId", "appId", "orgCode", "parentCode", "role", "enable", "employeeType",
)

// plainSaid are those of answers.
var plainSaid = set("resultCode", "instanceId", "encryptType", "usageValue", "statisticalTime", "relatedInstanceId")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// PlainAsked tells whether a member or parameter of a call may be written down as it is.
func PlainAsked(name string) bool { return plainAsked[name] }

// PlainSaid tells it of a member of an answer.
func PlainSaid(name string) bool { return plainSaid[name] }

// Name is a name of a member or parameter as it may be written down: as it is if it looks like one.
func (v *Veil) Name(name string) string {
	const letters = lower + digits + "_-."
	if len(name) <= 32 && strings.Trim(strings.ToLower(name), letters) == "" {
		return name
	}
	return v.Opaque(name)
}
