// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// check tells whether a change upon renewal is allowed: anything that names a product is.
func (v *Vendor) check(c call) reply {
	_, object := c.members["productInfo"].(map[string]any)
	if object && v.has("product-info-is-a-text") {
		panic("cannot bind an object to a text")
	}
	_, list := c.members["productInfo"].([]any)
	_, text := c.members["productInfo"].(string)
	bound := (object || !v.has("product-info-is-an-object")) && (list || !v.has("product-info-is-a-list")) && (text || !v.has("product-info-unbound"))
	if !product(c.members["productInfo"]) || !bound {
		return refuse(resultcode.InvalidParam)
	}
	if _, said := v.living(c, "instanceId"); said != nil {
		return *said
	}
	return success(nil)
}

// product tells whether there is a product in one of the forms that pages have shown: an object, an array, or a text that holds either.
func product(info any) bool {
	switch info := info.(type) {
	case map[string]any:
		id, _ := info["productId"].(string)
		sku, _ := info["skuCode"].(string)
		return id != "" || sku != ""
	case []any:
		return len(info) > 0 && product(info[0])
	case string:
		var inner any
		err := json.Unmarshal([]byte(info), &inner)
		_, text := inner.(string)
		return err == nil && !text && product(inner)
	default:
		return false
	}
}

// license answers that a licence will be uploaded.
func (v *Vendor) license(c call) reply {
	effective, _ := c.members["effectiveTime"].(string)
	if c.text("eventId") == "" || effective == "" {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, "instanceId")
	if said != nil {
		return *said
	}
	if v.has("event-once") && !r.once("event", c.text("eventId")) {
		return refuse(resultcode.Internal)
	}
	return refuse(resultcode.Processing)
}

// notify notes that there is something to look up about an order.
func (v *Vendor) notify(c call) reply {
	if c.text("orderId") == "" || c.text("orderLineId") == "" {
		return refuse(resultcode.InvalidParam)
	}
	if noted := lineKey(c.text("orderId"), c.text("orderLineId")); v.has("notice-once") {
		if _, seen := v.disk.claimed[noted]; seen {
			return refuse(resultcode.Internal)
		}
		v.disk.claimed[noted] = ""
	}
	return success(nil)
}
