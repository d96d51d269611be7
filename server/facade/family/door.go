// SPDX-License-Identifier: Apache-2.0

package family

import (
	"net/http"
	"strings"
)

// Prefix is where the endpoints are.
const Prefix = "/produce/"

// Door is one entrance: a method and a path below the address of an endpoint. Families may share one.
type Door struct {
	Method string
	Under  string // between the endpoint and the activity, e.g. "/produceAPI/v2/"; empty when the call itself names its activity
	Inner  string // the same in the proto's paths, e.g. "/v2/"
	Kit    bool   // the keys are those of the Kit, and the bodies may be as long as those of the Kit
	// V1 marks a door of the V1.0 generation: every answer is signed, refusals too (saas-v1 §2.3); only 000000 is a
	// success; and calls are held, because there is no asynchronous answer.
	V1 bool
}

// The doors.
var (
	Post  = &Door{Method: http.MethodPost, Inner: "/v2/"}
	Get   = &Door{Method: http.MethodGet, Inner: "/v1/", V1: true}
	KitV2 = &Door{Method: http.MethodPost, Under: "/produceAPI/v2/", Inner: "/produceAPI/v2/", Kit: true}
	KitV1 = &Door{Method: http.MethodPost, Under: "/produceAPI/", Inner: "/produceAPI/", Kit: true, V1: true}
)

// Split reads a path below Prefix: the endpoint's name and, for doors that have one, the activity.
func (d *Door) Split(path string) (name, activity string, ok bool) {
	name, activity, below := strings.Cut(path, "/")
	if d.Under == "" {
		return name, "", !below && name != ""
	}
	activity, ok = strings.CutPrefix("/"+activity, d.Under)
	return name, activity, ok && name != "" && activity != "" && !strings.Contains(activity, "/")
}
