// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
)

// States of an instance, as the hook tells them.
const (
	active   = "ACTIVE"
	frozen   = "FROZEN"
	released = "RELEASED"
)

// row is one instance in the database.
type row struct {
	probe.Instance
	readyAt time.Time
	done    map[string]bool // changes that had their effect, by what identifies them

	// What V1 tells.
	payPerUse bool
	expired   bool   // it is frozen because it expired
	size      string // the quantity bought, and what was answered first
	first     string
	customer  string
}

// once tells whether a change had no effect yet, and notes that it has now.
func (r *row) once(parts ...string) bool {
	key := strings.Join(parts, "\x00")
	if r.done[key] {
		return false
	}
	r.done[key] = true
	return true
}

// ready tells whether the instance is there.
func (r *row) ready(now time.Time) bool { return !r.readyAt.After(now) }

// disk is the vendor's database.
type disk struct {
	fails   bool              // nothing can be read or written
	rows    map[string]*row   // by instance ID
	lines   map[string]string // unique: order and line → instance ID
	claimed map[string]string // order and line → instance ID, of a vendor that notes it before the instance
	extra   []probe.Instance  // what was set up outside and no row knows of

	directory map[string]synced // what the Kit told
	rehearsed map[string]bool   // of a vendor that keeps what debugging calls do: IDs, and whether they were released
}

func newDisk() disk {
	return disk{
		rows: map[string]*row{}, lines: map[string]string{}, claimed: map[string]string{}, rehearsed: map[string]bool{}, directory: map[string]synced{},
	}
}

// insert adds an instance. Its order line must be new.
func (d *disk) insert(r *row) *row {
	r.done = map[string]bool{}
	d.rows[r.ID] = r
	d.lines[lineKey(r.OrderID, r.LineID)] = r.ID
	return r
}

// of returns the instance of an order line, nil if there is none.
func (d *disk) of(order, line string) *row { return d.rows[d.lines[lineKey(order, line)]] }

func lineKey(order, line string) string { return order + "\x00" + line }

// instances returns everything, by ID.
func (d *disk) instances() []probe.Instance {
	all := slices.Clone(d.extra)
	for _, id := range slices.Sorted(maps.Keys(d.rows)) {
		all = append(all, d.rows[id].Instance)
	}
	return all
}
