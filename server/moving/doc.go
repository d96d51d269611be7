// SPDX-License-Identifier: Apache-2.0

// Package moving knows on which side orders and instances are while a seller moves over from an old server to Koogate (ADR 54). What somebody
// has stays there: an order's side is that of the call that was the first about it, an instance's that of its order. The
// database decides, never the settings as one process sees them: of a claim for the old side and an admission of the same order one
// is refused. Package forward hands the calls on, package facade asks both. Start at [Service].
package moving
