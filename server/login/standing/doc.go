// SPDX-License-Identifier: Apache-2.0

// Package standing says whether a session stands, whenever something that was given out for it is used: a code, a token, a ticket, the
// browser's cookie. It reads the row and asks the gate anew, and a session that stands no longer is ended at once, so that its application
// is told. It also takes tickets, which are what applications without OpenID Connect get.
//
// Start at [Judge.Stands].
package standing
