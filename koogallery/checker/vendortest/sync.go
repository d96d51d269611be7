// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// mostUsers is how many users one call may name.
const mostUsers = 500

// synced is what the directory holds of a tenant, an application, a user or a department.
type synced struct{ flag, stamp string }

// sync does what a call of the Kit says. A call of the debugger, or one without an instance, is looked at and leaves nothing.
func (v *Vendor) sync(a judge.Activity, body []byte, v2 bool) reply {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil || members == nil {
		return refuse(resultcode.InvalidParam)
	}
	text := func(name string) string { return plain(members[name]) }
	instance, tenant, stamp, flag := text("instanceId"), text("tenantId"), text("timeStamp"), text("flag")
	if _, err := wiretime.ParseIn(stamp, wiretime.Beijing()); err != nil || tenant == "" {
		return refuse(resultcode.InvalidParam)
	}
	if a != judge.ActivityAllOrg && !v.knowsFlag(a, flag) {
		return refuse(resultcode.InvalidParam)
	}
	keys, ok := v.things(a, members, v2)
	if !ok {
		return refuse(resultcode.InvalidParam)
	}
	if v.has("rehearsal-refused") && instance == "" {
		return refuse(resultcode.InstanceNotFound)
	}
	if v.has("delete-checks-instance") && flag == "0" && v.disk.rows[instance] == nil {
		return refuse(resultcode.InstanceNotFound)
	}
	for _, key := range keys {
		key = strings.Join([]string{string(a), instance, tenant, key}, "\x00")
		old, there := v.disk.directory[key]
		switch {
		case there && old.stamp == stamp && old.flag == flag && v.has("sync-not-repeatable"):
			return refuse(resultcode.Internal)
		case there && stamp < old.stamp && v.has("late-sync-refused"):
			return refuse(resultcode.Internal)
		case there && stamp < old.stamp:
			continue // what came later counts
		}
		if text("testFlag") != "1" && instance != "" || v.has("sync-not-repeatable") || v.has("late-sync-refused") {
			v.disk.directory[key] = synced{flag, stamp}
		}
	}
	return success(nil)
}

// plain is a text, or a number as its text.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return ""
	}
}

// knowsFlag tells whether a flag is one of the documented ones.
func (v *Vendor) knowsFlag(a judge.Activity, flag string) bool {
	switch flag {
	case "0", "1":
		return true
	case "2":
		return !v.has("add-and-delete-only")
	case "3":
		return a == judge.ActivityAuth && !v.has("add-and-delete-only")
	default:
		return v.has("any-flag")
	}
}

// things are the keys of what a call is about below the tenant.
func (v *Vendor) things(a judge.Activity, members map[string]any, v2 bool) (keys []string, ok bool) {
	switch a {
	case judge.ActivityTenant:
		return []string{""}, plain(members["tenantCode"]) != "" && plain(members["name"]) != "" && plain(members["domainName"]) != ""
	case judge.ActivityApplication:
		id := plain(members["appId"])
		return []string{id}, id != ""
	case judge.ActivitySingleOrg:
		code := plain(members["orgCode"])
		return []string{code}, code != ""
	case judge.ActivityAuth:
		list, ok := v.list(members["userList"], v2)
		if !ok || len(list) > mostUsers {
			return nil, false
		}
		return v.usable(list, "userName")
	default:
		member := "orgInfo"
		if v2 {
			member = "orgInfoList"
		}
		list, ok := v.list(members[member], v2)
		if !ok {
			return nil, false
		}
		return v.usable(list, "orgCode")
	}
}

// unquoted is a name without quotation marks, as the pages print their lists.
var unquoted = regexp.MustCompile(`([{,]\s*)([A-Za-z]+)\s*:`)

// list reads a list: an array, an object, or a text that holds either.
func (v *Vendor) list(value any, v2 bool) ([]any, bool) {
	switch value := value.(type) {
	case []any:
		return value, true
	case map[string]any:
		return []any{value}, true
	case string:
		if v2 && v.has("text-is-no-list") || v.has("nested-text-falls") && strings.ContainsAny(value, `\<&`) {
			return nil, false
		}
		var inner any
		err := json.Unmarshal([]byte(value), &inner)
		if err != nil && !v.has("unquoted-refused") {
			err = json.Unmarshal([]byte(unquoted.ReplaceAllString(value, `$1"$2":`)), &inner)
		}
		if _, text := inner.(string); err != nil || text {
			return nil, false
		}
		return v.list(inner, false)
	default:
		return nil, false
	}
}

// usable returns the names of the elements that can be used. There must be one; the others are passed over.
func (v *Vendor) usable(list []any, name string) (keys []string, ok bool) {
	for _, element := range list {
		members, _ := element.(map[string]any)
		key := plain(members[name])
		switch {
		case key != "":
			keys = append(keys, key)
		case v.has("one-bad-element-refuses-all"):
			return nil, false
		}
	}
	return keys, len(keys) > 0
}
