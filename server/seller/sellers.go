// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

func sellerKey(name string) settingKey {
	return settingKey{kind: store.SettingSeller, name: name}
}

// SellerRows lists sellers without their secrets, filtered by seller and managed_by: every one, or that of the query alone. Errors: STORE_UNAVAILABLE.
func (k *Keeper) SellerRows(ctx context.Context, q store.ListQuery, all bool) ([]Setting[Seller], error) {
	st, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	sees := func(x *store.SellerSetting) bool { return all || x.Seller == q.Seller }
	return listed(st, store.SettingSeller, q, sees, func(s *Setting[Seller], _ string) string { return s.Name })
}

// SellerRow reads one seller without its secrets. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) SellerRow(ctx context.Context, name string) (Setting[Seller], error) {
	return get[Seller](ctx, k, name, sellerKey(name))
}

// holds tells since when a seller has its secrets.
func (st *state) holds(s *Seller, name string) {
	since := func(use store.KeyUseKind) time.Time {
		if group := st.group(name, "", use); len(group) > 0 {
			return group[0].CreatedAt
		}
		return time.Time{}
	}
	s.SecretKeyAt, s.UsageKeyAt = since(store.KeySecret), since(store.KeyUsage)
}

// firstToken is the name of the token that a seller begins with.
const firstToken = "first"

// FirstToken is the token that a seller begins with.
type FirstToken struct {
	ID     string
	Secret Secret
}

// CreateSeller adds a seller with a token that has every scope of a seller's own; of a dry one the token is empty. Errors: STATE_CONFLICT when the name is taken,
// INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) CreateSeller(ctx context.Context, a Act, m Marketplace) (x Setting[Seller], first FirstToken, err error) {
	if err := m.required(); err != nil {
		return x, first, err
	}
	t := Token{Name: firstToken, Secret: newSecret()}
	for _, scope := range access.OfSeller() {
		t.Scopes = append(t.Scopes, string(scope))
	}
	x, err = alter[Seller](ctx, k, sellerKey(a.Name), a.Dry, func(d *Draft) (err error) {
		if err := d.free(sellerKey(a.Name)); err != nil {
			return err
		}
		if err := d.PutSeller(Seller{Name: a.Name, Marketplace: m}, ""); err != nil {
			return err
		}
		if _, err := d.putSecrets(a.Name, m); err != nil {
			return err
		}
		first.ID, err = d.AddKey(NewKey{Seller: a.Name, Use: store.KeyToken, Secret: t.Secret, Token: t})
		return err
	}, a.account)
	if err != nil || a.Dry {
		return x, FirstToken{}, err
	}
	first.Secret = t.Secret
	return x, first, nil
}

// required refuses a seller who could not ask the marketplace for an order. Errors: INVALID_FIELD.
func (m Marketplace) required() error {
	var e *errs.Error
	for _, f := range []struct {
		path, what string
		given      bool
	}{{"settings.access_key", "the AK", m.AccessKey != ""}, {"settings.secret_key", "the SK", m.SecretKey != ""}} {
		if f.given {
			continue
		}
		fault := errs.BadField(f.path, "is required: %s by which Koogate asks the marketplace for orders", f.what)
		if e == nil {
			e = fault
			continue
		}
		e.Msg += "; " + fault.Msg
		e.Fields = append(e.Fields, fault.Fields...)
	}
	if e == nil {
		return nil
	}
	return e
}

// account are the places of a seller.
func (a Act) account(after Declared, err error) error {
	here := at(after.Sellers, "sellers", func(s Seller) bool { return s.Name == a.Name })
	return told(after, err, a.Seller, places{here + ".name": "seller", here + ".marketplace": "settings"})
}

// putSecrets brings the secrets of a seller to those of m: one that differs takes the place of what is there, and an empty one ends it.
func (d *Draft) putSecrets(name string, m Marketplace) (changed bool, err error) {
	for _, s := range []struct {
		use    store.KeyUseKind
		secret Secret
	}{{store.KeySecret, m.SecretKey}, {store.KeyUsage, m.UsageKey}} {
		group := d.state.group(name, "", s.use)
		if len(group) == 0 && s.secret == "" || len(group) == 1 && group[0].unsealed && group[0].plain == s.secret {
			continue
		}
		changed = true
		if err := d.endKeys(func(k *keyed) bool { return k.Seller == name && k.Owner == "" && k.Use == s.use }); err != nil {
			return changed, err
		}
		if s.secret == "" {
			continue
		}
		if _, err := d.AddKey(NewKey{Seller: name, Use: s.use, Secret: s.secret}); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// UpdateSeller changes how a seller reaches the marketplace; edit is given the secrets in clear, may be asked several times, and its errors pass through. Errors:
// SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when others would not be valid any more, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) UpdateSeller(ctx context.Context, a Act, edit func(*Marketplace) error) (Setting[Seller], error) {
	return alter[Seller](ctx, k, sellerKey(a.Name), a.Dry, func(d *Draft) error {
		x, err := d.changeable(a.Name, sellerKey(a.Name), a.Etag)
		if err != nil {
			return err
		}
		s, err := read[Seller](x)
		if err != nil {
			return err
		}
		s.Name = x.Name
		s.Marketplace.SecretKey, s.Marketplace.UsageKey = d.state.secret(x.Name, store.KeySecret), d.state.secret(x.Name, store.KeyUsage)
		if err := edit(&s.Marketplace); err != nil {
			return err
		}
		if err := s.Marketplace.required(); err != nil {
			return err
		}
		if err := d.PutSeller(s, ""); err != nil {
			return err
		}
		changed, err := d.putSecrets(x.Name, s.Marketplace)
		if changed && err == nil && len(d.change.Settings) == 0 { // the etag tells a new secret, too
			x.UpdatedAt = d.now
			d.write(x)
			d.step(StepChange, sellerKey(x.Name).String())
		}
		return err
	}, a.account)
}

// secret is a seller's own for a use; empty when there is none.
func (st *state) secret(name string, use store.KeyUseKind) Secret {
	if group := st.group(name, "", use); len(group) > 0 {
		return group[0].plain
	}
	return ""
}

// EndSellerRow ends a seller with all that is its own; needed says who still needs it. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when
// others would not be valid any more, STORE_UNAVAILABLE; those of needed.
func (k *Keeper) EndSellerRow(ctx context.Context, a Act, needed func(context.Context) error) error {
	_, err := k.change(ctx, a.Dry, func(d *Draft) error {
		if _, err := d.changeable(a.Name, sellerKey(a.Name), a.Etag); err != nil {
			return err
		}
		if err := needed(ctx); err != nil {
			return err
		}
		return d.EndSeller(a.Name, "")
	}, func(after Declared, err error) error { return told(after, err, a.Seller, nil) })
	return err
}
