// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/koogate/koogate/store"
)

// Entry is one call that has been answered.
type Entry struct {
	ID               string // of its row, by Name; empty for one that Take finds. Looks and refused calls have none.
	Seller, Endpoint string // empty for a call to an endpoint that nobody has, of which nothing is written
	Family           string // empty when the call was refused, like what follows
	Activity         string
	OrderID          string
	InstanceID       string
	KeyID            string
	TraceID          string
	Identity         string // what tells the call from another one of its activity; its repetitions have the same
	Look             string // the instances that the call looks at and nothing more; empty for every other call
	Probe            bool

	Cause   store.CallCause // why it was refused; empty when it was answered
	Doubt   Doubt           // finds out a more exact Cause; nil when there is none to be found
	Code    string
	Reason  string
	Status  int // of HTTP
	Request int // bytes
	Answer  int
	Arrived time.Time // by the journal's clock
	Took    time.Duration

	Side store.Side // who answered, where the endpoint has an old server
	// Comparison, OwnCode and Rules tell what came of holding an old server's answer against ours.
	Comparison store.CallComparison
	OwnCode    string
	Rules      string
	ReplayOf   string // the call that it repeats at an operator's hand
	Body       *Body  // what was said; nil for nothing. It is not kept beyond Take.
}

// What is counted when it cannot be recorded.
const (
	lostCall    = "call"
	lostLook    = "look"
	lostRefusal = "refusal"
	lostSent    = "sent"
)

// Take notes a call and returns the ID of the row that will stand for it, empty when none will. It does not wait, whatever the
// database does. Looks at the same instances that are answered alike within a minute share a row.
func (j *Journal) Take(e Entry) (id string) {
	if e.Cause == "" && e.Look == "" {
		c := j.row(e)
		j.keep(&c, e.Body)
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.add(c, lostCall, 1, most)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Cause != "" {
		return j.refuse(e)
	}
	return j.look(e)
}

// longest is the longest list of instances that is remembered as it is, in bytes.
const longest = 256

// Name makes the ID of the row of a call that arrived at a time, for who tells of it before it is taken.
func (j *Journal) Name(arrived time.Time) string { return store.TimedID(j.NewID(), arrived) }

// look counts a look, or begins a row for it.
func (j *Journal) look(e Entry) string {
	if len(e.Look) > longest {
		sum := sha256.Sum256([]byte(e.Look))
		e.Look = hex.EncodeToString(sum[:])
	}
	k := look{e.Seller, e.Endpoint, e.Look, e.Code, e.Comparison, e.OwnCode, e.Rules}
	f := j.folds[k]
	if f != nil {
		if age := e.Arrived.Sub(f.call.CreatedAt); age >= 0 && age < fold {
			f.call.Times++
			f.call.LastAt = e.Arrived
			return f.call.ID
		}
		j.unfold(k, f)
	}
	c := j.row(e)
	id := j.add(c, lostLook, 1, most/2)
	if id != "" && len(j.folds) < mostFolds {
		k.instances = strings.Clone(k.instances)
		j.folds[k] = &folded{call: c, told: 1}
	}
	return id
}

// unfold ends a row of looks, whose last count is written if there is room.
func (j *Journal) unfold(k look, f *folded) {
	delete(j.folds, k)
	if f.call.Times > f.told {
		j.add(f.call, lostLook, f.call.Times-f.told, most)
	}
}

// refuse notes a refused call, and keeps a row of it unless the endpoint has had many: a stranger fills no table. A call with a doubt is
// counted when that was asked.
func (j *Journal) refuse(e Entry) (id string) {
	d := doubted{doubt: e.Doubt, refusal: refusal{e.Seller, e.Endpoint, e.Cause, e.Arrived.Truncate(time.Hour)}, at: e.Arrived}
	if recent := j.refused[e.Endpoint]; len(recent) < strangers || e.Arrived.Sub(recent[0]) >= time.Minute {
		if d.row = j.refusedRow(e); d.row.ID != "" {
			id = d.row.ID
			j.refused[e.Endpoint] = append(recent[max(0, len(recent)-strangers+1):], e.Arrived)
		}
	}
	if d.doubt != nil && len(j.doubts) < mostDoubts {
		j.doubts = append(j.doubts, d)
		j.awake()
		return id
	}
	j.count(d)
	return id
}

// refusedRow makes the row of a refused call and takes room for it; it has no ID when there is none.
func (j *Journal) refusedRow(e Entry) *store.Call {
	if j.held >= most/2 {
		j.Metrics.CallsUnrecorded(lostRefusal, 1)
		return &store.Call{}
	}
	j.held++
	c := j.row(Entry{
		Seller: e.Seller, Endpoint: e.Endpoint, Cause: e.Cause, Code: e.Code, Reason: e.Reason, Status: e.Status, Request: e.Request, Answer: e.Answer,
		Arrived: e.Arrived, Took: e.Took,
	})
	return &c
}

// count counts a refused call by its cause, and lets its row be written.
func (j *Journal) count(d doubted) {
	k := d.refusal
	r := j.refusals[k]
	switch {
	case r != nil:
		r.Calls++
		r.FirstAt, r.LastAt = earlier(r.FirstAt, d.at), later(r.LastAt, d.at)
	case len(j.refusals) < mostCount:
		j.refusals[k] = &store.CallRefusal{Seller: k.seller, Endpoint: k.endpoint, Cause: k.cause, Hour: k.hour, Calls: 1, FirstAt: d.at, LastAt: d.at}
	default:
		j.Metrics.CallsUnrecorded(lostRefusal, 1)
	}
	if d.row != nil && d.row.ID != "" {
		d.row.Cause = k.cause
		j.waiting = append(j.waiting, *d.row)
	}
	j.awake()
}

// row makes the row of a call.
func (j *Journal) row(e Entry) store.Call {
	if e.ID == "" {
		e.ID = j.Name(e.Arrived)
	}
	c := store.Call{
		Seller: e.Seller, Direction: store.CallInbound, ID: e.ID, CreatedAt: e.Arrived, LastAt: e.Arrived, Times: 1, Endpoint: e.Endpoint, Family: e.Family, Activity: e.Activity,
		OrderID: identifier(e.OrderID), InstanceID: identifier(e.InstanceID), KeyID: e.KeyID, TraceID: e.TraceID, Probe: e.Probe,
		Verdict: store.CallAnswered, Cause: e.Cause, Code: e.Code, Reason: e.Reason, HTTPStatus: e.Status, Took: e.Took, Request: int64(e.Request),
		Answer: int64(e.Answer), ReplayOf: e.ReplayOf, Side: e.Side, Comparison: e.Comparison, OwnCode: e.OwnCode, Rules: e.Rules,
	}
	if e.Cause != "" {
		c.Verdict = store.CallRefused
	}
	if r, ok := ruleOf(e.Family, e.Activity); ok && e.Identity != "" && !e.Probe {
		c.Subject, c.Series = subject(e), r.Window+r.Every
	}
	return c
}

// identifier makes an identifier of the marketplace's fit to be stored, and keeps no more than itself of the call's body.
func identifier(id string) string { return strings.Clone(store.Mend(id)) }

// add lets a row wait to be written, while fewer than limit do. Without room, calls of a kind are lost.
func (j *Journal) add(c store.Call, what string, calls int64, limit int) (id string) {
	if j.held >= limit {
		j.Metrics.CallsUnrecorded(what, calls)
		return ""
	}
	if j.bodies+len(c.Body) > mostBodies {
		j.Metrics.CallsUnrecorded(lostBody, 1)
		c.Body = nil
	}
	j.held++
	j.bodies += len(c.Body)
	j.waiting = append(j.waiting, c)
	j.awake()
	return c.ID
}

func (j *Journal) awake() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}
