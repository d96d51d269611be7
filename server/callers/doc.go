// SPDX-License-Identifier: Apache-2.0

// Package callers finds out from which address a call comes when proxies stand in front: only what proxies that are named as
// trusted say of it counts.
package callers
