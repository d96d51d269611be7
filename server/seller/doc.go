// SPDX-License-Identifier: Apache-2.0

// Package seller keeps what an installation sells through, at run time: sellers, endpoints, keys, products, provisioners and tokens
// (ADR 34). They are rows in the store. A [Keeper] reads them into an immutable [Snapshot] and reads them again within two seconds of
// every change, in every replica; consumers ask the snapshot, through a [View] that is made once for each snapshot.
//
// The configuration file declares some of them ([Declared]): [Keeper.Seed] brings the rows that the file manages to what it says and
// leaves those of the API alone. [Keeper.Change] is how everybody else changes rows, by a [Draft]; managed.go has what
// the API does with settings (endpoints.go, products.go, provisioners.go), keys.go what it does with the keys of endpoints, and
// keystatus.go says when an old one may go.
//
// It knows no protocol and no domain: what a setting means is its consumer's, and which settings are valid is told by [Deps].Check.
package seller
