// SPDX-License-Identifier: Apache-2.0

// Package report is the result of a check, and the forms in which people and programs read it.
package report
