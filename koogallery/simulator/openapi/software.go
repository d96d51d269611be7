// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/judge"
)

// softwareUse is one entry of the software usage.
type softwareUse struct {
	code   string
	ids    []string
	active int
}

// softwareUsage takes the use of the software (saas-v1 §5.2b). Entries of codes
// that are not active are rejected, the others are counted.
func (s *Server) softwareUsage(m judge.Members) (reply, *refusal) {
	list, ok := readSoftwareUsage(m)
	if !ok {
		return reply{}, &refusePattern
	}
	failures := make([]wireUsageFailure, 0)
	for _, u := range list {
		if err := s.market.UseLicense(u.code, u.ids, u.active); err != nil {
			refused := refuseCodeFor(err)
			failures = append(failures, wireUsageFailure{u.code, refused.code, refused.message})
		}
	}
	if len(failures) == 0 {
		return licenseReply(map[string]any{"check_fail_list": failures})
	}
	r := refuseBatch
	return reply{status: r.status, code: r.code, body: wireLicense{r.code, r.message, map[string]any{"check_fail_list": failures}}}, nil
}

func readSoftwareUsage(m judge.Members) ([]softwareUse, bool) {
	entries, ok := m.List("usage_info")
	if !ok || len(entries) == 0 || len(entries) > maxLicenseBatch {
		return nil, false
	}
	list := make([]softwareUse, 0, len(entries))
	for _, entry := range entries {
		codes, ok := oneCode(entry)
		elements, there := entry.List("software_usage_Info")
		if !ok || !there || len(elements) == 0 || len(elements) > maxLicenseBatch {
			return nil, false
		}
		u := softwareUse{code: codes[0]}
		for _, e := range elements {
			id, _ := e.Text("id")
			var active int
			switch {
			case e.Has("id") == e.Has("active_num"): // exactly one of them
				return nil, false
			case e.Has("id") && !licenseText(id, maxAccount):
				return nil, false
			case e.Has("active_num") && (json.Unmarshal(e["active_num"], &active) != nil || active < 0 || active > maxActiveNum):
				return nil, false
			case e.Has("id"):
				u.ids = append(u.ids, id)
			}
			u.active = max(u.active, active)
		}
		list = append(list, u)
	}
	return list, true
}
