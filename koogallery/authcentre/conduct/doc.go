// SPDX-License-Identifier: Apache-2.0

// Package conduct is what an authentication centre has seen of a seller's side, and what it thinks of it: the rules ([Rules]), and the
// journal of logins, their steps and what broke a rule ([Journal]). It serves nothing and keeps no secret: codes, tickets and tokens
// stand in it by their first characters.
package conduct
