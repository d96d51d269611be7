// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"
	"time"
)

// Standing is how an order stands in one word.
type Standing string

// The standings, from the best to the worst.
const (
	OK      Standing = "OK"      // nothing is left to do
	Waiting Standing = "WAITING" // something is being done, in good time
	Risk    Standing = "RISK"    // the marketplace acts within an hour, or nobody does what is to be done
	Failed  Standing = "FAILED"  // nothing goes on until somebody acts
)

// Owner is who acts, or who has to.
type Owner string

// The owners.
const (
	Marketplace Owner = "MARKETPLACE"
	Koogate     Owner = "KOOGATE"
	Provisioner Owner = "PROVISIONER" // the vendor's system that makes the instances
	Operator    Owner = "OPERATOR"    // the vendor's people
	Buyer       Owner = "BUYER"
)

// Account is the account of one order.
type Account struct {
	Standing Standing
	Summary  Text   // two or three sentences that say the most important
	Arrived  []Line // each part has at most MaxLines
	Answered []Line
	Done     []Line
	Pending  []Line
	Next     []Line
	YouCan   []Line
	Whole    Text // all of it as plain text of several lines
}

// Line is one statement: one line of plain text, without control characters.
type Line struct {
	Text   Text
	At     time.Time // when it was, or when it will be; zero when it has no time
	Seq    int64     // the event that tells it; 0 for none
	TaskID string    // the task that it is about; empty for none
	Owner  Owner     // who did it or has to do it; empty for nobody
	Until  time.Time // until when the marketplace waits for it; zero when it does not
}

// Of writes the account of a situation, which it does not change.
func Of(s Situation) Account {
	w := writer{s: &s}
	w.events()
	w.tasks()
	w.untold()
	w.deadlines()
	w.instances()
	w.gap()
	w.summary()
	w.idle()
	a := &w.account
	for _, part := range []*[]Line{&a.Arrived, &a.Answered, &a.Done} {
		slices.SortStableFunc(*part, func(x, y Line) int { return cmp.Compare(x.Seq, y.Seq) })
	}
	slices.SortStableFunc(a.Next, func(x, y Line) int { return x.At.Compare(y.At) })
	for _, part := range []*[]Line{&a.Arrived, &a.Answered, &a.Done, &a.Pending, &a.Next, &a.YouCan} {
		*part = bounded(*part)
	}
	a.Whole = whole(&s, a)
	return *a
}

// MaxLines is the most statements that a part of an account has.
const MaxLines = 1000

// bounded are the first of the statements, and how many more there are.
func bounded(lines []Line) []Line {
	if len(lines) <= MaxLines {
		return lines
	}
	return append(lines[:MaxLines-1:MaxLines-1], Line{Text: wordMore.of(len(lines) - MaxLines + 1)})
}

// writer writes one account.
type writer struct {
	s       *Situation
	account Account
}

// worse keeps the worst standing.
func (w *writer) worse(s Standing) {
	rank := []Standing{OK, Waiting, Risk, Failed}
	if slices.Index(rank, s) > slices.Index(rank, w.account.Standing) {
		w.account.Standing = s
	}
}

// can adds what the reader can do, once.
func (w *writer) can(l Line) {
	l.Owner = cmp.Or(l.Owner, Operator)
	if !slices.ContainsFunc(w.account.YouCan, func(o Line) bool { return o.Text == l.Text }) {
		w.account.YouCan = append(w.account.YouCan, l)
	}
}

func (w *writer) next(l Line)    { w.account.Next = append(w.account.Next, l) }
func (w *writer) pending(l Line) { w.account.Pending = append(w.account.Pending, l) }
