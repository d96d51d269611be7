// SPDX-License-Identifier: Apache-2.0

package openapi

// Outcome is what became of one element of a call that takes a list.
type Outcome string

// Outcomes.
const (
	// OutcomeAccepted says that the answer reports success and names nothing
	// against the element.
	OutcomeAccepted Outcome = "accepted"

	// OutcomeRejected says that the answer names the element as bad.
	OutcomeRejected Outcome = "rejected"

	// OutcomeUnknown says that the answer does not let this client decide.
	OutcomeUnknown Outcome = "unknown"
)
