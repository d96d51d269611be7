// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/rewrite"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/moving"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Sides tells on which side orders and instances are while a seller moves over (ADR 54); *moving.Service is one. It is asked about endpoints
// with an old server alone.
type Sides interface {
	OrderSide(ctx context.Context, seller, orderID string) (store.Side, error)
	Claim(ctx context.Context, seller, endpoint, orderID string) (store.Side, error)
	Own(ctx context.Context, seller string, ids []string) ([]string, error)
	Note(ctx context.Context, seller, endpoint string, ids ...string)
	Released(ctx context.Context, seller, instanceID string)
}

// Forwarder hands calls on to old servers; *forward.Client is one.
type Forwarder interface {
	Do(ctx context.Context, c forward.Call) (forward.Answer, error)
}

var (
	_ Sides     = (*moving.Service)(nil)
	_ Forwarder = (*forward.Client)(nil)
)

// relay is what an old server's answer has beside its body. It is apart from what the watchdog reads, which may be answering meanwhile.
type relay struct {
	status                int // of HTTP
	contentType, bodySign string
}

// activities that end an instance, and those that may name an order of their own.
var (
	ends   = []string{"releaseInstance", "releaseLicense", "releaseLicenseCode"}
	renews = []string{"refreshInstance", "refreshLicense", "refreshLicenseCode", "upgradeInstance"}
)

// handed are the headers that go to an old server, as they are written on the wire.
var handed = []string{
	"Content-Type", "Accept", "Accept-Language", "User-Agent", sign.KitSignHeader, sign.KitTimestampHeader, sign.KitNonceHeader, sign.AuthTokenHeader,
}

// answer has the call answered by the side that its order or its instances are on.
func (x *exchange) answer(ctx context.Context) {
	if x.endpoint.Old == nil {
		x.dispatch(ctx)
		return
	}
	side, own, old, err := x.split(ctx)
	if err != nil {
		r := production.Refused(err)
		x.put(r.Code, r.Message)
		x.reason = r.Reason
		x.f.leave(ctx, x.lockKey, x.entry)
		return
	}
	x.side = side
	switch side {
	case store.SideOld:
		x.forward(ctx)
	case store.SideBoth:
		x.forwardPart(ctx, own, old)
	default:
		x.dispatch(ctx)
	}
}

// split tells on which side the call is; of both sides it tells which instances are on which. A call whose subject is not in form is ours to
// refuse. An order that nobody has goes where the settings send it: to the old server once it is claimed, and to us unclaimed, because
// its admission is refused when somebody has claimed it meanwhile.
func (x *exchange) split(ctx context.Context) (side store.Side, own, old []string, err error) {
	s, e := &x.subject, x.endpoint
	switch {
	case x.probe:
		return e.side(x.object.Text("productId")), nil, nil, nil
	case s.Order != "":
		if !family.IDSized(s.Order) {
			return store.SideOwn, nil, nil, nil
		}
		side, err = x.f.Sides.OrderSide(ctx, e.Seller, s.Order)
		if err == nil && side == "" {
			if side = e.side(x.object.Text("productId")); side == store.SideOld {
				side, err = x.f.Sides.Claim(ctx, e.Seller, e.Name, s.Order)
			}
		}
		return side, nil, nil, err
	}
	ids := []string{s.Instances}
	if x.poll {
		ids, _ = fulfil.SplitIDs(s.Instances)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !family.IDSized(id) || !store.Sound(id) })
	if len(ids) == 0 {
		return store.SideOwn, nil, nil, nil
	}
	if own, err = x.f.Sides.Own(ctx, e.Seller, ids); err != nil {
		return "", nil, nil, err
	}
	for _, id := range ids {
		if !slices.Contains(own, id) {
			old = append(old, id)
		}
	}
	switch {
	case len(old) == 0:
		return store.SideOwn, own, nil, nil
	case len(own) > 0:
		return store.SideBoth, own, old, nil
	}
	if order := x.object.Text("orderId"); slices.Contains(renews, x.route.activity) && family.IDSized(order) && store.Sound(order) {
		_, err = x.f.Sides.Claim(ctx, e.Seller, e.Name, order) // the order of a renewal is where its instance is
	}
	return store.SideOld, nil, old, err
}

// side tells where an order goes that nobody has.
func (e *endpoint) side(productID string) store.Side {
	if e.way(productID) == RouteOwn {
		return store.SideOwn
	}
	return store.SideOld
}

// way is the route of a product, when the call names one, and otherwise that of the endpoint.
func (e *endpoint) way(productID string) Route {
	if productID != "" {
		if product, ok := e.Routes[productID]; ok {
			return product
		}
		if rest, ok := e.Routes["*"]; ok {
			return rest
		}
	}
	return e.Route
}

// forward hands the call on and its answer back, both as they are.
func (x *exchange) forward(ctx context.Context) {
	defer x.f.leave(ctx, x.lockKey, x.entry)
	c, err := x.onward()
	if err == nil {
		var a forward.Answer
		if a, err = x.f.Forward.Do(ctx, c); err == nil {
			x.relayed(a)
			x.note(ctx, a)
			return
		}
	}
	x.unforwarded(ctx, err)
}

// relayed makes an old server's answer the call's.
func (x *exchange) relayed(a forward.Answer) {
	x.out = append(x.out[:0], a.Body...)
	x.code, x.relay = resultcode.Code(a.Code), &relay{a.Status, a.ContentType, a.BodySign}
	if x.subject.Creates {
		x.newID = a.InstanceID
	}
}

// note writes down what a success of the old server tells of instances.
func (x *exchange) note(ctx context.Context, a forward.Answer) {
	if x.probe || !x.fine() {
		return
	}
	seller, name, about := x.endpoint.Seller, x.endpoint.Name, x.subject.Instances
	switch {
	case x.poll:
		x.f.Sides.Note(ctx, seller, name, shownBy(a)...)
	case x.subject.Creates:
		if family.IDSized(a.InstanceID) {
			x.f.Sides.Note(ctx, seller, name, a.InstanceID)
		}
	case about == "":
	case slices.Contains(ends, x.route.activity):
		if x.code == resultcode.Success {
			x.f.Sides.Released(ctx, seller, about)
		}
	default:
		x.f.Sides.Note(ctx, seller, name, about)
	}
}

// shownBy are the instances that an answer to queryInstance shows.
func shownBy(a forward.Answer) (ids []string) {
	for _, text := range a.Info {
		var i struct {
			InstanceID string `json:"instanceId"`
		}
		if json.Unmarshal(text, &i) == nil && family.IDSized(i.InstanceID) {
			ids = append(ids, i.InstanceID)
		}
	}
	return ids
}

// unforwarded answers that the call may be repeated, because the old server gave no answer. What the error says of the network stays here.
func (x *exchange) unforwarded(ctx context.Context, err error) {
	x.fail(resultcode.Internal, "the call could not be handed on; repeat it")
	x.reason = errs.ForwardFailed
	why, status := "UNSIGNED", 0
	var e *forward.Error
	if errors.As(err, &e) {
		why, status = e.Why, e.Status
	}
	if x.span != nil {
		telemetry.Set(x.span, telemetry.Outcome(why))
	}
	x.f.Log.WarnContext(ctx, "the endpoint's old server gave no answer that can be handed on", "endpoint", x.endpoint.Name,
		"activity", x.route.activity, "order_id", x.orderID, "why", why, "http_status", status)
}

// forwardPart answers a look at instances of both sides: the old server is asked for its own by a call that is signed anew, the core for ours,
// and what either shows is shown together. When the old server gives no answer the whole call is to be repeated, since an instance
// that is left out would count as unknown.
func (x *exchange) forwardPart(ctx context.Context, own, old []string) {
	body, err := naming(x.body, own)
	theirs, err2 := naming(x.body, old)
	if err := errors.Join(err, err2); err != nil {
		x.unforwarded(ctx, err)
		return
	}
	c, err := x.signed(theirs)
	if err != nil {
		x.unforwarded(ctx, err)
		return
	}
	a, err := x.f.Forward.Do(ctx, c)
	if err != nil {
		x.unforwarded(ctx, err)
		return
	}
	if err := x.object.Parse(body); err != nil { // a part of what was read before
		x.fail(resultcode.Internal, "")
		return
	}
	x.dispatch(ctx)
	if a.Code != string(resultcode.Success) || len(a.Info) == 0 {
		return // our answer is the whole one
	}
	x.f.Sides.Note(ctx, x.endpoint.Seller, x.endpoint.Name, shownBy(a)...)
	var ours struct {
		Info []json.RawMessage `json:"info"`
	}
	switch err := json.Unmarshal(x.out, &ours); {
	case x.reason == errs.StoreUnavailable || x.reason == errs.RestoreGap || err != nil: // to be repeated
	case x.code != resultcode.Success || len(ours.Info) == 0:
		x.reason = ""
		x.relayed(a)
	default:
		x.out = appendShown(x.out[:0], append(ours.Info, a.Info...))
	}
}

// appendShown appends the success that shows instances.
func appendShown(dst []byte, info []json.RawMessage) []byte {
	dst = appendResult(dst, resultcode.Success, resultcode.Message(resultcode.Success, ""))
	dst = append(dst[:len(dst)-1], `,"info":[`...)
	for i, one := range info {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, one...)
	}
	return append(dst, "]}"...)
}

// naming is a body about other instances, unchanged otherwise.
func naming(body []byte, ids []string) ([]byte, error) {
	return rewrite.Edit(body, func(v rewrite.Value) string {
		if v.Name == "instanceId" {
			return strings.Join(ids, ",")
		}
		return v.Text
	}, nil)
}

// onward is the call as it is handed on: as it came, or, when an operator lets it in again, signed anew.
func (x *exchange) onward() (forward.Call, error) {
	if x.replay != nil {
		return x.signed(x.body)
	}
	c := x.toOld()
	c.URL.RawQuery = x.r.URL.RawQuery
	for _, name := range handed {
		if values := x.r.Header.Values(name); len(values) > 0 {
			c.Header[name] = values
		}
	}
	if x.door.Method == http.MethodPost {
		c.Body = x.body
		if x.raw != nil {
			c.Body = x.raw
		}
	}
	return c, nil
}

// signed is the call with another body, signed anew by the key that the marketplace signed with.
func (x *exchange) signed(body []byte) (forward.Call, error) {
	c := x.toOld()
	c.Header["Content-Type"] = []string{wirejson.ContentType}
	return c, x.door.scheme.sign(&c, x.key, body, x.f.Clock.Now())
}

// toOld is a call to the old server without its content.
func (x *exchange) toOld() forward.Call {
	to := *x.endpoint.Old
	if x.door.Under != "" {
		to = *to.JoinPath(x.door.Under, url.PathEscape(x.activity))
	}
	c := forward.Call{Method: x.door.Method, URL: &to, Header: http.Header{"Accept-Encoding": {"identity"}}, Limit: x.f.cfg.MaxBody}
	if x.door.Kit {
		c.Limit = x.f.cfg.MaxKitBody
	}
	return c
}
