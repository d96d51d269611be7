// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
)

// Changes are how orders change: whole decisions, each committed at once.
type Changes interface {
	// Apply commits a change durably, as a whole or not at all. Errors: ErrOrderExists, ErrOtherSide, ErrLineExists, ErrInstanceExists,
	// ErrStale, ErrFenced, and ErrNoChange, which wins over the others. After a commit it wakes the watchers of every queue
	// that gained a READY task and of every instance that changed, in every process.
	Apply(ctx context.Context, c *Change) error
	// ApplyAll commits changes of several orders in one transaction, all of them or none, as Apply commits one: what is refused of one of
	// them is refused of all, with its sentinel. In the audit they are one row. No Directory is taken beside other changes.
	ApplyAll(ctx context.Context, changes []*Change) error
}

// Change is everything one decision alters, about one order. Rows in New… are inserted, rows in Put… replace the row of
// the same key in all columns but the key and the creation time.
type Change struct {
	// NewOrder is inserted; nil when the order exists.
	NewOrder *Order
	// PutOrder replaces the order's row; nil when only NewOrder is set or the order does not change. Its Head is the
	// chain's new head.
	PutOrder     *Order
	NewLines     []Line
	PutLines     []Line
	NewInstances []Instance
	PutInstances []Instance
	NewTasks     []Task
	PutTasks     []TaskPut
	// Events continue the order's chain; a seq that is taken makes the whole change ErrStale.
	Events []Event
	// Takes are taken from the old side before anything is inserted.
	Takes []Taken
	// Questions are kept as they end; one without a state is forgotten. One that another was asked in place of is left as it is.
	Questions []Question
	// Directory is merged into the directory; nil when the change is not about it. When it alters no row the whole change
	// is ErrNoChange.
	Directory *DirectoryChange
}

// TaskPut replaces a task when it is still in the state and under the fencing token that the decision saw.
type TaskPut struct {
	Task
	ExpectState TaskState
	ExpectFence int64
}

// TopicsOf lists what changes that were committed together wake.
func TopicsOf(changes []*Change) []string {
	var topics []string
	for _, c := range changes {
		topics = append(topics, c.Topics()...)
	}
	return topics
}

// errBeside is that a change of the directory is not committed together with changes of other orders.
var errBeside = errors.New("store: a change of the directory stands alone")

// CheckAll refuses changes that are not committed together.
func CheckAll(changes []*Change) error {
	for _, c := range changes {
		if c.Directory != nil && len(changes) > 1 {
			return errBeside
		}
	}
	return nil
}

// Topics lists what a committed change wakes: the queue of every task that is READY now, once for each of them, and every changed
// instance.
func (c *Change) Topics() []string {
	seen := make(map[string]struct{})
	var topics []string
	add := func(t string) {
		if _, ok := seen[t]; !ok {
			seen[t] = struct{}{}
			topics = append(topics, t)
		}
	}
	task := func(t Task) {
		if t.State == TaskReady {
			topics = append(topics, QueueTopic(t.Seller, t.Queue))
		}
		if t.Seq == 0 && t.InstanceID != "" { // an unordered task's end matters to whoever waits at the instance
			add(InstanceTopic(t.Seller, t.InstanceID))
		}
	}
	for _, t := range c.NewTasks {
		task(t)
	}
	for _, t := range c.PutTasks {
		task(t.Task)
	}
	for _, i := range c.PutInstances {
		add(InstanceTopic(i.Seller, i.InstanceID))
	}
	return topics
}

// LoginMark names sessions that a change has to be judged: of a tenant, of those of its users that are named, or of all tenants of an instance.
type LoginMark struct {
	Seller     string
	TenantID   string
	Users      []string // nil for all of the tenant
	InstanceID string   // instead of TenantID
}

// LoginMarks are the sessions whose right rests on what a change alters. Nearly no change alters any of that.
func (c *Change) LoginMarks() (marks []LoginMark) {
	if d := c.Directory; d != nil {
		switch {
		case d.Tenant != nil || len(d.Applications) > 0:
			marks = append(marks, LoginMark{Seller: d.Key.Seller, TenantID: d.Key.TenantID})
		case len(d.Users) > 0:
			m := LoginMark{Seller: d.Key.Seller, TenantID: d.Key.TenantID}
			for i := range d.Users {
				m.Users = append(m.Users, d.Users[i].UserName)
			}
			marks = append(marks, m)
		}
	}
	for i := range c.PutInstances {
		if p := &c.PutInstances[i]; p.State == InstanceFrozen || p.State == InstanceReleased {
			marks = append(marks, LoginMark{Seller: p.Seller, InstanceID: p.InstanceID})
		}
	}
	return marks
}
