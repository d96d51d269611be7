// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// The kinds of event, in the order an order usually meets them.
const (
	EventNotified         = "order.notified"      // orderNotify was admitted
	EventAdmitted         = "instance.admitted"   // newInstance was admitted
	EventAdopted          = "licence.adopted"     // a licence code of the marketplace was met for the first time
	EventInstanceAdopted  = "instance.adopted"    // an operator told of an instance that a restore had lost, or its provisioner of one that a call named
	EventImported         = "instance.imported"   // an operator told of an instance that another integration had created
	EventAccepted         = "instance.accepted"   // the buyer accepted
	EventOrderQueried     = "order.queried"       // the marketplace told what was bought
	EventQueryFailed      = "order.query_failed"  // one attempt failed; final when permanent is true
	EventTaskCompleted    = "task.completed"      // a provisioner finished
	EventTaskFailed       = "task.failed"         // a provisioner gave a task back or gave up
	EventTaskCancelled    = "task.cancelled"      // overtaken
	EventTaskExtended     = "task.extended"       // an operator moved the end of its retries
	EventTaskMoved        = "task.moved"          // another provisioner fulfils its product, and it has followed
	EventTaskRetried      = "task.retried"        // an operator retried it
	EventAnswered         = "answer.committed"    // newInstance's answer was fixed without a task's end
	EventRefreshed        = "instance.refreshed"  // expiry set
	EventFrozen           = "instance.frozen"     // FREEZE accepted
	EventUnfrozen         = "instance.unfrozen"   // UNFREEZE accepted
	EventUpgraded         = "instance.upgraded"   // upgrade accepted
	EventReleased         = store.EventReleased   // release accepted
	EventAccessChanged    = "access.changed"      // how the customer gets in was changed
	EventChecked          = "change.checked"      // a change was asked about
	EventRequested        = "licence.requested"   // getLicenseAsync was admitted
	EventIssued           = "licence.issued"      // a provisioner issued the licence of an event
	EventUploaded         = "licence.uploaded"    // the marketplace took it
	EventQuotaWarned      = "quota.warned"        // a package is used up to a per cent of it
	EventPackageAssigned  = "package.assigned"    // a package belongs to an instance of its buyer, with its product's content
	EventPackageWaits     = "package.waits"       // a package cannot be filled, and why
	EventUsageRetried     = "usage.retried"       // an operator had refused usage sent again beyond the marketplace's window
	EventDirectory        = "directory.synced"    // a tenant, its applications, users or departments changed
	EventDirectoryIgnored = "directory.ignored"   // a call came too late and lost against later ones
	EventPersonal         = "personal.read"       // personal data were read through the API
	EventConflict         = "call.conflict"       // the same key came for another instance
	EventOtherEndpoint    = "call.other_endpoint" // a call came by another endpoint of the seller than the instance's
	EventDiffers          = "call.differs"        // a repeat brought something else than the first call
	EventQuarantined      = "call.quarantined"    // a value outside its documented list
	EventRepaired         = "call.repaired"       // text that only describes was not valid; the call went on
)

type fields map[string]any

// given adds what a caller told, if it did.
func (f fields) given(name, value string) {
	if value != "" {
		f[name] = value
	}
}

// text is the data as an event keeps it, with its keys sorted. Data are plain values, so it cannot fail.
func (f fields) text() string {
	if f == nil {
		f = fields{}
	}
	text, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("data of an event: %v", err))
	}
	return string(text)
}

// actor is the member of an event's data that says who acted.
const actor = "actor"

// by returns the data with who acted, where that is known.
func (f fields) by(who string) fields {
	if who == "" {
		return f
	}
	told := make(fields, len(f)+1)
	maps.Copy(told, f)
	told[actor] = who
	return told
}

// tell says whether the data of an event tell the same, whoever acted.
func (f fields) tell(data string) bool {
	var told map[string]json.RawMessage
	if json.Unmarshal([]byte(data), &told) != nil {
		return false
	}
	delete(told, actor)
	rest, err := json.Marshal(told)
	return err == nil && string(rest) == f.text()
}

// link appends an event to a chain and returns it with its hash.
func link(head store.Head, seller, orderID, kind, instanceID string, at time.Time, data fields) store.Event {
	e := store.Event{
		Seller: seller, OrderID: orderID, Seq: head.Seq + 1, Kind: kind, InstanceID: instanceID,
		At: at.UTC().Truncate(time.Microsecond), Data: data.text(), PrevHash: head.Hash,
	}
	e.Hash = evidence.Hash(e)
	return e
}

// attest closes the events of a change: the last one claims the rows that the change writes, and is signed (ADR 24). It may be
// called again after the events were drafted anew.
func (d *draft) attest() {
	n := len(d.change.Events)
	if n == 0 {
		return
	}
	e := &d.change.Events[n-1]
	e.Claims = evidence.ClaimsOf(&d.change).Text()
	e.Hash = evidence.Hash(*e)
	e.Signature = d.s.Keys.SignEvent(e.Hash)
	d.agg.Order.Head = store.Head{Seq: e.Seq, Hash: e.Hash}
}
