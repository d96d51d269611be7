// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"net/http"
	"strings"
)

// door is one entrance: a method and a path below the address of an endpoint, with the scheme that authenticates the calls
// at it. Families may share one.
type door struct {
	method string
	under  string // between the endpoint and the activity, e.g. "/produceAPI/v2/"; empty when the call itself names its activity
	inner  string // the same in the proto's paths, e.g. "/v2/"
	scheme scheme
	kit    bool // the keys are those of the Kit, and the bodies may be as long as those of the Kit
	// v1 marks a door of the V1.0 generation: every answer is signed, refusals too (saas-v1 §2.3); only 000000 is a
	// success; and calls are held, because there is no asynchronous answer.
	v1 bool
}

// scheme authenticates calls.
type scheme interface {
	// read checks what is cheap to check and takes what was signed from the request; false after a rejection.
	read(ctx context.Context, x *exchange) bool
	// verify checks the signature, and the time if the scheme knows one; false after a rejection.
	verify(x *exchange) bool
	// parse fills the object and returns what is wrong with the call, empty when nothing.
	parse(x *exchange) (refused string)
	// request is what the gateway sees.
	request(ctx context.Context, x *exchange) *http.Request
}

// The doors.
var (
	postDoor  = &door{method: http.MethodPost, inner: "/v2/", scheme: urlScheme{}}
	getDoor   = &door{method: http.MethodGet, inner: "/v1/", scheme: queryScheme{}, v1: true}
	kitV2Door = &door{method: http.MethodPost, under: "/produceAPI/v2/", inner: "/produceAPI/v2/", scheme: kitScheme{}, kit: true}
	kitV1Door = &door{method: http.MethodPost, under: "/produceAPI/", inner: "/produceAPI/", scheme: authTokenScheme{}, kit: true, v1: true}
)

// ring returns the keys that may have signed a call at the door.
func (d *door) ring(e *endpoint) []string {
	if d.kit {
		return e.KitKeys
	}
	return e.Keys
}

// split reads a path below prefix: the endpoint's name and, for doors that have one, the activity.
func (d *door) split(path string) (name, activity string, ok bool) {
	name, activity, below := strings.Cut(path, "/")
	if d.under == "" {
		return name, "", !below && name != ""
	}
	activity, ok = strings.CutPrefix("/"+activity, d.under)
	return name, activity, ok && name != "" && activity != "" && !strings.Contains(activity, "/")
}
