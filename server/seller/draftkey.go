// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"slices"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// NewKey is a key to be added.
type NewKey struct {
	Seller    string
	Endpoint  string // whose key it is, of a provisioner's its provisioner; empty for a key of the seller itself
	Use       store.KeyUseKind
	Secret    Secret
	Token     Token     // what a token may do; its secret is Secret
	NotBefore time.Time // zero for at once
	NotAfter  time.Time // zero for ever
}

// AddKey adds a key behind those that are there and returns its ID. Errors: STATE_CONFLICT when the same key is there.
func (d *Draft) AddKey(k NewKey) (id string, err error) {
	group := d.state.group(k.Seller, k.Endpoint, k.Use)
	rank := int64(0)
	for _, have := range group {
		if have.same(k) {
			return "", errs.New(errs.Precondition, errs.StateConflict, "the key is there already")
		}
		rank = max(rank, have.Rank+1)
	}
	return d.addKey(k, rank)
}

// same says whether a key has the secret of a new one.
func (k *keyed) same(n NewKey) bool {
	if n.Use == store.KeyToken {
		return k.Digest == digestOf(n.Secret)
	}
	return k.unsealed && k.plain == n.Secret
}

func (d *Draft) addKey(k NewKey, rank int64) (id string, err error) {
	row := store.SellerKey{
		Seller: k.Seller, ID: d.newID(), Use: k.Use, Owner: k.Endpoint, Rank: rank, Document: "{}", ManagedBy: d.by, NotBefore: k.NotBefore,
		NotAfter: k.NotAfter, CreatedAt: d.now, UpdatedAt: d.now,
	}
	if k.Use == store.KeyToken {
		row.Digest = digestOf(k.Secret)
		if row.Document, err = document(grant{k.Token.Name, k.Token.Scopes, k.Token.Queues}); err != nil {
			return "", err
		}
	} else if row.Secret, err = d.sealer.Seal([]byte(k.Secret), sealContext(row.Seller, row.ID)); err != nil {
		return "", errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	d.writeKey(row)
	d.state.keys = append(d.state.keys, keyed{SellerKey: row, plain: plainOf(k), unsealed: true})
	d.step(StepAdd, keyName(&row))
	return row.ID, nil
}

func plainOf(k NewKey) Secret {
	if k.Use == store.KeyToken {
		return ""
	}
	return k.Secret
}

// keyName is how messages name a key.
func keyName(k *store.SellerKey) string {
	of := "seller " + k.Seller
	switch {
	case k.Use == store.KeyProvisioner:
		of = "provisioner " + k.Owner
	case k.Owner != "":
		of = "endpoint " + k.Owner
	}
	return string(k.Use) + " key " + k.ID + " of " + of
}

// writeKey puts a key into the change. Keys that end come first, so that another may take their digest.
func (d *Draft) writeKey(k store.SellerKey) {
	d.change.Keys = slices.DeleteFunc(d.change.Keys, func(have store.SellerKey) bool { return have.Seller == k.Seller && have.ID == k.ID })
	if k.EndedAt.IsZero() {
		d.change.Keys = append(d.change.Keys, k)
	} else {
		d.change.Keys = slices.Insert(d.change.Keys, 0, k)
	}
}

// RetireKey lets a key count until a time; without one it ends at once. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE.
func (d *Draft) RetireKey(seller, id string, until time.Time) error {
	i := slices.IndexFunc(d.state.keys, func(k keyed) bool { return k.Seller == seller && k.ID == id })
	if i < 0 {
		return errs.New(errs.NotFound, errs.SettingNotFound, "key %s of seller %s does not exist", id, seller)
	}
	k := &d.state.keys[i]
	if err := d.managed(k.ManagedBy, keyName(&k.SellerKey)); err != nil {
		return err
	}
	if until.IsZero() {
		d.endKey(i)
		return nil
	}
	k.NotAfter, k.UpdatedAt = until, d.now
	d.writeKey(k.SellerKey)
	d.step(StepChange, keyName(&k.SellerKey))
	return nil
}

// endKey ends a key and forgets its secret.
func (d *Draft) endKey(i int) {
	k := d.state.keys[i].SellerKey
	k.EndedAt, k.UpdatedAt, k.Secret = d.now, d.now, nil
	d.state.keys = slices.Delete(d.state.keys, i, i+1)
	d.writeKey(k)
	d.step(StepEnd, keyName(&k))
}

// endKeys ends the keys that are meant.
func (d *Draft) endKeys(meant func(*keyed) bool) error {
	for i := len(d.state.keys) - 1; i >= 0; i-- {
		if k := &d.state.keys[i]; meant(k) {
			if err := d.managed(k.ManagedBy, keyName(&k.SellerKey)); err != nil {
				return err
			}
			d.endKey(i)
		}
	}
	return nil
}
