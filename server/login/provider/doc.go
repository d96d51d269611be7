// SPDX-License-Identifier: Apache-2.0

// Package provider is the OpenID provider of the vendors' apps: discovery, authorize, token, userinfo, introspection, revocation, keys and
// the logout that an app begins. It lets nobody in: it leads the browser to the login's own pages, and what they have made of the request
// comes back to it.
//
// The library zitadel/oidc serves: it routes, reads and judges requests and writes answers. Behind it stands its Server interface and not
// its Storage, because with a Storage the library takes a code before it knows the client, so that a stranger could use codes up and end
// sessions. Codes and tokens are random texts of which only digests are kept, so no key of this package encrypts anything.
//
// No code and no token is a right. Whenever one is used the session is read and the gate is asked (server/login/standing), in whichever
// replica, so a user who was disabled is out at the next call.
//
//   - provider.go: what it is made of, and the addresses
//   - authorize.go: how a login begins, and how the browser is led back to the app
//   - token.go: codes and refresh tokens are taken for tokens, each once
//   - bearer.go: what tokens are good for
//   - logout.go: an app ends a session
//   - renew.go: the tokens of the authentication centre
//   - frame.go: bounds, headers and pages around all of it
//
// Start at [New].
package provider
