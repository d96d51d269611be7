// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/forward"
)

// door is one entrance with the scheme that authenticates the calls at it.
type door struct {
	*family.Door
	scheme scheme
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
	// sign writes a body into a call and signs it as the marketplace does.
	sign(c *forward.Call, key string, body []byte, now time.Time) error
}

// doors are all doors; each family's is here.
var doors = map[*family.Door]*door{
	family.Post:  {family.Post, urlScheme{}},
	family.Get:   {family.Get, queryScheme{}},
	family.KitV2: {family.KitV2, kitScheme{}},
	family.KitV1: {family.KitV1, authTokenScheme{}},
}

// ring returns the keys that may have signed a call at the door.
func (d *door) ring(e *endpoint) []string {
	if d.Kit {
		return e.KitKeys
	}
	return e.Keys
}
