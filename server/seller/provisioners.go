// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
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

// MostHookSecrets is how many secrets of a webhook provisioner sign at once.
const MostHookSecrets = 2

// CreateProvisioner adds a provisioner that only its seller may use. secret is the one that was made for a webhook, which is not shown again. Errors:
// STATE_CONFLICT when the name is taken, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) CreateProvisioner(ctx context.Context, a Act, p Provisioner) (x Setting[Provisioner], secret Secret, err error) {
	p.Name, p.Seller = a.Name, a.Seller
	x, err = alter[Provisioner](ctx, k, provisionerKey(a.Name), a.Dry, func(d *Draft) (err error) {
		if err := d.free(provisionerKey(a.Name)); err != nil {
			return err
		}
		if err := d.PutProvisioner(p, ""); err != nil {
			return err
		}
		secret, err = d.hookSecrets(p)
		return err
	}, a.provisioner)
	return x, a.shown(secret, err), err
}

// shown is a secret that was made, for the answer of a change that was carried out.
func (a Act) shown(secret Secret, err error) Secret {
	if err != nil || a.Dry {
		return ""
	}
	return secret
}

// UpdateProvisioner changes a provisioner of the seller's own; edit may be asked several times, its errors pass through. secret is as of CreateProvisioner, of one that
// becomes a webhook. One that is none any more loses its secrets. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when others would not be
// valid any more, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) UpdateProvisioner(ctx context.Context, a Act, edit func(*Provisioner) error) (after Setting[Provisioner], secret Secret, err error) {
	key := provisionerKey(a.Name)
	after, err = alter[Provisioner](ctx, k, key, a.Dry, func(d *Draft) error {
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
		if err := d.PutProvisioner(p, ""); err != nil {
			return err
		}
		secret, err = d.hookSecrets(p)
		return err
	}, a.provisioner)
	return after, a.shown(secret, err), err
}

// hookSecrets sees to it that a webhook has a secret, which it returns when it has made one, and that nothing else has any.
func (d *Draft) hookSecrets(p Provisioner) (Secret, error) {
	if p.Type != ProvisionerWebhook {
		return "", d.endHookSecrets(p.Name)
	}
	if len(d.state.group(p.Seller, p.Name, store.KeyProvisioner)) > 0 {
		return "", nil
	}
	made := Secret(outbound.NewSecret())
	_, err := d.AddKey(NewKey{Seller: p.Seller, Endpoint: p.Name, Use: store.KeyProvisioner, Secret: made})
	return made, err
}

func (d *Draft) endHookSecrets(name string) error {
	return d.endKeys(func(k *keyed) bool { return k.Use == store.KeyProvisioner && k.Owner == name })
}

// AddHookSecret adds a second secret to a webhook provisioner: from then on each call bears a signature by either. secret is not shown again. Errors:
// SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when it is no webhook or has two already, STORE_UNAVAILABLE.
func (k *Keeper) AddHookSecret(ctx context.Context, a Act) (x Setting[Provisioner], secret Secret, err error) {
	key := provisionerKey(a.Name)
	secret = Secret(outbound.NewSecret())
	x, err = alter[Provisioner](ctx, k, key, a.Dry, func(d *Draft) error {
		if err := d.hook(a); err != nil {
			return err
		}
		if len(d.state.group(a.Seller, a.Name, store.KeyProvisioner)) >= MostHookSecrets {
			return errs.New(errs.Precondition, errs.StateConflict, "%s has %d secrets: retire the one that is not in use any more", key, MostHookSecrets)
		}
		_, err := d.AddKey(NewKey{Seller: a.Seller, Endpoint: a.Name, Use: store.KeyProvisioner, Secret: secret})
		return err
	}, a.provisioner)
	return x, a.shown(secret, err), err
}

// RetireHookSecret ends a secret of a webhook provisioner for good. Errors: SETTING_NOT_FOUND when there is no such provisioner or secret, MANAGED_BY_FILE, ETAG_MISMATCH,
// STATE_CONFLICT when it is the only one, STORE_UNAVAILABLE.
func (k *Keeper) RetireHookSecret(ctx context.Context, a Act, id string) (Setting[Provisioner], error) {
	key := provisionerKey(a.Name)
	return alter[Provisioner](ctx, k, key, a.Dry, func(d *Draft) error {
		if err := d.hook(a); err != nil {
			return err
		}
		group := d.state.group(a.Seller, a.Name, store.KeyProvisioner)
		switch i := slices.IndexFunc(group, func(k *keyed) bool { return k.ID == id }); {
		case i < 0:
			return errs.New(errs.NotFound, errs.SettingNotFound, "%s has no secret %s", key, id)
		case len(group) == 1:
			return errs.New(errs.Precondition, errs.StateConflict, "secret %s is the only one of %s: add another first", id, key)
		}
		return d.endKeys(func(k *keyed) bool { return k.Seller == a.Seller && k.ID == id })
	}, a.provisioner)
}

// hook refuses what is no webhook provisioner that the caller may change. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT.
func (d *Draft) hook(a Act) error {
	x, err := d.changeable(a.Seller, provisionerKey(a.Name), a.Etag)
	if err != nil {
		return err
	}
	p, err := read[Provisioner](x)
	if err == nil && p.Type != ProvisionerWebhook {
		err = errs.New(errs.Precondition, errs.StateConflict, "provisioner %s is of type %s, and only a webhook has secrets", a.Name, p.Type)
	}
	return err
}

// hold tells the secrets of a webhook provisioner without their text.
func (st *state) hold(p *Provisioner, owner, name string) {
	p.Webhook.Held = nil
	for _, k := range st.group(owner, name, store.KeyProvisioner) {
		p.Webhook.Held = append(p.Webhook.Held, HeldSecret{k.ID, k.CreatedAt})
	}
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
		if err := d.EndProvisioner(a.Name, ""); err != nil {
			return err
		}
		return d.endHookSecrets(a.Name)
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
