// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// digest is SHA-256 over texts, each preceded by its length, so that no two lists share an encoding.
func digest(texts ...string) []byte {
	h := sha256.New()
	var n [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	return h.Sum(nil)
}

// hash is the key under which a code is found. The same code of two sellers has two unrelated hashes.
func hash(seller, code string) string {
	return hex.EncodeToString(digest("koogate/licence/code/1", seller, code))
}

// clientHash stands for a client of a code on a day. Its key derives from the code, which is stored nowhere in clear.
// Somebody who has only the database can neither try out telephone numbers nor follow a client from day to day.
func clientHash(seller, code, day, client string) string {
	mac := hmac.New(sha256.New, digest("koogate/licence/client/1", seller, code))
	mac.Write(digest(day, client))
	return hex.EncodeToString(mac.Sum(nil))
}

// sealContext binds a sealed code to its row.
func sealContext(seller, hash string) string { return "licence/code/" + seller + "/" + hash }

// beijing is the marketplace's time; it has known no other offset since 1991.
var beijing = wiretime.Beijing()

// dayOf is the Beijing day of a time, yyyyMMdd.
func dayOf(t time.Time) string { return t.In(beijing).Format("20060102") }

// midnight is when the Beijing day after t begins.
func midnight(t time.Time) time.Time {
	y, m, d := t.In(beijing).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, beijing).UTC()
}
