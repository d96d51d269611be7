// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
)

// Every key of this package is built here, and every one has a lifetime:
//
//	{prefix}n:NAME     a nonce; lives EnterRequest.NonceTTL
//	{prefix}l:{NAME}   a lock; lives EnterRequest.LockTTL, or store.DoneTTL as a done mark
//	{prefix}b:NAME     when a budget is whole again; lives until then
//	{prefix}f:{NAME}   the last fence of that lock; lives fenceTTL after its last holder entered
//
// The braces make NAME the hash tag, so that a lock and its fence are in one slot of a cluster. A nonce need not be in
// the same slot as the lock that is asked for with it.
//
// When Redis is away: nonces and locks are skipped or kept in process (WithFallback), see doc.go; budgets are kept in process by whoever
// spends from them.
type keys struct{ prefix string }

// fenceTTL is added to the lifetime of the lock.
const fenceTTL = 24 * time.Hour

func (k keys) nonce(name string) string { return k.prefix + "n:" + safeName(name) }

func (k keys) lock(name string) (lock, fence string) {
	name = safeName(name)
	return k.prefix + "l:{" + name + "}", k.prefix + "f:{" + name + "}"
}

func (k keys) budget(name string) string { return k.prefix + "b:" + safeName(name) }

const longestPlain = 120

// safeName returns names of plain short ASCII as they are, for people with redis-cli, and a digest of all others:
// braces would move the hash tag, and a key of 10 KiB is an attack on memory. '~' is not plain, so the two never meet.
func safeName(name string) string {
	plain := len(name) > 0 && len(name) <= longestPlain
	for i := 0; plain && i < len(name); i++ {
		c := name[i]
		plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '='
	}
	if plain {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "~" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// millis is a lifetime as PX takes it; Redis refuses zero.
func millis(ttl time.Duration) string {
	return strconv.FormatInt(max(int64((ttl+time.Millisecond-1)/time.Millisecond), 1), 10)
}
