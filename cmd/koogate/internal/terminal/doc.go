// SPDX-License-Identifier: Apache-2.0

// Package terminal is where commands write: results and messages for people, in which nothing commands the terminal, and data for
// machines as it is.
package terminal
