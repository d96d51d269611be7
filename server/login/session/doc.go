// SPDX-License-Identifier: Apache-2.0

// Package session keeps logins: a request from where it was begun to its end, the session that it leads to, and what was given out for it.
// Whoever is let in was let in by server/login/gate before; this package asks nobody.
//
// Start at [Book]. [NewToken] makes what is given out, and only its digest is kept; [Held] is what is kept of the login at the
// authentication centre, sealed; [Step] is what happened, for whoever looks for the reason of a login that failed.
package session
