// SPDX-License-Identifier: Apache-2.0

// Package reseal moves sealed values to the key that seals now, so that an older key can retire. It may run while the service does:
// a value that changes meanwhile is left alone, and a run that was interrupted is simply started again, since what is done is skipped.
//
// It does not make, stage or remove keys (koogate keys does).
//
// Start at [Run].
package reseal
