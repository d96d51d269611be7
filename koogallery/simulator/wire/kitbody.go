// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"

	"github.com/koogate/koogate/koogallery/judge"
)

// kitMembers returns the members of a body in the order of the documents (kit
// §A.1 to §A.5). Of the two lists of departments each generation has one.
func kitMembers(a judge.Activity) []string {
	switch a {
	case judge.ActivityTenant:
		return []string{"instanceId", "orderId", "tenantId", "tenantCode", "name", "domainName", "flag", "testFlag", "timeStamp"}
	case judge.ActivityApplication:
		return []string{"instanceId", "tenantId", "appId", "clientId", "clientSecret", "flag", "testFlag", "timeStamp"}
	case judge.ActivityAuth:
		return []string{"instanceId", "tenantId", "appId", "userList", "currentSyncTime", "flag", "testFlag", "timeStamp"}
	case judge.ActivitySingleOrg:
		return []string{"instanceId", "tenantId", "orgCode", "orgName", "parentCode", "flag", "testFlag", "timeStamp"}
	case judge.ActivityAllOrg:
		return []string{"instanceId", "tenantId", "orgInfo", "orgInfoList", "testFlag", "timeStamp"}
	default:
		return nil
	}
}

// kitBody prints a body.
func kitBody(a judge.Activity, params map[string]any) ([]byte, error) {
	b := []byte{'{'}
	written := 0
	for _, name := range kitMembers(a) {
		value, ok := params[name]
		if !ok {
			continue
		}
		text, err := PlainJSON(value)
		if err != nil {
			return nil, err
		}
		if written > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		b = append(b, text...)
		written++
	}
	if written != len(params) {
		return nil, fmt.Errorf("a member of %s is not known", a)
	}
	return append(b, '}'), nil
}
