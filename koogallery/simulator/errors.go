// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"fmt"
)

// Sentinels of this package.
var (
	// ErrConfig says that a Config cannot be used.
	ErrConfig = errors.New("simulator: unusable configuration")

	// ErrOrder says that the simulator did not place such an order, or has forgotten it.
	ErrOrder = errors.New("simulator: unknown order")

	// ErrOrderState says that an order is in no state for that call, for example opened twice.
	ErrOrderState = errors.New("simulator: not possible for this order now")

	// ErrFull says that MaxOrders orders are still being processed.
	ErrFull = errors.New("simulator: too many orders in progress")

	// ErrCall says that the seller did not answer with success within the window.
	ErrCall = errors.New("simulator: call failed")

	// ErrRestart says that there is no failed call to repeat.
	ErrRestart = errors.New("simulator: no failed call to restart")

	// ErrInstance says that an instance cannot be declared like that.
	ErrInstance = errors.New("simulator: unusable instance")

	// ErrClosed says that the simulator was closed or is too busy for work in the background.
	ErrClosed = errors.New("simulator: closed or too busy")
)

// callError describes the last attempt of a call that did not succeed.
func callError(c Call) error {
	return fmt.Errorf("%w: %s of order %s, attempt %d: %s", ErrCall, c.Activity, c.OrderID, c.Attempt, c.exception())
}
