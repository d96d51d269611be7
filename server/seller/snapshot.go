// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/store"
)

// Snapshot is everything that is sold through, as it was together at one revision. Nobody may change it.
type Snapshot struct {
	Revision     int64
	Sellers      []Seller      // by name, without tokens
	Endpoints    []Endpoint    // by seller and position, each with its products and with the keys that count now
	Provisioners []Provisioner // by name
	Tokens       []Bearer

	sellers      map[string]*Seller
	endpoints    map[string]*Endpoint
	provisioners map[string]*Provisioner
	rings        map[ring][]*Key
	outside      map[ring][]Secret // of keys that have begun no more or not yet, as far as their secrets are known
	next         time.Time         // when the next key begins or ceases to count; zero for never
	views        []any             // by the order of their registration
}

// ring names the keys of one owner and use.
type ring struct {
	seller, owner string
	use           store.KeyUseKind
}

// Key is a key that counts now.
type Key struct {
	Seller, ID string
	Secret     Secret
	used       *Use
}

// Used notes that the key was used; it is written down once a minute at most.
func (k *Key) Used(now time.Time) { k.used.note(now) }

// Noted returns what notes the use of one of the keys by its secret, and tells the key's ID; empty for a secret of none.
func Noted(rings ...[]*Key) func(secret string, now time.Time) (id string) {
	return func(secret string, now time.Time) string {
		for _, keys := range rings {
			for _, k := range keys {
				if string(k.Secret) == secret {
					k.Used(now)
					return k.ID
				}
			}
		}
		return ""
	}
}

// Bearer is a token that counts now.
type Bearer struct {
	Seller, ID, Name string
	Digest           string // the SHA-256 of the token, in hex
	Scopes           []access.Scope
	Queues           []string // from which the bearer may lease; empty means every queue of workers
	used             *Use
}

// Used notes that the token was used.
func (b *Bearer) Used(now time.Time) { b.used.note(now) }

// Seller returns a seller by name; nil when there is none.
func (s *Snapshot) Seller(name string) *Seller { return s.sellers[name] }

// Endpoint returns an endpoint by name; nil when there is none.
func (s *Snapshot) Endpoint(name string) *Endpoint { return s.endpoints[name] }

// Provisioner returns a provisioner by name; nil when there is none.
func (s *Snapshot) Provisioner(name string) *Provisioner { return s.provisioners[name] }

// Ring returns the keys of an endpoint that count now, in the order in which they are tried. has is false when the endpoint was never
// given a key for that use.
func (s *Snapshot) Ring(e *Endpoint, use store.KeyUseKind) (keys []*Key, has bool) {
	keys, has = s.rings[ring{e.Seller, e.Name, use}]
	return keys, has
}

// Outside returns the secrets of an endpoint's keys for a use that do not count now, as far as they are known: they verify nothing.
func (s *Snapshot) Outside(e *Endpoint, use store.KeyUseKind) []Secret {
	return s.outside[ring{e.Seller, e.Name, use}]
}

// UsageKey signs the seller's usage pushes: its own, or the first key of its first endpoint. Empty when there is neither.
func (s *Snapshot) UsageKey(seller string) Secret {
	if x := s.sellers[seller]; x != nil && x.Marketplace.UsageKey != "" {
		return x.Marketplace.UsageKey
	}
	for i := range s.Endpoints {
		if e := &s.Endpoints[i]; e.Seller == seller && len(e.Keys) > 0 {
			return e.Keys[0]
		}
	}
	return ""
}

// snapshot makes what counts at a time. What belongs to something that is not there is left out.
func (st *state) snapshot(now time.Time, used func(seller, id string) *Use) (*Snapshot, error) {
	s := &Snapshot{
		Revision: st.revision, sellers: make(map[string]*Seller), endpoints: make(map[string]*Endpoint), provisioners: make(map[string]*Provisioner),
		rings: make(map[ring][]*Key), outside: make(map[ring][]Secret),
	}
	if err := s.takeKeys(st, now, used); err != nil {
		return nil, err
	}
	for _, x := range st.of(store.SettingProvisioner) {
		p, err := read[Provisioner](x)
		if err != nil {
			return nil, err
		}
		p.Name, p.Seller = x.Name, x.Seller
		for _, k := range s.rings[ring{x.Seller, x.Name, store.KeyProvisioner}] {
			p.Webhook.Secrets = append(p.Webhook.Secrets, k.Secret)
		}
		s.Provisioners = append(s.Provisioners, p)
	}
	for _, x := range st.of(store.SettingSeller) {
		v, err := read[Seller](x)
		if err != nil {
			return nil, err
		}
		v.Name = x.Name
		v.Marketplace.SecretKey, v.Marketplace.UsageKey = s.one(x.Name, store.KeySecret), s.one(x.Name, store.KeyUsage)
		s.Sellers = append(s.Sellers, v)
	}
	for i := range s.Sellers {
		s.sellers[s.Sellers[i].Name] = &s.Sellers[i]
	}
	for i := range s.Provisioners {
		s.provisioners[s.Provisioners[i].Name] = &s.Provisioners[i]
	}
	return s, s.takeEndpoints(st)
}

func (s *Snapshot) takeEndpoints(st *state) error {
	products := make(map[string]map[string]Product)
	for _, x := range st.of(store.SettingProduct) {
		if st.settings[endpointKey(x.Parent)].Seller != x.Seller { // it was of another seller, who had an endpoint of that name
			continue
		}
		p, err := read[Product](x)
		if err != nil {
			return err
		}
		if products[x.Parent] == nil {
			products[x.Parent] = make(map[string]Product)
		}
		products[x.Parent][x.Name] = p
	}
	for _, x := range st.of(store.SettingEndpoint) {
		e, err := read[Endpoint](x)
		if err != nil {
			return err
		}
		e.Name, e.Seller, e.Products = x.Name, x.Seller, products[x.Name]
		e.Keys, e.KitKeys, e.KitPrivateKeys = s.secrets(&e, store.KeyBase), s.secrets(&e, store.KeyKit), s.secrets(&e, store.KeyKitPrivate)
		s.Endpoints = append(s.Endpoints, e)
	}
	slices.SortStableFunc(s.Endpoints, func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name))
	})
	for i := range s.Endpoints {
		s.endpoints[s.Endpoints[i].Name] = &s.Endpoints[i]
	}
	return nil
}

// takeKeys sorts the keys that count into their rings, and finds out when that changes next.
func (s *Snapshot) takeKeys(st *state, now time.Time, used func(seller, id string) *Use) error {
	keys := slices.Clone(st.keys)
	slices.SortStableFunc(keys, func(a, b keyed) int { return cmp.Compare(a.Rank, b.Rank) })
	for i := range keys {
		k := &keys[i]
		r := ring{k.Seller, k.Owner, k.Use}
		if _, has := s.rings[r]; !has {
			s.rings[r] = nil
		}
		for _, edge := range []time.Time{k.NotBefore, k.NotAfter} {
			if edge.After(now) && (s.next.IsZero() || edge.Before(s.next)) {
				s.next = edge
			}
		}
		if k.Use != store.KeyToken && k.plain != "" && (now.Before(k.NotBefore) || !k.NotAfter.IsZero() && !now.Before(k.NotAfter)) {
			s.outside[r] = append(s.outside[r], k.plain)
		}
		if now.Before(k.NotBefore) || !k.NotAfter.IsZero() && !now.Before(k.NotAfter) || !k.unsealed {
			continue
		}
		if k.Use != store.KeyToken {
			s.rings[r] = append(s.rings[r], &Key{Seller: k.Seller, ID: k.ID, Secret: k.plain, used: used(k.Seller, k.ID)})
			continue
		}
		var g grant
		if err := json.Unmarshal([]byte(k.Document), &g); err != nil {
			return fmt.Errorf("a token of seller %s: %w", k.Seller, err)
		}
		s.Tokens = append(s.Tokens, Bearer{
			Seller: k.Seller, ID: k.ID, Name: g.Name, Digest: k.Digest, Scopes: Token{Scopes: g.Scopes}.Allows(), Queues: g.Queues, used: used(k.Seller, k.ID),
		})
	}
	return nil
}

// one is the first secret of a seller for a use.
func (s *Snapshot) one(seller string, use store.KeyUseKind) Secret {
	if keys := s.rings[ring{seller, "", use}]; len(keys) > 0 {
		return keys[0].Secret
	}
	return ""
}

func (s *Snapshot) secrets(e *Endpoint, use store.KeyUseKind) []Secret {
	keys, _ := s.Ring(e, use)
	list := make([]Secret, 0, len(keys))
	for _, k := range keys {
		list = append(list, k.Secret)
	}
	return slices.Clip(list)
}
