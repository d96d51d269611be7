// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// keyID makes one text of bounded length from a key: the first half of the SHA-256 of its parts, each after its length, in
// hex. No two keys share an ID, whatever characters they hold, and a page token does not reveal at whose account it stops.
func keyID(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:sha256.Size/2])
}

// UUID makes a UUID of version 8 (RFC 9562) from the first 16 bytes of a digest: whoever makes the same digest gets the same UUID.
func UUID(digest []byte) string {
	id := [16]byte(digest)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version and variant
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
