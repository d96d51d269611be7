// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// openV1 opens a purchase: once for each order, of pay-per-use once for each product of it. It says at once how to get in.
func (v *Vendor) openV1(c call, key string) reply {
	order, line := c.text("orderId"), ""
	if c.text("chargingMode") == "0" && !v.has("pay-per-use-by-order") {
		line = c.text("productId")
	}
	if order == "" || c.text("productId") == "" || c.text("businessId") == "" {
		return refuse(resultcode.InvalidParam)
	}
	if _, err := strconv.Atoi(c.text("amount")); err != nil && c.text("amount") != "" && v.has("atoi-panics") {
		panic(err)
	}
	for _, name := range []string{"mobilePhone", "email"} {
		sealed, _ := c.members[name].(string)
		if code := v.readSealed(sealed); code != resultcode.Success {
			return refuse(code)
		}
	}
	switch {
	case c.test && v.has("debugging-later"):
		return reply{resultcode.Processing, answer{"instanceId": v.newID(c, order, line)}}
	case c.test && !v.has("debugging-as-production"):
		return v.openedV1(c, &row{Instance: probe.Instance{ID: v.newID(c, order, line)}}, key)
	}
	r := v.lookUp(order, line)
	switch id := v.disk.claimed[lineKey(order, line)]; {
	case r == nil && id != "":
		return v.openedV1(c, &row{Instance: probe.Instance{ID: id}}, key)
	case r == nil:
		r = v.create(c, order, line)
		r.size, r.payPerUse = c.text("amount"), line != ""
		if expires, err := expiryV1(c); err == nil {
			r.ExpiresAt = expires
		}
		v.archive(c, r)
	case c.text("acceptanceTime") != "" && v.has("acceptance-is-refused"):
		return refuse(resultcode.AlreadyPurchased)
	default:
		v.openAgain(r)
	}
	return v.openedV1(c, r, key)
}

// openedV1 is the answer to a purchase.
func (v *Vendor) openedV1(c call, r *row, key string) reply {
	if c.activity == judge.ActivityGetLicense {
		licence := "LICENCE-" + catalogue.Token("licence of " + r.ID)[:24]
		if v.has("new-licence-each-time") {
			licence = "LICENCE-" + c.text("businessId")
		}
		return success(answer{"instanceId": r.ID, "license": licence})
	}
	size := r.size
	if r.first == "" {
		r.first = size
	}
	if v.has("first-answer-replayed") {
		size = r.first
	}
	return success(answer{"instanceId": r.ID, "encryptType": string(seal.AES256), "appInfo": accessV1(r.ID, size, key)})
}

// accessV1 is what the buyer sees of an instance: two members are sealed.
func accessV1(id, size, key string) answer {
	app := answer{"frontEndUrl": frontEnd, "adminUrl": frontEnd + "admin", "memo": "可用数量：" + size}
	for name, plain := range map[string]string{"userName": "admin", "password": "initial-1"} {
		sealed, err := seal.Encrypt(key, seal.AES256, seal.StableIV(key, id, name, plain), plain)
		if err != nil {
			panic(err) // short texts in ASCII can be sealed
		}
		app[name] = sealed
	}
	return app
}

// queryV1 shows the instances that are there.
func (v *Vendor) queryV1(c call, key string) reply {
	text, _ := c.members["instanceId"].(string)
	asked := strings.Split(text, ",")
	if text == "" || len(asked) > atMost {
		return refuse(resultcode.InvalidParam)
	}
	info := []answer{}
	for _, id := range asked {
		r := v.disk.rows[id]
		switch {
		case c.test:
			info = append(info, v.shownV1(id, "", key))
		case r != nil && r.State != released:
			info = append(info, v.shownV1(id, r.size, key))
		}
	}
	if len(info) == 0 {
		return refuse(resultcode.InstanceNotFound)
	}
	return success(answer{"encryptType": string(seal.AES256), "info": info})
}

// shownV1 is what the buyer sees of an instance when it is asked for.
func (v *Vendor) shownV1(id, size, key string) answer {
	return answer{"instanceId": id, "appInfo": accessV1(id, size, key), "usageInfo": v.used()}
}

// expiryV1 reads an expireTime: V1 tells it in Beijing's time.
func expiryV1(c call) (time.Time, error) {
	return wiretime.ParseIn(c.text("expireTime"), wiretime.Beijing())
}

// refreshV1 sets the expiry that is told, once for each order and scene, and thaws what had expired.
func (v *Vendor) refreshV1(c call) reply {
	order, scene := c.text("orderId"), judge.SceneRenewal
	switch {
	case c.text("trialToFormal") == "1":
		scene = judge.SceneTrialToFormal
	case c.text("trialToFormal") != "":
		return refuse(resultcode.InvalidParam)
	case strings.HasPrefix(c.text("orderAmount"), "-"):
		scene = judge.SceneCancelRenewal
	}
	expires, err := expiryV1(c)
	if err != nil || !v.reads(c.text("expireTime")) || !v.knowsScene(scene) || order == "" {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, "instanceId", "renewal-revives")
	if said != nil {
		return *said
	}
	if r.expired && r.State == frozen && expires.After(v.cfg.Clock.Now()) && !v.has("renewal-leaves-frozen") {
		r.State, r.expired = active, false
	}
	return v.renew(r, expires, order, scene)
}

// expire freezes what has expired.
func (v *Vendor) expire(c call) reply {
	r, said := v.living(c, "instanceId")
	switch {
	case said != nil:
		return *said
	case r.State == frozen && v.has("expiry-not-repeatable"):
		return refuse(resultcode.Internal)
	}
	if r.State == active {
		r.State, r.expired = frozen, true
	}
	return success(nil)
}

// statusV1 freezes and unfreezes, in the words of V1.
func (v *Vendor) statusV1(c call) reply {
	status := c.text("instanceStatus")
	if status == judge.StatusNormal && !v.has("normal-is-unknown") {
		status = judge.StatusUnfreeze
	}
	c.members["status"] = status
	return v.status(c, "instanceId")
}

// upgradeV1 sets the quantity that is told, once for each order.
func (v *Vendor) upgradeV1(c call) reply {
	order := c.text("orderId")
	if order == "" || c.text("skuCode") == "" || c.text("productId") == "" {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, "instanceId")
	if said != nil {
		return *said
	}
	switch first := r.once("upgrade", order); {
	case !first && v.has("upgrade-not-repeatable"):
		return refuse(resultcode.Internal)
	case first && c.text("amount") != "":
		r.size = c.text("amount")
	}
	return success(nil)
}
