// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/koogate/koogate/store"
)

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// sealContext is what the secret of a key is bound to.
func sealContext(seller, id string) string { return "seller/key/" + seller + "/" + id }

// digestOf is how a token is kept.
func digestOf(token Secret) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// settingKey names a setting.
type settingKey struct {
	kind         store.SettingKind
	parent, name string
}

// String is how messages name a setting.
func (k settingKey) String() string {
	switch k.kind {
	case store.SettingSeller:
		return "seller " + k.name
	case store.SettingEndpoint:
		return "endpoint " + k.name
	case store.SettingProduct:
		return "product " + k.name + " of endpoint " + k.parent
	case store.SettingProvisioner:
		return "provisioner " + k.name
	}
	return string(k.kind) + " " + k.name
}

// keyed is a key's row with its secret in clear; the secret is empty for a token, and for one that does not open.
type keyed struct {
	store.SellerKey
	plain    Secret
	unsealed bool // false when the sealed secret does not open
}

// state is what the rows of one revision say.
type state struct {
	revision int64
	settings map[settingKey]store.SellerSetting
	keys     []keyed // by seller, owner, use and rank
}

// stateOf opens the rows. Without a sealer no secret is opened.
func stateOf(rows store.SellerRows, s Sealer) *state {
	st := &state{revision: rows.Revision, settings: make(map[settingKey]store.SellerSetting, len(rows.Settings)), keys: make([]keyed, 0, len(rows.Keys))}
	for _, x := range rows.Settings {
		st.settings[settingKey{x.Kind, x.Parent, x.Name}] = x
	}
	for _, k := range rows.Keys {
		key := keyed{SellerKey: k, unsealed: true}
		if k.Secret != nil && s != nil {
			plain, err := s.Open(k.Secret, sealContext(k.Seller, k.ID))
			key.plain, key.unsealed = Secret(plain), err == nil
		}
		st.keys = append(st.keys, key)
	}
	return st
}

// of returns the settings of a kind by parent and name.
func (st *state) of(kind store.SettingKind) []store.SellerSetting {
	var list []store.SellerSetting
	for k, x := range st.settings {
		if k.kind == kind {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b store.SellerSetting) int {
		return cmp.Or(cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// group returns the keys of one owner and use in the order in which they are tried.
func (st *state) group(seller, owner string, use store.KeyUseKind) []*keyed {
	var list []*keyed
	for i := range st.keys {
		if k := &st.keys[i]; k.Seller == seller && k.Owner == owner && k.Use == use {
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b *keyed) int { return cmp.Compare(a.Rank, b.Rank) })
	return list
}

// document is the JSON of a setting; it holds no secret, as the types leave them out.
func document(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// read takes a document apart.
func read[T any](x store.SellerSetting) (v T, err error) {
	if err = json.Unmarshal([]byte(x.Document), &v); err != nil {
		err = fmt.Errorf("%s: %w", settingKey{x.Kind, x.Parent, x.Name}, err)
	}
	return v, err
}
