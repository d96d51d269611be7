// SPDX-License-Identifier: Apache-2.0

// Package authcentre plays the authentication centre of joint products (统一认证中心): the unified login page, the workbench, and for each
// tenant a domain with OAuth 2.0 and CAS. It judges the seller's side of every login. It needs nothing of Koogate but this tree.
//
// Start with [New], then [Centre.Start] for listeners on loopback, or [Centre.Portal] and [Centre.Tenant] with servers of your own and
// [Centre.SetDomains]. [Centre.Journal] has what happened and which rule was broken, [Centre.SetFault] makes things go wrong,
// [Centre.Advance] moves the time, [Centre.Change] disables a user. The same is served as JSON below /centre/ of the portal.
//
// Each tenant has a port of its own on one address: names such as t1.localhost are not resolved everywhere, a port is, from every
// language. Browsers keep cookies by host and not by port, so the cookie of a session is named by its tenant.
//
// What it is not: it is no identity provider for anything real. Passwords and secrets are shown to whoever asks the portal. It persists
// nothing; what it remembers is bounded. All methods are safe for concurrent use, and time is the given clock's.
//
// Its rooms, lowest first: world is what the centre is made from, conduct the rules and the journal. "kit" in comments is the wire
// reference of joint operation. What the documents leave open is one of [world.Settings] or said in docs/fidelity.md.
package authcentre
