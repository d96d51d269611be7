// SPDX-License-Identifier: Apache-2.0

// Package clocktest is a clock for tests, which moves only when told to.
package clocktest
