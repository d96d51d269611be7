// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Result is the verdict of a Life.
type Result string

// The verdicts.
const (
	Passed Result = "passed"
	Failed Result = "failed"
)

// Report tells how a Life went.
type Report struct {
	Family     judge.Family   `json:"family"`
	OrderID    string         `json:"orderId"`
	Kind       catalogue.Kind `json:"kind"`
	InstanceID string         `json:"instanceId"`
	Steps      []Step         `json:"steps"`
	Result     Result         `json:"result"`
	Took       time.Duration  `json:"took"` // nanoseconds in JSON
}

// Step is one call of a Life with what had to hold after it.
type Step struct {
	Name string        `json:"name"`
	Code string        `json:"code"` // last resultCode, if there was one
	Took time.Duration `json:"took"` // with all repetitions
	Err  string        `json:"err,omitempty"`

	// Queries is how often the seller had queried the order with success by then;
	// order_notify only.
	Queries int `json:"queries,omitempty"`
}
