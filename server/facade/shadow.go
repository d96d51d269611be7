// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// Shadow holds the answers of old servers against what Koogate would have answered (ADR 56); *shadow.Service is one.
type Shadow interface {
	// Take takes a call whose answer is out. It does not wait, and sees to it that Record is called once.
	Take(c Shadowed)
}

// Shadowed is a call that an old server has answered, or has left without an answer. It holds nothing of the exchange.
type Shadowed struct {
	Kept
	Family    string
	Action    string // the activity as the contract names it
	OrderID   string
	LockKey   string // of what a creating call creates; empty for others
	Instances string // that the call names, with commas between; empty for a creating one
	Poll      bool   // it looks at instances and nothing more
	Probe     bool
	Arrived   time.Time // by this machine's clock
	Answered  time.Time

	Heard  bool // the old server gave an answer that was handed on in time
	Code   resultcode.Code
	Status int         // of HTTP
	Header http.Header // Content-Type and Body-Sign
	Answer []byte
	Record func(c store.CallComparison, ownCode, rules string)
}

// shadowed tells whether the call was answered by an old server whose answers are compared.
func (x *exchange) shadowed() bool {
	return x.f.Shadow != nil && x.side == store.SideOld && x.replay == nil && x.route != nil && x.endpoint.shadows(x.object.Text("productId"))
}

// shadows tells whether calls of a product are compared. A call that names none is, when those of any product are.
func (e *endpoint) shadows(productID string) bool {
	if productID != "" {
		return e.way(productID) == RouteShadow
	}
	return e.Route == RouteShadow || slices.Contains(slices.Collect(maps.Values(e.Routes)), RouteShadow)
}

// putAside keeps what is compared once the answer is out, and the record for then. It returns the record's ID; a look has none before it is taken.
func (x *exchange) putAside(e journal.Entry, now time.Time) (id string) {
	c := &Shadowed{
		Kept: Kept{
			Seller: x.endpoint.Seller, Endpoint: x.endpoint.Name, Door: x.door.Inner, Activity: strings.Clone(x.activity), Body: bytes.Clone(x.body),
			Key: x.key,
		},
		Family: x.route.family, Action: x.route.activity, OrderID: strings.Clone(x.orderID), LockKey: x.lockKey,
		Instances: strings.Clone(x.subject.Instances), Poll: x.poll, Probe: x.probe, Arrived: x.arrived, Answered: now, Code: x.code,
	}
	if from := x.relay; from != nil {
		c.Heard, c.Status, c.Answer, c.Header = true, from.status, bytes.Clone(x.out), http.Header{}
		c.Header.Set("Content-Type", from.contentType)
		if from.bodySign != "" {
			c.Header[sign.BodySignHeader] = []string{from.bodySign}
		}
	}
	e.OrderID, e.InstanceID, e.Identity = c.OrderID, strings.Clone(e.InstanceID), strings.Clone(e.Identity)
	calls := x.f.Calls
	if x.poll {
		e.Look = c.Instances
	} else {
		e.Body = &journal.Body{Door: e.Body.Door, Request: c.Body, Answer: bytes.Clone(x.out)}
		if x.door.Under != "" {
			e.Body.Activity = c.Activity
		}
		e.ID = calls.Name(e.Arrived)
	}
	c.Record = func(comparison store.CallComparison, ownCode, rules string) {
		e.Comparison, e.OwnCode, e.Rules = comparison, ownCode, rules
		calls.Take(e)
	}
	x.aside = c
	return e.ID
}

// Reply is what a call would have been answered.
type Reply struct {
	Code   resultcode.Code
	Reason errs.Reason
	Status int
	Header http.Header
	Body   []byte
}

// Answer answers a call that was verified before, from behind the verification on, and sends the answer to nobody. Errors: ErrNoAddress,
// context.DeadlineExceeded when it was not done in time.
func (f *Facade) Answer(ctx context.Context, k Kept) (Reply, error) {
	x, err := f.again(ctx, &k)
	if err != nil {
		return Reply{}, err
	}
	defer f.end(x)
	w := &answer{header: http.Header{}, status: http.StatusOK}
	x.w, x.r = w, x.r.WithContext(access.With(ctx, x.endpoint.caller))
	x.run()
	if !x.idle || ctx.Err() != nil {
		return Reply{}, context.DeadlineExceeded
	}
	return Reply{Code: x.code, Reason: x.reason, Status: w.status, Header: w.header, Body: bytes.Clone(x.out)}, nil
}

// Shows asks the old server of an endpoint whether it has an instance, by a queryInstance that is signed as the marketplace signs it. Errors:
// ErrNoAddress when it serves no such call, those of the Forwarder.
func (f *Facade) Shows(ctx context.Context, k Kept, instanceID string) (bool, error) {
	base := family.Post.Inner
	if k.Door == family.Get.Inner || k.Door == family.KitV1.Inner {
		base = family.Get.Inner
	}
	k.Door, k.Activity = base, activityQuery
	x, err := f.again(ctx, &k)
	if err != nil {
		return false, err
	}
	x.idle = true
	defer f.end(x)
	if x.endpoint.Old == nil || x.endpoint.routes[x.door][activityQuery] == nil {
		return false, ErrNoAddress
	}
	body, err := json.Marshal(map[string]string{"activity": activityQuery, "instanceId": instanceID})
	if err != nil {
		return false, err
	}
	x.key = k.key(x)
	c, err := x.signed(body)
	if err != nil {
		return false, err
	}
	a, err := f.Forward.Do(ctx, c)
	if err != nil {
		return false, err
	}
	return a.Code == string(resultcode.Processing) || a.Code == string(resultcode.Success) && slices.Contains(shownBy(a), instanceID), nil
}

// again takes an exchange for a call that came before. Errors: ErrNoAddress.
func (f *Facade) again(ctx context.Context, k *Kept) (*exchange, error) {
	t := f.Table()
	e, ok := t.endpoints[k.Endpoint]
	at := slices.IndexFunc(t.doors, func(d *door) bool { return d.Inner == k.Door })
	if !ok || e.Seller != k.Seller || at < 0 || len(e.routes[t.doors[at]]) == 0 || len(t.doors[at].ring(e)) == 0 {
		return nil, ErrNoAddress
	}
	r := (&http.Request{Header: http.Header{}, URL: &url.URL{}}).WithContext(ctx)
	x := f.begin(nobody{}, r, t, t.doors[at], k.Endpoint, k.Activity)
	x.replay = k
	return x, nil
}

// key is what the call counts as signed with.
func (k *Kept) key(x *exchange) string { return cmp.Or(k.Key, x.door.ring(x.endpoint)[0]) }

// answer is sent an answer that is looked at. The body is the exchange's.
type answer struct {
	header http.Header
	status int
}

var _ http.ResponseWriter = (*answer)(nil)

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// Write implements http.ResponseWriter.
func (*answer) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }
