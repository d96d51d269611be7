// SPDX-License-Identifier: Apache-2.0

// Package registry keeps the applications that log in through Koogate: each is a credential of the seller centre (应用凭证) with one
// product, the addresses of the vendor's own app, its secrets, and what its vendor has chosen (ADR 57).
//
//	settings.go     what may be chosen, the defaults, and the one rule that judges it, whoever says it
//	application.go  adding, changing and deleting
//	secret.go       the secrets of the vendor's app, of which two count at once
//	account.go      the test account of a credential, which is kept sealed
//
// It logs in nobody and knows no HTTP. Start at [Service]; who only needs the defaults starts at [Defaults].
package registry
