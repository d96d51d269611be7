// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"context"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// Store makes the database fail, or work again.
func (v *Vendor) Store(_ context.Context, works bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.disk.fails = !works
	return nil
}

// failed is the answer to a production call that the database fails: nothing was done, so that it can be repeated.
func (v *Vendor) failed(c call) (said reply, fails bool) {
	opens := c.activity == judge.ActivityNew || c.activity == judge.ActivityGetLicense
	key := lineKey("attempt", c.text("orderId"))
	switch {
	case c.test:
		return reply{}, false
	case v.disk.fails && v.has("exceptions-are-successes"):
		return success(answer{"instanceId": v.newID(c, c.text("orderId"), c.text("orderLineId"))}), true
	case v.disk.fails:
		if v.has("attempt-claims") && opens {
			v.disk.claimed[key] = "failed"
		}
		return refuse(resultcode.Internal), true
	case opens && v.disk.claimed[key] == "failed":
		return refuse(resultcode.AlreadyPurchased), true
	default:
		return reply{}, false
	}
}
