package fulfil

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
)

// The kinds of event, in the order an order usually meets them.
const (
	EventNotified         = "order.notified"     // orderNotify was admitted
	EventAdmitted         = "instance.admitted"  // newInstance was admitted
	EventAdopted          = "licence.adopted"    // a licence code of the marketplace was met for the first time
	EventInstanceAdopted  = "instance.adopted"   // an operator told of an instance that a restore had lost
	EventAccepted         = "instance.accepted"  // the buyer accepted
	EventOrderQueried     = "order.queried"      // the marketplace told what was bought
	EventQueryFailed      = "order.query_failed" // one attempt failed; final when permanent is true
	EventTaskCompleted    = "task.completed"     // a provisioner finished
	EventTaskFailed       = "task.failed"        // a provisioner gave a task back or gave up
	EventTaskCancelled    = "task.cancelled"     // overtaken
	EventTaskRetried      = "task.retried"       // an operator retried it
	EventAnswered         = "answer.committed"   // newInstance's answer was fixed without a task's end
	EventRefreshed        = "instance.refreshed" // expiry set
	EventFrozen           = "instance.frozen"    // FREEZE accepted
	EventUnfrozen         = "instance.unfrozen"  // UNFREEZE accepted
	EventUpgraded         = "instance.upgraded"  // upgrade accepted
	EventReleased         = "instance.released"  // release accepted
	EventAccessChanged    = "access.changed"     // how the customer gets in was changed
	EventChecked          = "change.checked"     // a change was asked about
	EventRequested        = "licence.requested"  // getLicenseAsync was admitted
	EventIssued           = "licence.issued"     // a provisioner issued the licence of an event
	EventUploaded         = "licence.uploaded"   // the marketplace took it
	EventQuotaWarned      = "quota.warned"       // a package is used up to a per cent of it
	EventPackageAssigned  = "package.assigned"   // a package belongs to an instance of its buyer, with its product's content
	EventPackageWaits     = "package.waits"      // a package cannot be filled, and why
	EventUsageRetried     = "usage.retried"      // an operator had refused usage sent again beyond the marketplace's window
	EventDirectory        = "directory.synced"   // a tenant, its applications, users or departments changed
	EventDirectoryIgnored = "directory.ignored"  // a call came too late and lost against later ones
	EventPersonal         = "personal.read"      // personal data were read through the API
	EventConflict         = "call.conflict"      // the same key came for another instance
	EventDiffers          = "call.differs"       // a repeat brought something else than the first call
	EventQuarantined      = "call.quarantined"   // a value outside its documented list
	EventRepaired         = "call.repaired"      // text that only describes was not valid; the call went on
)

type fields map[string]any

// text is the data as an event keeps it, with its keys sorted. Data are strings and numbers only, so it cannot fail.
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

// link appends an event to a chain and returns it with its hash.
func link(head store.Head, seller, orderID, kind, instanceID string, at time.Time, data fields) store.Event {
	e := store.Event{
		Seller: seller, OrderID: orderID, Seq: head.Seq + 1, Kind: kind, InstanceID: instanceID,
		At: at.UTC().Truncate(time.Microsecond), Data: data.text(), PrevHash: head.Hash,
	}
	e.Hash = Hash(e)
	return e
}

// Hash computes the link of an event: SHA-256 over every field but Hash, each text preceded by its length as eight bytes,
// so that no two events share an encoding.
func Hash(e store.Event) string {
	h := sha256.New()
	var n [8]byte
	num := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v)) // the hash takes the bits, whatever the sign
		h.Write(n[:])
	}
	text := func(s string) {
		num(int64(len(s)))
		h.Write([]byte(s))
	}
	text("koogate/event/1")
	text(e.Seller)
	text(e.OrderID)
	num(e.Seq)
	text(e.Kind)
	text(e.InstanceID)
	num(e.At.UnixMicro())
	text(e.Data)
	text(e.PrevHash)
	return hex.EncodeToString(h.Sum(nil))
}

// Broken is a place where a chain does not hold.
type Broken struct {
	Seq    int64
	Detail string
}

// Error implements error.
func (b *Broken) Error() string { return fmt.Sprintf("event %d: %s", b.Seq, b.Detail) }

// VerifyLinks checks that events continue from head without a gap and returns the new head. The error is a *Broken.
func VerifyLinks(head store.Head, events []store.Event) (store.Head, error) {
	for _, e := range events {
		switch {
		case e.Seq != head.Seq+1:
			return head, &Broken{head.Seq + 1, fmt.Sprintf("missing; the next event is %d", e.Seq)}
		case e.PrevHash != head.Hash:
			return head, &Broken{e.Seq, "does not point at the event before it"}
		case e.Hash != Hash(e):
			return head, &Broken{e.Seq, "was altered: its hash does not recompute"}
		}
		head = store.Head{Seq: e.Seq, Hash: e.Hash}
	}
	return head, nil
}
