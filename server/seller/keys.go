// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// KeyState says whether a key counts.
type KeyState string

// The states of a key. Where several hold, the first does.
const (
	KeyUnreadable KeyState = "UNREADABLE" // the keyset lacks what has sealed it: it does not count
	KeyRetired    KeyState = "RETIRED"    // its window is over
	KeyPending    KeyState = "PENDING"    // its window has not begun
	KeyActive     KeyState = "ACTIVE"     // it counts
)

// EndpointKey is a key of an endpoint without its secret.
type EndpointKey struct {
	store.SellerKey // without Secret
	State           KeyState
}

// Purposes are what keys of endpoints are for.
func Purposes() []store.KeyUseKind {
	return []store.KeyUseKind{store.KeyBase, store.KeyKit, store.KeyKitPrivate}
}

// ofEndpoint says whether a key is of an endpoint, and not of its seller or of a provisioner.
func (k *keyed) ofEndpoint() bool { return slices.Contains(Purposes(), k.Use) }

// counts says whether a key counts at a time.
func (k *keyed) counts(at time.Time) bool {
	return k.unsealed && !at.Before(k.NotBefore) && (k.NotAfter.IsZero() || at.Before(k.NotAfter))
}

// show is a key as it stands at a time. used tells the uses that the store does not know of yet.
func (k *keyed) show(now time.Time, used func(seller, id string) time.Time) EndpointKey {
	x := EndpointKey{SellerKey: k.SellerKey, State: KeyActive}
	x.Secret = nil
	if at := used(k.Seller, k.ID); at.After(x.LastUsedAt) {
		x.LastUsedAt = at
	}
	switch {
	case !k.unsealed:
		x.State = KeyUnreadable
	case !k.NotAfter.IsZero() && !now.Before(k.NotAfter):
		x.State = KeyRetired
	case now.Before(k.NotBefore):
		x.State = KeyPending
	}
	return x
}

// last tells when this process has last seen a key used; zero when it has not.
func (u *uses) last(seller, id string) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if use := u.keys[[2]string{seller, id}]; use != nil {
		if at := use.at.Load(); at > 0 {
			return time.UnixMicro(at).UTC()
		}
	}
	return time.Time{}
}

// rows reads what there is.
func (k *Keeper) rows(ctx context.Context) (*state, error) {
	rows, err := k.Store.Sellers(ctx)
	if err != nil {
		return nil, storefault.Of(err)
	}
	return stateOf(rows, k.Sealer), nil
}

// Keys lists the keys of a seller's endpoints that are not deleted, filtered by endpoint, purpose and managed_by. Errors: STORE_UNAVAILABLE.
func (k *Keeper) Keys(ctx context.Context, q store.ListQuery) ([]EndpointKey, error) {
	st, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	now := k.Clock.Now()
	var list []EndpointKey
	for i := range st.keys {
		if x := &st.keys[i]; x.Seller == q.Seller && x.ofEndpoint() && x.matches(q.Filter) {
			list = append(list, x.show(now, k.uses.last))
		}
	}
	return store.PageOf(list, q, func(x EndpointKey) store.Cursor { return store.Cursor{CreatedAt: x.CreatedAt, ID: x.ID} }), nil
}

func (k *keyed) matches(filter []store.Term) bool {
	return store.Match(filter, func(field string) string {
		switch field {
		case "endpoint":
			return k.Owner
		case "purpose":
			return string(k.Use)
		case "managed_by":
			return string(k.ManagedBy)
		}
		return ""
	})
}

// Key reads a key of an endpoint. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) Key(ctx context.Context, seller, id string) (EndpointKey, error) {
	st, err := k.rows(ctx)
	if err != nil {
		return EndpointKey{}, err
	}
	i, err := st.endpointKey(seller, id)
	if err != nil {
		return EndpointKey{}, err
	}
	return st.keys[i].show(k.Clock.Now(), k.uses.last), nil
}

// endpointKey finds a key of an endpoint. Errors: SETTING_NOT_FOUND.
func (st *state) endpointKey(seller, id string) (int, error) {
	i := slices.IndexFunc(st.keys, func(k keyed) bool { return k.Seller == seller && k.ID == id && k.ofEndpoint() })
	if i < 0 {
		return 0, errs.New(errs.NotFound, errs.SettingNotFound, "key %s of seller %s does not exist", id, seller)
	}
	return i, nil
}

// endpoint fails when a seller has no such endpoint. Errors: SETTING_NOT_FOUND.
func (st *state) endpoint(seller, name string) error {
	key := settingKey{kind: store.SettingEndpoint, name: name}
	if have, exists := st.settings[key]; !exists || have.Seller != seller {
		return errs.New(errs.NotFound, errs.SettingNotFound, "%s does not exist", key)
	}
	return nil
}

// CreateKey adds a key to an endpoint, also to one that the file manages. Without a secret it makes one of 52 characters, but no private
// key. secret is the one that counts. Errors: SETTING_NOT_FOUND, STATE_CONFLICT when the endpoint has the key already, INVALID_FIELD,
// STORE_UNAVAILABLE.
func (k *Keeper) CreateKey(ctx context.Context, n NewKey) (x EndpointKey, secret Secret, err error) {
	now := k.Clock.Now()
	switch {
	case n.Secret == "" && n.Use == store.KeyKitPrivate:
		return x, "", errs.BadField("secret", "is required: only whoever has the public half can have made a private key")
	case n.Secret == "":
		n.Secret = newSecret()
	}
	if !n.NotAfter.IsZero() && (!n.NotAfter.After(now) || !n.NotAfter.After(n.NotBefore)) {
		return x, "", errs.BadField("end_time", "must lie ahead, and behind start_time")
	}
	var row keyed
	revision, err := k.Change(ctx, func(d *Draft) error {
		if err := d.state.endpoint(n.Seller, n.Endpoint); err != nil {
			return err
		}
		if _, err := d.AddKey(n); err != nil {
			return err
		}
		row = d.state.keys[len(d.state.keys)-1]
		return nil
	})
	if err != nil {
		return x, "", keyFault(err, n.Use)
	}
	row.Version = revision
	return row.show(now, k.uses.last), n.Secret, nil
}

// keyFault tells of a key that the check of everything together refuses, in the caller's naming, and nothing of other endpoints.
func keyFault(err error, use store.KeyUseKind) error {
	var found interface{ Paths() []string }
	if !errors.As(err, &found) {
		return err
	}
	paths := found.Paths()
	secret := slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "keys[") })
	switch {
	case secret && use == store.KeyKitPrivate:
		return errs.BadField("secret", "is not an RSA private key of 3072 bits or more in PEM")
	case secret:
		return errs.BadField("secret", "is in use for another type of interface; the marketplace binds a key to one: take another key")
	case slices.ContainsFunc(paths, func(p string) bool {
		return strings.HasSuffix(p, ".kit_keys") || strings.HasSuffix(p, ".kit_private_keys")
	}):
		return errs.BadField("purpose", "only matters to an endpoint that serves the Kit, which this one does not")
	}
	return err
}

// Retirement sets the end of a key's window.
type Retirement struct {
	Seller, ID string
	End        time.Time // zero, or a time that has passed, for now
	Force      bool      // also when no key is left that counts
	Etag       string    // of the key as the caller knows it; empty for whatever it is
}

// RetireKey sets the end of a key's window, which a later call may set to another time as long as the key is not deleted. Errors:
// SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, INVALID_FIELD when the window would end before it begins, STATE_CONFLICT when no key of
// the endpoint and purpose would count from then on, STORE_UNAVAILABLE.
func (k *Keeper) RetireKey(ctx context.Context, r Retirement) (EndpointKey, error) {
	var row keyed
	revision, err := k.Change(ctx, func(d *Draft) error {
		end := r.End.UTC().Truncate(time.Microsecond)
		if end.Before(d.now) {
			end = d.now
		}
		i, err := d.state.endpointKey(r.Seller, r.ID)
		if err != nil {
			return err
		}
		x := d.state.keys[i]
		if err := versioned(r.Etag, x.Version, keyName(&x.SellerKey)); err != nil {
			return err
		}
		sooner := x.NotAfter.IsZero() || end.Before(x.NotAfter)
		if sooner && !r.Force && !slices.ContainsFunc(d.state.group(x.Seller, x.Owner, x.Use), func(o *keyed) bool { return o.ID != x.ID && o.counts(end) }) {
			return errs.New(errs.Precondition, errs.StateConflict,
				"no other %s key of endpoint %s counts at %s, and calls would be refused: create one that does, or retire this one with force", x.Use, x.Owner, end.Format(time.RFC3339))
		}
		if err := d.RetireKey(r.Seller, r.ID, end); err != nil {
			return err
		}
		row = d.state.keys[i]
		return nil
	})
	if err != nil {
		return EndpointKey{}, err
	}
	row.Version = revision
	return row.show(k.Clock.Now(), k.uses.last), nil
}

// DeleteKey ends a key that is retired and forgets its secret. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when the
// key is not retired, or is the last without which the endpoint would not be valid, STORE_UNAVAILABLE.
func (k *Keeper) DeleteKey(ctx context.Context, seller, id, etag string) error {
	_, err := k.Change(ctx, func(d *Draft) error {
		i, err := d.state.endpointKey(seller, id)
		if err != nil {
			return err
		}
		x := &d.state.keys[i]
		if err := versioned(etag, x.Version, keyName(&x.SellerKey)); err != nil {
			return err
		}
		if err := d.managed(x.ManagedBy, keyName(&x.SellerKey)); err != nil {
			return err
		}
		state := x.show(d.now, k.uses.last).State
		switch {
		case state != KeyRetired && state != KeyUnreadable:
			return errs.New(errs.Precondition, errs.StateConflict, "%s is not retired: retire it first", keyName(&x.SellerKey))
		case x.Use != store.KeyKit && len(d.state.group(seller, x.Owner, x.Use)) == 1:
			return errs.New(errs.Precondition, errs.StateConflict, "%s is the endpoint's last: create another first", keyName(&x.SellerKey))
		}
		d.endKey(i)
		return nil
	})
	return err
}
