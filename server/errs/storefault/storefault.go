// SPDX-License-Identifier: Apache-2.0

// Package storefault says what a failure of the store means to a caller: an outage may be repeated, a fault of the data may
// not. It knows the sentinels that mean the same to every domain; those that mean something to one are that domain's.
package storefault

import (
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Of returns the error for a failure of the store: INVALID_FIELD for a text that no database takes, INTERNAL for values that
// the database refuses otherwise, LIST_BUSY and LIST_TOO_SLOW for lists beyond their limits,
// FORWARD_FAILED for an order that is with the endpoint's old server, and STORE_UNAVAILABLE, to be repeated,
// for everything else.
func Of(err error) *errs.Error {
	switch {
	case errors.Is(err, store.ErrBadText):
		return errs.Wrap(err, errs.Invalid, errs.InvalidField, "a text is not valid UTF-8 or holds a NUL")
	case errors.Is(err, store.ErrBadData):
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	case errors.Is(err, store.ErrTooLong):
		return errs.Wrap(err, errs.TooSlow, errs.ListTooSlow,
			"the list took too long and was stopped; filter by a field that few rows share, such as order_id or instance_id")
	case errors.Is(err, store.ErrOtherSide):
		e := errs.Wrap(err, errs.Unavailable, errs.ForwardFailed, "the order is with the endpoint's old server; repeat the call")
		e.Retry = time.Second
		return e
	case errors.Is(err, store.ErrBusy):
		e := errs.Wrap(err, errs.Exhausted, errs.ListBusy, "too many lists of this seller run at once; repeat the call, or run fewer side by side")
		e.Retry = time.Second
		return e
	}
	e := errs.Wrap(err, errs.Unavailable, errs.StoreUnavailable, "the store did not answer in time; repeat the call")
	e.Retry = time.Second
	return e
}

// Told returns an error that says already what it means to the caller as it is, nil as nil, and [Of] of every other.
func Told(err error) error {
	var known *errs.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return Of(err)
}

// Outage says whether a failure may go away by itself.
func Outage(err error) bool {
	return !errors.Is(err, store.ErrBadText) && !errors.Is(err, store.ErrBadData) && !errors.Is(err, store.ErrTooLong)
}
