// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

func provisionerKey(name string) settingKey {
	return settingKey{kind: store.SettingProvisioner, name: name}
}

// Provisioners lists the provisioners that a seller may use, filtered by provisioner, type and managed_by. Errors: STORE_UNAVAILABLE.
func (k *Keeper) Provisioners(ctx context.Context, q store.ListQuery) ([]Setting[Provisioner], error) {
	return list(ctx, k, store.SettingProvisioner, q, func(s *Setting[Provisioner], field string) string {
		if field == "type" {
			return s.Value.Type
		}
		return s.Name
	})
}

// Provisioner reads one that a seller may use. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) Provisioner(ctx context.Context, seller, name string) (Setting[Provisioner], error) {
	return get[Provisioner](ctx, k, seller, provisionerKey(name))
}

// CreateProvisioner adds a provisioner that only its seller may use. Errors: STATE_CONFLICT when the name is taken, INVALID_FIELD,
// STORE_UNAVAILABLE.
func (k *Keeper) CreateProvisioner(ctx context.Context, a Act, p Provisioner) (Setting[Provisioner], error) {
	p.Name, p.Seller = a.Name, a.Seller
	return alter[Provisioner](ctx, k, provisionerKey(a.Name), a.Dry, func(d *Draft) error {
		if err := d.free(provisionerKey(a.Name)); err != nil {
			return err
		}
		return d.PutProvisioner(p, "")
	}, a.provisioner)
}

// UpdateProvisioner changes a provisioner of the seller's own; edit may be asked several times, its errors pass through. Errors:
// SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when others would not be valid any more, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) UpdateProvisioner(ctx context.Context, a Act, edit func(*Provisioner) error) (Setting[Provisioner], error) {
	key := provisionerKey(a.Name)
	return alter[Provisioner](ctx, k, key, a.Dry, func(d *Draft) error {
		x, err := d.changeable(a.Seller, key, a.Etag)
		if err != nil {
			return err
		}
		p, err := read[Provisioner](x)
		if err != nil {
			return err
		}
		if err := edit(&p); err != nil {
			return err
		}
		p.Name, p.Seller = x.Name, x.Seller
		return d.PutProvisioner(p, "")
	}, a.provisioner)
}

// EndProvisioner ends a provisioner of the seller's own; needed says who still needs it that no setting tells of. Errors:
// SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT while something names it, STORE_UNAVAILABLE; those of needed.
func (k *Keeper) EndProvisioner(ctx context.Context, a Act, needed func(context.Context) error) error {
	_, err := k.change(ctx, a.Dry, func(d *Draft) error {
		if _, err := d.changeable(a.Seller, provisionerKey(a.Name), a.Etag); err != nil {
			return err
		}
		if err := d.state.unused(a.Name); err != nil {
			return err
		}
		if err := needed(ctx); err != nil {
			return err
		}
		return d.EndProvisioner(a.Name, "")
	}, a.provisioner)
	return err
}

// unused fails while a product, token or certificate names a provisioner. Only its seller's can. Errors: STATE_CONFLICT.
func (st *state) unused(name string) error {
	for _, x := range st.of(store.SettingProduct) {
		p, err := read[Product](x)
		if err != nil {
			return err
		}
		if p.Provisioner == name {
			return errs.New(errs.Precondition, errs.StateConflict, "%s is fulfilled by provisioner %s: give it another provisioner first", settingKey{x.Kind, x.Parent, x.Name}, name)
		}
	}
	for i := range st.keys {
		var g grant
		k := &st.keys[i]
		if k.Use == store.KeyToken && json.Unmarshal([]byte(k.Document), &g) == nil && slices.Contains(g.Queues, name) {
			return errs.New(errs.Precondition, errs.StateConflict, "token %s may lease from the queue of provisioner %s: end it, or take the queue from it, first", g.Name, name)
		}
	}
	for _, x := range st.of(store.SettingSeller) {
		s, err := read[Seller](x)
		if err != nil {
			return err
		}
		for _, c := range s.Certificates {
			if slices.Contains(c.Queues, name) {
				return errs.New(errs.Precondition, errs.StateConflict, "certificate %s may lease from the queue of provisioner %s: take the queue from it first", c.Name, name)
			}
		}
	}
	return nil
}

// provisioner puts the faults of a provisioner into the caller's words.
func (a Act) provisioner(after Declared, err error) error {
	here := at(after.Provisioners, "provisioners", func(p Provisioner) bool { return p.Name == a.Name })
	return told(after, err, a.Seller, places{here + ".name": "provisioner", here: "settings"})
}
