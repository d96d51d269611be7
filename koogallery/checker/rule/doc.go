// SPDX-License-Identifier: Apache-2.0

// Package rule says what a rule of the checker is: what must hold, what it costs a seller when it does not, how to mend it, which page
// says so, and how it is found out.
package rule
