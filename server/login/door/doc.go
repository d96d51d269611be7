// SPDX-License-Identifier: Apache-2.0

// Package door puts the parts of the login together (ADR 57): what the configuration says, the registry of applications, the client of
// authentication centres, and what answers browsers and apps at listen.login. It holds no rule of its own. Start at [New].
package door
