// SPDX-License-Identifier: Apache-2.0

// Package limit says how often a caller of the internal API may call, and how often an address may be refused. It counts by the generic
// cell rate algorithm (GCRA): one number for each budget, which says when the budget is whole again.
//
// The budgets of callers are in Redis, so that all replicas share them, and in this process where there is no Redis or it does not answer. A
// budget never decides what is true: when one is lost it is whole again.
//
// Start at [Limiter.Spend]; interceptor.Limit asks it.
package limit
