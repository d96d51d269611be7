// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"slices"

	"github.com/koogate/koogate/store"
)

// seed drafts what brings the rows that the file manages to what it declares: rows that it names are added or replaced, rows that left
// it are ended, and the API's rows are not touched. A key that the API has added and that the file now names becomes the file's.
// Errors: STATE_CONFLICT when the file names a setting that the API manages.
func (d *Draft) seed(w Declared) error {
	wanted := make(map[settingKey]bool)
	for _, p := range w.Provisioners {
		wanted[settingKey{kind: store.SettingProvisioner, name: p.Name}] = true
		if err := d.PutProvisioner(p, ""); err != nil {
			return err
		}
	}
	for _, x := range w.Sellers {
		wanted[settingKey{kind: store.SettingSeller, name: x.Name}] = true
		if err := d.PutSeller(x, ""); err != nil {
			return err
		}
	}
	for i, e := range w.Endpoints {
		wanted[settingKey{kind: store.SettingEndpoint, name: e.Name}] = true
		e.Position = i
		if err := d.PutEndpoint(e, ""); err != nil {
			return err
		}
		for id, p := range e.Products {
			wanted[settingKey{store.SettingProduct, e.Name, id}] = true
			if err := d.PutProduct(e.Name, id, p, ""); err != nil {
				return err
			}
		}
	}
	if err := d.seedKeys(w.keys()); err != nil {
		return err
	}
	for _, kind := range []store.SettingKind{store.SettingProduct, store.SettingEndpoint, store.SettingSeller, store.SettingProvisioner} {
		for _, x := range d.state.of(kind) {
			if key := (settingKey{x.Kind, x.Parent, x.Name}); x.ManagedBy == store.ManagedByFile && !wanted[key] {
				if err := d.end(key, ""); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// keys are the declared keys, those of one owner and use in their order.
func (w Declared) keys() (list []NewKey) {
	add := func(seller, endpoint string, use store.KeyUseKind, secrets ...Secret) {
		for _, s := range secrets {
			if s != "" {
				list = append(list, NewKey{Seller: seller, Endpoint: endpoint, Use: use, Secret: s})
			}
		}
	}
	for _, p := range w.Provisioners {
		add(p.Seller, p.Name, store.KeyProvisioner, p.Webhook.Secrets...)
	}
	for _, x := range w.Sellers {
		add(x.Name, "", store.KeySecret, x.Marketplace.SecretKey)
		add(x.Name, "", store.KeyUsage, x.Marketplace.UsageKey)
		add(x.Name, "", store.KeyToken, x.APITokens...)
		for _, t := range x.Tokens {
			list = append(list, NewKey{Seller: x.Name, Use: store.KeyToken, Secret: t.Secret, Token: t})
		}
	}
	for _, e := range w.Endpoints {
		add(e.Seller, e.Name, store.KeyBase, e.Keys...)
		add(e.Seller, e.Name, store.KeyKit, e.KitKeys...)
		add(e.Seller, e.Name, store.KeyKitPrivate, e.KitPrivateKeys...)
	}
	return list
}

// seedKeys brings the file's keys to those that it declares.
func (d *Draft) seedKeys(declared []NewKey) error {
	ranks := make(map[ring]int64)
	stays := make(map[string]bool)
	var added []NewKey
	var at []int64
	for _, k := range declared {
		r := ring{k.Seller, k.Endpoint, k.Use}
		rank := ranks[r]
		ranks[r]++
		group := d.state.group(k.Seller, k.Endpoint, k.Use)
		i := slices.IndexFunc(group, func(have *keyed) bool { return have.same(k) })
		if i < 0 {
			added, at = append(added, k), append(at, rank)
			continue
		}
		have := group[i]
		stays[have.Seller+"\x1f"+have.ID] = true
		text := have.Document
		if k.Use == store.KeyToken {
			var err error
			if text, err = document(grant{k.Token.Name, k.Token.Scopes, k.Token.Queues}); err != nil {
				return err
			}
		}
		if have.Rank == rank && have.Document == text && have.ManagedBy == d.by {
			continue
		}
		have.Rank, have.Document, have.ManagedBy, have.UpdatedAt = rank, text, d.by, d.now
		d.writeKey(have.SellerKey)
		d.step(StepChange, keyName(&have.SellerKey))
	}
	err := d.endKeys(func(k *keyed) bool { return k.ManagedBy == d.by && !stays[k.Seller+"\x1f"+k.ID] })
	if err != nil {
		return err
	}
	for i, k := range added {
		if _, err := d.addKey(k, at[i]); err != nil {
			return err
		}
	}
	return nil
}
