// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/store"
)

// data is what an account reads of the data of events, of all kinds together.
type data struct {
	Order    string         `json:"orderId"`
	TaskKind store.TaskKind `json:"kind"`

	// The other members have the names of their fields.
	Action, Activity, Actor, Answer, By, ChargingMode, Code, Deadline, Endpoint, EventID, ExpireTime, Field, FirstInstanceID, Ineffective                  string
	InstanceEndpoint, OrderLineID, OrderType, ProductID, Queue, Quota, Reason, RelatedInstanceID, Scene, SKUCode, Still, Task, Until, Value, Was, Who, Why string

	Allowed, Forced, Permanent, Refused bool
	LinearValue                         int64
	Attempt, Percent                    int32
	Fields, Kept, Parameters, Unread    []string
}

// dataOf reads an event's data. A member of another type than expected is left out.
func dataOf(e *store.Event) data {
	var d data
	_ = json.Unmarshal([]byte(e.Data), &d) // what could be read is told
	return d
}

// occurrence is one event, or several that tell the same.
type occurrence struct {
	store.Event // the last of them
	data
	times int
	first time.Time
}

// events writes what the events tell. Events that repeat what an earlier one told are one statement with their number.
func (w *writer) events() {
	var all []*occurrence
	last := make(map[string]*occurrence)
	retries := make(map[string]int)
	for k := range w.s.Events {
		e := &w.s.Events[k]
		d := dataOf(e)
		var key string
		switch e.Kind {
		case "task.failed", "order.query_failed":
			key = fmt.Sprintf("%s %s %v %d", e.Kind, d.Task, d.Permanent, retries[d.Task])
		case "task.retried":
			retries[d.Task]++
		case "directory.synced", "directory.ignored":
			key = e.Kind + " " + e.InstanceID + " " + d.Activity
		case "personal.read":
			key = e.Kind + " " + d.Who
		}
		if o := last[key]; key != "" && o != nil {
			o.Event, o.data = *e, d
			o.times++
			continue
		}
		o := &occurrence{Event: *e, data: d, times: 1, first: e.At}
		all, last[key] = append(all, o), o
	}
	for _, o := range all {
		w.event(o)
	}
	if out := w.s.Order.Order.Head.Seq - int64(len(w.s.Events)); out > 0 && len(w.s.Events) > 0 {
		w.account.Arrived = append(w.account.Arrived, Line{Text: wordLeftOut.of(out, w.s.Order.Order.OrderID), Seq: w.gapSeq()})
	}
}

// gapSeq is the event before those that are left out.
func (w *writer) gapSeq() int64 {
	for k := range w.s.Events {
		if seq := w.s.Events[k].Seq; seq != int64(k)+1 {
			return seq - 1
		}
	}
	return w.s.Order.Order.Head.Seq
}

func (w *writer) line(o *occurrence, who Owner, t Text) Line {
	if o.times > 1 {
		t = t.and(wordTimes.of(o.times, o.first))
	}
	return Line{Text: t, At: o.At, Seq: o.Seq, TaskID: o.Task, Owner: who}
}

func (w *writer) arrived(o *occurrence, t Text) {
	if o.letIn() {
		t = t.and(saidLetIn.of(o.Actor))
	}
	w.account.Arrived = append(w.account.Arrived, w.line(o, Marketplace, t))
}

func (w *writer) answered(o *occurrence, t Text) {
	l := w.line(o, Koogate, t)
	l.TaskID = ""
	w.account.Answered = append(w.account.Answered, l)
}

func (w *writer) done(o *occurrence, who Owner, t Text) {
	w.account.Done = append(w.account.Done, w.line(o, who, t))
}

// event writes what one event tells. A kind that this release does not know is named.
func (w *writer) event(o *occurrence) {
	switch kind, _, _ := strings.Cut(o.Kind, "."); {
	case w.opened(o), w.changed(o), w.worked(o):
	case kind == "call":
		w.odd(o)
	default:
		w.kept(o)
	}
}

// opened writes how the order and its instances came into being.
func (w *writer) opened(o *occurrence) bool {
	switch o.Kind {
	case "order.notified":
		w.arrived(o, saidNotified.of(o.OrderLineID))
		w.answered(o, answerHeard.of(o.OrderLineID))
	case "instance.admitted":
		call := calls[w.s.family(o.InstanceID)][deadline.Open]
		t := saidNew.of(call, o.OrderLineID, o.InstanceID)
		if o.ProductID != "" {
			t = t.and(saidProduct.of(o.bought()))
		}
		w.arrived(o, t)
		w.admitted(o)
	case "licence.adopted":
		w.arrived(o, saidCode.of(o.InstanceID, o.ProductID))
	case "instance.accepted":
		w.arrived(o, saidAccepted.of(o.InstanceID))
	case "licence.requested":
		w.arrived(o, saidLicence.of(o.InstanceID, o.EventID))
		if o.Answer != "" {
			w.answered(o, answerLicenceLater.of(o.EventID))
		}
	case "answer.committed":
		switch code := resultcode.Code(o.Code); {
		case code == resultcode.Processing && o.InstanceID != "" && w.s.creationOf(o.OrderLineID):
			w.answered(o, answerLater.of(o.OrderLineID))
		default:
			w.answered(o, answerCommitted.of(o.OrderLineID, o.Code, meaning(code)))
		}
	default:
		return false
	}
	return true
}

// creationOf says whether an order line created an instance.
func (s *Situation) creationOf(lineID string) bool {
	for k := range s.Order.Lines {
		if l := &s.Order.Lines[k]; l.OrderLineID == lineID && l.Action == "newInstance" {
			return true
		}
	}
	return false
}

// admitted writes how an admission was answered.
func (w *writer) admitted(o *occurrence) {
	l := w.s.creation(o.InstanceID)
	switch {
	case o.Answer != "":
		w.answered(o, answerLater.of(o.OrderLineID))
	case l == nil || l.AnswerCode != "": // a later event tells it
	case held(w.s.family(o.InstanceID)):
		w.answered(o, answerHeld.of(o.OrderLineID))
	default:
		w.answered(o, answerOpen.of(o.OrderLineID))
	}
}

// meaning is what a result code says.
func meaning(c resultcode.Code) Text { return Text{resultcode.Meaning(c), resultcode.MeaningZH(c)} }

// bought tells what was bought.
func (d *data) bought() Text {
	if d.ProductID == "" {
		return wordUnknown
	}
	t := wordBought.of(d.ProductID)
	add := func(more Text) { t = Text{t.EN + more.EN, t.ZH + more.ZH} }
	if d.SKUCode != "" {
		add(wordSKU.of(d.SKUCode))
	}
	if d.LinearValue > 0 {
		add(wordQuantity.of(d.LinearValue))
	}
	add(wordMode[d.ChargingMode])
	if d.OrderType == "TRIAL" {
		add(wordTrial)
	}
	return t
}

// expiry is the moment that an event names as the marketplace writes it; as it is where it cannot be read.
func (d *data) expiry() any {
	if t, err := wiretime.Parse(d.ExpireTime); err == nil {
		return t
	}
	return d.ExpireTime
}

// letIn says whether the call came from somebody who has a token or certificate, who let in again what the marketplace had called.
func (d *data) letIn() bool {
	return d.Actor == "api token" || strings.HasPrefix(d.Actor, "token ") || strings.HasPrefix(d.Actor, "certificate ")
}

// operator names who acted by hand.
func (d *data) operator() Text {
	if d.Who == "" {
		return wordSomebody
	}
	return wordWho.of(d.Who)
}
