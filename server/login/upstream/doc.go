// SPDX-License-Identifier: Apache-2.0

// Package upstream is the client side of the marketplace's authentication centre: OAuth 2.0 and CAS at the domain of a tenant (kit §B). It
// makes calls and reads answers, and remembers nothing: which tenant, which code, whether it was used already, and who is let in are its
// caller's to know. Domain and secret are the tenant's own, from tenantSync and applicationSync.
//
// Start with [New]. A [Dialect] says how one kind of centre is spoken to; which one a domain has is chosen by [Rule]. What goes wrong
// is a [Fault] of a [Kind], without anything secret in it. Nothing is called twice: a code counts once, so a lost answer is the end of a
// login, and the user begins anew.
package upstream
