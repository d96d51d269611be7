// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

func (a Act) productKey() settingKey { return settingKey{store.SettingProduct, a.Parent, a.Name} }

// Products lists the products of a seller's endpoints, filtered by endpoint, product_id, provisioner and managed_by. Errors:
// STORE_UNAVAILABLE.
func (k *Keeper) Products(ctx context.Context, q store.ListQuery) ([]Setting[Product], error) {
	return list(ctx, k, store.SettingProduct, q, func(s *Setting[Product], field string) string {
		switch field {
		case "endpoint":
			return s.Parent
		case "provisioner":
			return s.Value.Provisioner
		}
		return s.Name
	})
}

// Product reads one of a seller's products. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) Product(ctx context.Context, seller, endpoint, id string) (Setting[Product], error) {
	return get[Product](ctx, k, seller, settingKey{store.SettingProduct, endpoint, id})
}

// CreateProduct adds a product to an endpoint, also to one that the file manages. Errors: SETTING_NOT_FOUND, STATE_CONFLICT when it is there,
// INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) CreateProduct(ctx context.Context, a Act, p Product) (Setting[Product], error) {
	return alter[Product](ctx, k, a.productKey(), a.Dry, func(d *Draft) error {
		if err := d.state.endpoint(a.Seller, a.Parent); err != nil {
			return err
		}
		if err := d.free(a.productKey()); err != nil {
			return err
		}
		return d.PutProduct(a.Parent, a.Name, p, "")
	}, a.product)
}

// UpdateProduct changes a product; edit may be asked several times, its errors pass through. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE,
// ETAG_MISMATCH, STATE_CONFLICT when others would not be valid any more, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) UpdateProduct(ctx context.Context, a Act, edit func(*Product) error) (Setting[Product], error) {
	return alter[Product](ctx, k, a.productKey(), a.Dry, func(d *Draft) error {
		x, err := d.changeable(a.Seller, a.productKey(), a.Etag)
		if err != nil {
			return err
		}
		p, err := read[Product](x)
		if err != nil {
			return err
		}
		if err := edit(&p); err != nil {
			return err
		}
		return d.PutProduct(a.Parent, a.Name, p, "")
	}, a.product)
}

// EndProduct ends a product. needed says who would have nobody who fulfils it; it is told whether the endpoint has a rule for all other
// products, which would take its place. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when it is the endpoint's last
// or others need it, STORE_UNAVAILABLE; those of needed.
func (k *Keeper) EndProduct(ctx context.Context, a Act, needed func(ctx context.Context, replaced bool) error) error {
	_, err := k.change(ctx, a.Dry, func(d *Draft) error {
		if _, err := d.changeable(a.Seller, a.productKey(), a.Etag); err != nil {
			return err
		}
		others, replaced := 0, false
		for _, x := range d.state.of(store.SettingProduct) {
			if x.Parent == a.Parent && x.Name != a.Name {
				others++
				replaced = replaced || x.Name == "*"
			}
		}
		if d.state.endpoint(a.Seller, a.Parent) != nil { // the file has taken the endpoint away
			return d.EndProduct(a.Parent, a.Name, "")
		}
		if others == 0 {
			return errs.New(errs.Precondition, errs.StateConflict, "%s is the endpoint's last: create another product first, or delete the endpoint", a.productKey())
		}
		if err := needed(ctx, replaced); err != nil {
			return err
		}
		return d.EndProduct(a.Parent, a.Name, "")
	}, a.product)
	return err
}

// product puts the faults of a product into the caller's words.
func (a Act) product(after Declared, err error) error {
	here := at(after.Endpoints, "endpoints", func(e Endpoint) bool { return e.Name == a.Parent }) + ".products[" + a.Name + "]"
	own := places{here: "settings"}
	if id := here; len([]rune(a.Name)) > 64 || a.Name == "" {
		own[id] = "product_id"
	}
	return told(after, err, a.Seller, own)
}
