// SPDX-License-Identifier: Apache-2.0

package store

import "errors"

// Sentinels of every backend. Any other error of a backend means that the database, or the connection to it, has failed.
var (
	// ErrNotFound: the row asked for does not exist.
	ErrNotFound = errors.New("store: not found")
	// ErrOrderExists: Change.NewOrder names an order that is already there.
	ErrOrderExists = errors.New("store: order exists")
	// ErrLineExists: Change.NewLines names an order line whose effect is already admitted.
	ErrLineExists = errors.New("store: order line exists")
	// ErrOtherSide: Change.NewOrder names an order that is claimed for the old side.
	ErrOtherSide = errors.New("store: the order is on the other side")
	// ErrInstanceExists: Change.NewInstances names an instance ID that is taken.
	ErrInstanceExists = errors.New("store: instance exists")
	// ErrStale: the order changed after it was read. Read again and decide again.
	ErrStale = errors.New("store: order changed meanwhile")
	// ErrNoChange: Change.Directory altered nothing, so nothing of the change was committed.
	ErrNoChange = errors.New("store: nothing changed")
	// ErrSettled: a usage record was made of the window already, so its raw records can no longer change.
	ErrSettled = errors.New("store: window is settled")
	// ErrConflict: the key belongs to a row of other content.
	ErrConflict = errors.New("store: key belongs to other content")
	// ErrExhausted: the quotas do not hold the amount.
	ErrExhausted = errors.New("store: quota is used up")
	// ErrBadText: a text that is to be kept unsealed, or asked for, is not UTF-8 or holds a NUL. Nothing was done, and a
	// repeat changes nothing.
	ErrBadText = errors.New("store: a text is not valid UTF-8 or holds a NUL")
	// ErrBadData: the database refuses the values for another reason than a key that is taken. Nothing was done, and a
	// repeat changes nothing.
	ErrBadData = errors.New("store: the database refuses the values")
	// ErrBusy: as many lists of the seller are running and waiting as are allowed at once. Repeat the call later.
	ErrBusy = errors.New("store: too many lists of the seller at once")
	// ErrTooLong: the list was stopped after its time. Filter by something that has few rows.
	ErrTooLong = errors.New("store: the list takes too long")
	// ErrReadOnly: the database answers but takes no writes. Nothing was done; a repeat succeeds once the database takes writes
	// again.
	ErrReadOnly = errors.New("store: the database takes no writes")
	// ErrFenced: the task is not in the state, or under the fencing token, that the change expects.
	ErrFenced = errors.New("store: task lease is over")
)

// refusals are the sentinels by which a store that works refuses what it is asked.
var refusals = [...]error{
	ErrOrderExists, ErrStale, ErrLineExists, ErrInstanceExists, ErrFenced, ErrNotFound, ErrNoChange, ErrSettled, ErrConflict, ErrExhausted,
	ErrBadText, ErrOtherSide,
}

// Refusal returns the sentinel by which a store that works has refused what it was asked; nil for any other error.
func Refusal(err error) error {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return r
		}
	}
	return nil
}
