// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// atMost is how many instances may be asked for at once.
const atMost = 100

// open opens a purchase: once for each order line. A debugging call is answered from what it says alone, and leaves nothing.
func (v *Vendor) open(c call) reply {
	order, line := c.text("orderId"), c.text("orderLineId")
	if (order == "" || line == "") && !v.has("order-optional") || c.text("businessId") == "" {
		return refuse(resultcode.InvalidParam)
	}
	switch {
	case c.test && v.has("debugging-later"):
		return reply{resultcode.Processing, answer{"instanceId": v.newID(c, order, line)}}
	case c.test && !v.has("debugging-as-production"):
		return success(answer{"instanceId": v.newID(c, order, line), "appInfo": answer{"frontEndUrl": frontEnd}})
	}
	r := v.lookUp(order, line)
	if id := v.disk.claimed[lineKey(order, line)]; r == nil && id != "" {
		return success(answer{"instanceId": id})
	}
	if r == nil {
		r = v.create(c, order, line)
	} else {
		v.openAgain(r)
	}
	if !r.ready(v.cfg.Clock.Now()) {
		return reply{resultcode.Processing, answer{"instanceId": r.ID}}
	}
	return success(answer{"instanceId": r.ID})
}

const frontEnd = "https://app.example.com/"

// query shows the instances that are there. Those that are unknown are left out, unless nothing else was asked for.
func (v *Vendor) query(c call) reply {
	text, _ := c.members["instanceId"].(string)
	asked := v.split(text)
	if text == "" || len(asked) == 0 || len(asked) > atMost {
		return refuse(resultcode.InvalidParam)
	}
	info, known := []answer{}, 0
	for _, id := range asked {
		if c.test {
			info = append(info, v.shown(id))
			continue
		}
		r := v.disk.rows[id]
		if (r == nil || r.State == released) && v.has("query-shows-any") {
			info = append(info, v.shown(id))
		}
		if r == nil || r.State == released {
			continue
		}
		known++
		switch {
		case r.ready(v.cfg.Clock.Now()):
			info = append(info, v.shown(id))
		case v.has("unfinished-without-address"):
			info = append(info, answer{"instanceId": id, "appInfo": answer{"memo": "soon"}})
		case v.has("unfinished-is-empty"):
			return success(answer{"info": info})
		}
	}
	switch {
	case len(info) > 0:
		return success(answer{"info": info})
	case known > 0:
		return refuse(resultcode.Processing)
	default:
		return refuse(resultcode.InstanceNotFound)
	}
}

// shown is what the buyer sees of an instance.
func (v *Vendor) shown(id string) answer {
	return answer{
		"instanceId": id,
		"appInfo": answer{
			"frontEndUrl": frontEnd, "adminUrl": frontEnd + "admin", "userName": "admin", "password": "initial-1", "memo": "首次登录后请修改密码",
		},
		"usageInfo": v.used(),
	}
}

// used is what an instance has used: nothing yet.
func (v *Vendor) used() []answer {
	return []answer{{"usageValue": json.Number("0.0000"), "statisticalTime": wiretime.Format17(v.cfg.Clock.Now())}}
}

// about returns the instance that a change is about. A call of the debugger gets none, and is answered with success.
func (v *Vendor) about(c call, member string) (*row, *reply) {
	id := c.text(member)
	if id == "" {
		return nil, &reply{code: resultcode.InvalidParam}
	}
	r := v.disk.rows[id]
	if c.test && (r == nil || !v.has("debugging-acts")) {
		return nil, &reply{code: v.rehearse(c, id)}
	}
	if r == nil && v.has("changes-unknown") {
		return nil, &reply{code: resultcode.Success}
	}
	if r == nil && member == "license" { // the marketplace makes codes by itself: they are known from the first call on
		r = v.disk.insert(&row{Instance: probe.Instance{ID: id, OrderID: "code", LineID: id, State: active}})
	}
	if r == nil {
		return nil, &reply{code: resultcode.InstanceNotFound}
	}
	return r, nil
}

// living is about for a change that an instance refuses once it is released, unless a mistake has it accept that.
func (v *Vendor) living(c call, member string, mistakes ...string) (*row, *reply) {
	r, said := v.about(c, member)
	if said == nil && r.State == released && !slices.ContainsFunc(mistakes, v.has) {
		return nil, &reply{code: resultcode.InstanceNotFound}
	}
	return r, said
}

// refresh sets the expiry that is told, once for each order line and scene.
func (v *Vendor) refresh(c call, member string) reply {
	scene, order, line := c.text("scene"), c.text("orderId"), c.text("orderLineId")
	expires, err := wiretime.Parse(c.text("expireTime"))
	if err != nil || !v.knowsScene(scene) || !v.reads(c.text("expireTime")) || order == "" || line == "" {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, member, "renewal-revives")
	if said != nil {
		return *said
	}
	return v.renew(r, expires.Truncate(time.Second), order, line, scene)
}

// status freezes and unfreezes. What an instance is already is a success.
func (v *Vendor) status(c call, member string) reply {
	state, ok := v.becomes(c.text("status"))
	if !ok {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, member, "thaw-revives")
	switch {
	case said != nil:
		return *said
	case r.State == state && v.has("freeze-not-repeatable"):
		return refuse(resultcode.Internal)
	}
	if !v.has("freeze-without-effect") {
		r.State = state
	}
	return success(nil)
}

// release gives an instance up for ever. What is released is a success.
func (v *Vendor) release(c call, member string) reply {
	r, said := v.about(c, member)
	switch {
	case said != nil:
		return *said
	case r.State == released && (v.has("release-not-repeatable") || v.has("release-refused-again")):
		return refuse(resultcode.InstanceNotFound)
	}
	if !v.has("release-without-effect") {
		r.State = released
	}
	return success(nil)
}

// upgrade notes a new specification, once for each order line: which one, the order query tells.
func (v *Vendor) upgrade(c call) reply {
	order, line := c.text("orderId"), c.text("orderLineId")
	if order == "" || line == "" {
		return refuse(resultcode.InvalidParam)
	}
	r, said := v.living(c, "instanceId")
	if said != nil {
		return *said
	}
	if !r.once("upgrade", order, line) && v.has("upgrade-not-repeatable") {
		return refuse(resultcode.Internal)
	}
	return success(nil)
}
