// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"fmt"
	"slices"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

func endpointKey(name string) settingKey {
	return settingKey{kind: store.SettingEndpoint, name: name}
}

// EndpointRows lists the endpoints of a seller, without keys and products, filtered by endpoint and managed_by. Errors: STORE_UNAVAILABLE.
func (k *Keeper) EndpointRows(ctx context.Context, q store.ListQuery) ([]Setting[Endpoint], error) {
	return list(ctx, k, store.SettingEndpoint, q, func(s *Setting[Endpoint], _ string) string { return s.Name })
}

// EndpointRow reads one of a seller's endpoints, without keys and products. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) EndpointRow(ctx context.Context, seller, name string) (Setting[Endpoint], error) {
	return get[Endpoint](ctx, k, seller, endpointKey(name))
}

// NamedProduct is a product that an endpoint begins with.
type NamedProduct struct {
	ID string
	Product
}

// NewEndpoint is an endpoint to be added, with its first products and keys.
type NewEndpoint struct {
	Endpoint Endpoint
	Products []NamedProduct // one at least
	Keys     []NewKey       // their use and secret count
}

// CreateEndpoint adds an endpoint. Without a key for the base interfaces it makes one of 52 characters, which is returned. Errors: STATE_CONFLICT
// when the name is taken, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) CreateEndpoint(ctx context.Context, a Act, n NewEndpoint) (x Setting[Endpoint], made Secret, err error) {
	e := n.Endpoint
	e.Name, e.Seller = a.Name, a.Seller
	keys := slices.Clone(n.Keys)
	if !slices.ContainsFunc(keys, func(key NewKey) bool { return key.Use == store.KeyBase }) {
		made = newSecret()
		keys = append(keys, NewKey{Use: store.KeyBase, Secret: made})
	}
	if err := n.distinct(); err != nil {
		return x, "", err
	}
	x, err = alter[Endpoint](ctx, k, endpointKey(a.Name), a.Dry, func(d *Draft) error {
		if err := d.free(endpointKey(a.Name)); err != nil {
			return err
		}
		e.Position = 0
		for _, row := range d.state.of(store.SettingEndpoint) {
			have, err := read[Endpoint](row)
			if err != nil {
				return err
			}
			e.Position = max(e.Position, have.Position+1) // behind all others, so that no key that signs usage changes
		}
		if err := d.PutEndpoint(e, ""); err != nil {
			return err
		}
		for _, p := range n.Products {
			if err := d.PutProduct(a.Name, p.ID, p.Product, ""); err != nil {
				return err
			}
		}
		for _, key := range keys {
			key.Seller, key.Endpoint = a.Seller, a.Name
			if _, err := d.AddKey(key); err != nil {
				return err
			}
		}
		return nil
	}, func(after Declared, err error) error { return told(after, err, a.Seller, a.endpoint(after, n)) })
	if err != nil || a.Dry {
		made = ""
	}
	return x, made, err
}

// distinct refuses what is given twice. Errors: INVALID_FIELD.
func (n NewEndpoint) distinct() error {
	for i, p := range n.Products {
		if slices.ContainsFunc(n.Products[:i], func(o NamedProduct) bool { return o.ID == p.ID }) {
			return errs.BadField(fmt.Sprintf("products[%d].product_id", i), "is given twice: remove one")
		}
	}
	for i, key := range n.Keys {
		if slices.ContainsFunc(n.Keys[:i], func(o NewKey) bool { return o.Use == key.Use && o.Secret == key.Secret }) {
			return errs.BadField(fmt.Sprintf("keys[%d].secret", i), "is given twice: remove one")
		}
	}
	return nil
}

// endpoint are the places of an endpoint with its first products and keys.
func (a Act) endpoint(after Declared, n NewEndpoint) places {
	here := at(after.Endpoints, "endpoints", func(e Endpoint) bool { return e.Name == a.Name })
	own := places{
		here + ".name": "endpoint", here: "settings", here + ".products": "products", here + ".keys": "keys", here + ".kit_keys": "keys",
		here + ".kit_private_keys": "keys",
	}
	for i, p := range n.Products {
		own[fmt.Sprintf("%s.products[%s]", here, p.ID)] = fmt.Sprintf("products[%d].settings", i)
	}
	of := map[store.KeyUseKind]int{}
	for i, key := range n.Keys {
		list := map[store.KeyUseKind]string{store.KeyBase: "keys", store.KeyKit: "kit_keys", store.KeyKitPrivate: "kit_private_keys"}[key.Use]
		own[fmt.Sprintf("%s.%s[%d]", here, list, of[key.Use])] = fmt.Sprintf("keys[%d].secret", i)
		of[key.Use]++
	}
	return own
}

// UpdateEndpoint changes an endpoint; edit may be asked several times, its errors pass through. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE,
// ETAG_MISMATCH, STATE_CONFLICT when others would not be valid any more, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) UpdateEndpoint(ctx context.Context, a Act, edit func(*Endpoint) error) (Setting[Endpoint], error) {
	return alter[Endpoint](ctx, k, endpointKey(a.Name), a.Dry, func(d *Draft) error {
		x, err := d.changeable(a.Seller, endpointKey(a.Name), a.Etag)
		if err != nil {
			return err
		}
		e, err := read[Endpoint](x)
		if err != nil {
			return err
		}
		position := e.Position
		if err := edit(&e); err != nil {
			return err
		}
		e.Name, e.Seller, e.Position = x.Name, x.Seller, position
		return d.PutEndpoint(e, "")
	}, func(after Declared, err error) error {
		here := at(after.Endpoints, "endpoints", func(e Endpoint) bool { return e.Name == a.Name })
		return told(after, err, a.Seller, places{here: "settings", here + ".kit_private_keys": "settings.families"})
	})
}

// EndEndpointRow ends an endpoint with its products and keys; needed says who still needs it. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE,
// ETAG_MISMATCH, STATE_CONFLICT when others would not be valid any more, STORE_UNAVAILABLE; those of needed.
func (k *Keeper) EndEndpointRow(ctx context.Context, a Act, needed func(context.Context) error) error {
	_, err := k.change(ctx, a.Dry, func(d *Draft) error {
		if _, err := d.changeable(a.Seller, endpointKey(a.Name), a.Etag); err != nil {
			return err
		}
		if err := needed(ctx); err != nil {
			return err
		}
		return d.EndEndpoint(a.Name, "")
	}, func(after Declared, err error) error { return told(after, err, a.Seller, nil) })
	return err
}
