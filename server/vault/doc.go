// SPDX-License-Identifier: Apache-2.0

// Package vault seals single fields before they are stored: buyer data, access information, seller secrets. It is a thin
// coat over Tink's AEAD (AES-256-GCM) with a keyset of one primary key, which seals, and any number of older keys, which
// still open.
//
// Each sealed field is bound to a context, a text that says whose field it is (seller, kind, id): a sealed value that is
// copied to another row does not open there. Nothing in this package prints a key or a plain text, errors included.
//
// Rotation, while replicas run: [Stage] a new key and roll the keyset out, so that every replica can open what the new key
// will seal; [Promote] it and roll out again. Where one process runs, [Rotate] does both.
//
// [Vault.Digest] is the other thing that a keyset is good for: identifiers that nobody else can make and that are the same
// after every rotation and every restore of the database. They rest on the keyset's first key.
//
// Start at [Vault].
package vault
