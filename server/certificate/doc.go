// SPDX-License-Identifier: Apache-2.0

// Package certificate keeps what a listener shows and asks for in TLS as its files are: [Open] reads them, [Keeper.TLS] is the
// configuration for any server, and [Keeper.Refresh] takes new files without touching a connection. It watches nothing
// itself; package server calls Refresh at regular times.
package certificate
