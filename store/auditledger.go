// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// What the ledger's own rows tell of their changes.

// AlteredUsage tells which raw records were added. The digest covers their keys and values, in their order.
func AlteredUsage(raws []UsageRaw, outcomes []UsageOutcome) (a Altered) {
	h := sha256.New()
	var instances []string
	var line []byte
	for i := range raws {
		if outcomes[i] != UsageAdded {
			continue
		}
		a.Seller = raws[i].Seller
		if n := len(instances); n == 0 || instances[n-1] != raws[i].InstanceID {
			instances = append(instances, raws[i].InstanceID)
		}
		line = append(append(line[:0], raws[i].Key...), 0)
		h.Write(binary.BigEndian.AppendUint64(line, uint64(raws[i].Value)))
	}
	a.Resources, a.After = map[string][]string{"instance": instances}, hex.EncodeToString(h.Sum(nil))
	return a
}

// Altered tells a correction.
func (c UsageCorrection) Altered() Altered {
	return Altered{Seller: c.Raw.Seller, Resources: map[string][]string{"usage": {c.Raw.Key, c.Raw.Corrects}}, After: Digest(c.Raw)}
}

// Altered tells the quota of a fee item, which was among the items of its package before unless it is new.
func (q Quota) Altered(items []Quota) Altered {
	a := Altered{Seller: q.Seller, Resources: map[string][]string{"package": {q.PackageID}, "instance": {q.InstanceID}}, After: Digest(q)}
	for i := range items {
		if items[i].InstanceID == q.InstanceID {
			a.Before = Digest(items[i])
		}
	}
	return a
}

// Altered tells the refused records of an instance that go out again; their number is digested.
func (r UsageRevived) Altered(seller, instanceID string) Altered {
	return Altered{Seller: seller, Resources: map[string][]string{"instance": {instanceID}}, After: Digest(r)}
}

// Altered tells values of a column that are sealed anew, whosever they are: the row belongs to no seller. Sealed texts are digested.
func (c SealedColumn) Altered(values []Resealed) Altered {
	before, after := make([][]byte, len(values)), make([][]byte, len(values))
	for i, v := range values {
		before[i], after[i] = v.Old, v.New
	}
	return Altered{Resources: map[string][]string{"column": {c.Name()}}, Before: Digest(before), After: Digest(after)}
}

// Altered tells what the reservation was before; the zero Reservation for one that is new.
func (r Reservation) Altered(was Reservation) Altered {
	a := Altered{Seller: r.Seller, Resources: map[string][]string{"reservation": {r.ID}, "instance": {r.InstanceID}}, After: Digest(r)}
	if was.ID != "" {
		a.Before = Digest(was)
	}
	return a
}

// Altered tells what is known of a licence code now. The row holds the code's hash and nothing of the code.
func (c LicenceCode) Altered() Altered {
	return Altered{Seller: c.Seller, Resources: map[string][]string{"licence": {c.Hash}}, After: Digest(c)}
}

// Altered tells that a client of a code was counted, and not which.
func (u LicenceUse) Altered() Altered {
	return Altered{Seller: u.Seller, Resources: map[string][]string{"licence": {u.Hash}}, After: Digest(u)}
}

// Altered tells a gap that is opened or closed.
func (g Gap) Altered() Altered {
	return Altered{Seller: g.Seller, Resources: map[string][]string{"gap": {g.ID}}, After: Digest(g)}
}
