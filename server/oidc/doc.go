// SPDX-License-Identifier: Apache-2.0

// Package oidc finds out who calls by a JWT of an issuer that the configuration names: an access token of a login service, such as
// Keycloak's. It verifies the token's signature with the issuer's keys, which it fetches and keeps, holds its claims against what is
// expected, and finds by rules over the claims which seller the caller works for and what it may do.
//
// It is no login: nobody is sent anywhere to sign in, no token is made or refreshed, and the issuer is never asked about a token. It knows
// no gRPC; interceptor.Known asks it for tokens that are none of Koogate's own.
//
// Start at [Callers.Caller]. Who an issuer is, is in issuer.go, its keys in keys.go, how they are fetched in fetch.go, the rules in
// claims.go.
package oidc
