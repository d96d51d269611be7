// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// AuditRows keep who has changed what and why. Each row is written by the transaction that makes the change, when the context of the
// call says who calls (see [Audited]). No statement of Koogate alters a row, and ForgetAudit alone removes rows, at the end of their life. The backends implement it
// beside Store, over the same database and with the same rules for time, durability and concurrency.
type AuditRows interface {
	// ListAudit reads a page, in the order of time and ID; a Cursor's ID is the row's in digits.
	ListAudit(ctx context.Context, q ListQuery) ([]AuditRow, error)
	// ForgetAudit looks at the limit rows that were added first, deletes those that are older than age and returns how many they were.
	// The schema refuses to delete rows that are younger than 360 days by the clock of the machine or of the database.
	ForgetAudit(ctx context.Context, age time.Duration, limit int) (int, error)
}

// Caller is what an audit row says of who calls, by which call and why.
type Caller struct {
	Actor     string // who, as events name the caller
	Kind      string // how the caller was identified: token, certificate, process
	Via       string // the listener by which the call came; empty for a command
	Action    string // the rpc, SERVICE/METHOD with the package, or the command
	Reason    string // why, as the caller told it; empty when it told nothing. No secrets, no personal data
	RequestID string // the same in all rows of one call
}

// Altered is what a transaction has altered.
type Altered struct {
	Seller string // empty for what belongs to all
	// OrderID is the order that was altered; empty when it was anything else.
	OrderID string
	// Resources are the IDs of what was altered, by kind: order, instance, task, package, reservation, usage, licence, gap, column,
	// seller, endpoint, product, provisioner, key, webhook, delivery.
	Resources map[string][]string
	// Before and After are digests of the state before and after: the head of the order's chain where there is one, otherwise [Digest]
	// of the row. Before is empty for what was not there before.
	Before, After string
}

// AuditRow is one transaction of one call. Key: ID.
type AuditRow struct {
	ID     int64     // grows with every row
	At     time.Time // by the store's clock
	Seller string
	// OrderID is the order that was altered; empty when it was anything else, and in rows that an earlier release has written.
	OrderID string
	Caller
	Resources string // JSON: Altered.Resources, at most 20 IDs of each kind
	Before    string
	After     string
}

type callerKey struct{}

// Audited returns a context under which every change that a call commits leaves an audit row. These changes are Apply, those of
// usage by its reporters and operators, quotas, reservations, licence codes, gaps, sellers, webhooks and what is delivered to them anew, and values
// that are sealed anew. What Koogate does
// by itself (leases, pushes, anchors, cycles and ends of quotas) leaves none.
func Audited(ctx context.Context, c Caller) context.Context {
	c.Reason = Mend(c.Reason)
	return context.WithValue(ctx, callerKey{}, &c)
}

// Audits starts the audit rows of a change; ok is false when the context's call leaves none. Backends call it once for each change.
func Audits(ctx context.Context) (row func(Altered) AuditRow, ok bool) {
	c, ok := ctx.Value(callerKey{}).(*Caller)
	if !ok {
		return nil, false
	}
	return func(a Altered) AuditRow {
		return AuditRow{Seller: a.Seller, OrderID: a.OrderID, Caller: *c, Resources: listed(a.Resources), Before: a.Before, After: a.After}
	}, true
}

// maxListed is how many IDs of one kind an audit row lists; it counts the others.
const maxListed = 20

// listed is the IDs as an audit row keeps them, each once.
func listed(resources map[string][]string) string {
	short := make(map[string][]string, len(resources))
	for kind, ids := range resources {
		ids = slices.Compact(slices.Sorted(slices.Values(ids)))
		if more := len(ids) - maxListed; more > 0 {
			ids = append(ids[:maxListed], "and "+strconv.Itoa(more)+" more")
		}
		if len(ids) > 0 {
			short[kind] = ids
		}
	}
	text, err := json.Marshal(short)
	if err != nil {
		panic(fmt.Sprintf("resources of an audit row: %v", err)) // strings can be marshalled
	}
	return string(text)
}

// Digest is the SHA-256 of a row, in hex: of its JSON, so it is the same on every backend.
func Digest(row any) string {
	text, err := json.Marshal(row)
	if err != nil {
		panic(fmt.Sprintf("digest of %T: %v", row, err)) // rows are plain values
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Altered describes an order's change for the audit. The hashes of the order's chain stand for its rows before and after (ADR 24);
// a change without events is digested itself.
func (c *Change) Altered() Altered {
	a := Altered{Resources: make(map[string][]string)}
	name := func(seller, kind, id string) {
		if a.Seller = cmp.Or(a.Seller, seller); id == "" {
			return
		}
		if kind == "order" {
			a.OrderID = id // a change is about one
		}
		a.Resources[kind] = append(a.Resources[kind], id)
	}
	for _, o := range []*Order{c.NewOrder, c.PutOrder} {
		if o != nil {
			name(o.Seller, "order", o.OrderID)
		}
	}
	for i := range c.Events {
		name(c.Events[i].Seller, "order", c.Events[i].OrderID)
		name(c.Events[i].Seller, "instance", c.Events[i].InstanceID)
	}
	for _, rows := range [][]Instance{c.NewInstances, c.PutInstances} {
		for i := range rows {
			name(rows[i].Seller, "instance", rows[i].InstanceID)
		}
	}
	for i := range c.PutTasks {
		name(c.PutTasks[i].Seller, "task", c.PutTasks[i].ID)
	}
	for i := range c.NewTasks {
		name(c.NewTasks[i].Seller, "task", c.NewTasks[i].ID)
	}
	if n := len(c.Events); n > 0 {
		a.Before, a.After = c.Events[0].PrevHash, c.Events[n-1].Hash
	} else {
		a.After = Digest(c)
	}
	return a
}

// AlteredBy describes changes that are committed together. Of several, Before and After are digests of what [Change.Altered] says of each.
func AlteredBy(changes []*Change) Altered {
	if len(changes) == 1 {
		return changes[0].Altered()
	}
	all := Altered{Resources: make(map[string][]string)}
	var before, after []string
	there := false // something was there before
	for _, c := range changes {
		a := c.Altered()
		there = there || a.Before != ""
		all.Seller = cmp.Or(all.Seller, a.Seller)
		for kind, ids := range a.Resources {
			all.Resources[kind] = append(all.Resources[kind], ids...)
		}
		before, after = append(before, a.Before), append(after, a.After)
	}
	if all.After = Digest(after); there {
		all.Before = Digest(before)
	}
	return all
}
