// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Token is a bearer token that has a name in the records and scopes of its own.
type Token struct {
	Name       string   `koanf:"name" json:"name,omitempty"`
	Secret     Secret   `koanf:"secret" json:"-"`
	SecretFile string   `koanf:"secret_file" json:"-"`
	Scopes     []string `koanf:"scopes" json:"scopes,omitempty"` // what the bearer may do; none means what api_tokens may
	Queues     []string `koanf:"queues" json:"queues,omitempty"` // from which it may lease; none means every queue of workers
}

// Allows lists what the token's bearer may do.
func (t Token) Allows() []access.Scope {
	if len(t.Scopes) == 0 {
		return access.Customary()
	}
	return scopesOf(t.Scopes)
}

func scopesOf(names []string) []access.Scope {
	list := make([]access.Scope, len(names))
	for i, s := range names {
		list[i] = access.Scope(s)
	}
	return list
}

// Certificate is a client's certificate that names its holder, who needs no token. The listener verifies it by its client_ca_file.
type Certificate struct {
	Name    string   `koanf:"name" json:"name,omitempty"`
	Subject string   `koanf:"subject" json:"subject,omitempty"` // a DNS name, URI or mail address of the certificate, or its whole subject by RFC 2253
	Scopes  []string `koanf:"scopes" json:"scopes,omitempty"`   // what the holder may do; one at least
	Queues  []string `koanf:"queues" json:"queues,omitempty"`   // from which it may lease; none means every queue of workers
}

// Allows lists what the certificate's holder may do.
func (c Certificate) Allows() []access.Scope { return scopesOf(c.Scopes) }

// BearerToken is a token of a seller without its secret.
type BearerToken struct {
	store.SellerKey // without Digest
	Name            string
	Scopes          []access.Scope
	Queues          []string
	State           KeyState
}

// shownToken is a token as it stands at a time.
func (k *keyed) shownToken(now time.Time, used func(seller, id string) time.Time) (BearerToken, error) {
	x := k.show(now, used)
	var g grant
	if err := json.Unmarshal([]byte(k.Document), &g); err != nil {
		return BearerToken{}, fmt.Errorf("token %s of seller %s: %w", k.ID, k.Seller, err)
	}
	x.Digest = ""
	return BearerToken{x.SellerKey, g.Name, Token{Scopes: g.Scopes}.Allows(), g.Queues, x.State}, nil
}

// Tokens lists a seller's tokens that have not ended, filtered by name and managed_by. Errors: STORE_UNAVAILABLE.
func (k *Keeper) Tokens(ctx context.Context, q store.ListQuery) ([]BearerToken, error) {
	st, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	now := k.Clock.Now()
	var list []BearerToken
	for _, t := range st.group(q.Seller, "", store.KeyToken) {
		x, err := t.shownToken(now, k.uses.last)
		if err != nil {
			return nil, err
		}
		if store.Match(q.Filter, func(field string) string {
			if field == "name" {
				return x.Name
			}
			return string(x.ManagedBy)
		}) {
			list = append(list, x)
		}
	}
	return store.PageOf(list, q, func(x BearerToken) store.Cursor { return store.Cursor{CreatedAt: x.CreatedAt, ID: x.ID} }), nil
}

// token finds a token. Errors: SETTING_NOT_FOUND.
func (st *state) token(seller, id string) (int, error) {
	i := slices.IndexFunc(st.keys, func(k keyed) bool { return k.Seller == seller && k.ID == id && k.Use == store.KeyToken })
	if i < 0 {
		return 0, errs.New(errs.NotFound, errs.SettingNotFound, "token %s of seller %s does not exist", id, seller)
	}
	return i, nil
}

// Token reads one of a seller's tokens. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) Token(ctx context.Context, seller, id string) (BearerToken, error) {
	st, err := k.rows(ctx)
	if err != nil {
		return BearerToken{}, err
	}
	i, err := st.token(seller, id)
	if err != nil {
		return BearerToken{}, err
	}
	return st.keys[i].shownToken(k.Clock.Now(), k.uses.last)
}

// CreateToken makes a token of 52 characters, which is returned; a dry one has none. by gives it, and gives nothing that it does not hold. Errors:
// SCOPE_NOT_HELD, INVALID_FIELD, STORE_UNAVAILABLE.
func (k *Keeper) CreateToken(ctx context.Context, by access.Principal, t Token, end time.Time, dry bool) (x BearerToken, made Secret, err error) {
	now := k.Clock.Now()
	if err := held(by, t); err != nil {
		return x, "", err
	}
	if !end.IsZero() && !end.After(now) {
		return x, "", errs.BadField("end_time", "must lie ahead")
	}
	t.Secret = newSecret()
	var row keyed
	d, err := k.change(ctx, dry, func(d *Draft) error {
		if _, err := d.AddKey(NewKey{Seller: by.Seller, Use: store.KeyToken, Secret: t.Secret, Token: t, NotAfter: end}); err != nil {
			return err
		}
		row = d.state.keys[len(d.state.keys)-1]
		return nil
	}, func(after Declared, err error) error {
		return told(after, err, by.Seller, after.tokenPlaces(by.Seller, t.Secret))
	})
	if err != nil {
		return x, "", err
	}
	if made = t.Secret; dry {
		made = ""
	} else {
		row.Version = d.state.revision
	}
	x, err = row.shownToken(now, k.uses.last)
	return x, made, err
}

// held refuses to give what the giver does not hold. Errors: SCOPE_NOT_HELD.
func held(by access.Principal, t Token) error {
	for _, s := range t.Allows() {
		if !slices.Contains(by.Scopes, s) {
			e := errs.New(errs.Forbidden, errs.ScopeNotHeld, "scopes: the caller does not hold the scope %s, and gives only what it holds", s)
			e.Meta = map[string]string{errs.MetaScope: string(s)}
			return e
		}
	}
	if len(by.Queues) == 0 || !slices.Contains(t.Allows(), access.Worker) {
		return nil
	}
	if len(t.Queues) == 0 {
		return errs.New(errs.Forbidden, errs.ScopeNotHeld, "queues: the caller may lease from some queues only, so name those that the token gets")
	}
	for _, queue := range t.Queues {
		if !by.Serves(queue) {
			e := errs.New(errs.Forbidden, errs.ScopeNotHeld, "queues: the caller may not lease from queue %s, and gives only what it holds", queue)
			e.Meta = map[string]string{"queue": queue}
			return e
		}
	}
	return nil
}

// tokenPlaces are the places of a token, whose digest stands for its secret.
func (d Declared) tokenPlaces(seller string, secret Secret) places {
	i := slices.IndexFunc(d.Sellers, func(s Seller) bool { return s.Name == seller })
	if i < 0 {
		return nil
	}
	here := at(d.Sellers[i].Tokens, fmt.Sprintf("sellers[%d].tokens", i), func(t Token) bool { return t.Secret == Secret(digestOf(secret)) })
	return places{here + ".name": "name", here + ".scopes": "scopes", here + ".queues": "queues"}
}

// soon is how long a successor must at least count for a token that may manage tokens to go.
const soon = 24 * time.Hour

// EndToken ends a token. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH, STATE_CONFLICT when nobody would be left who may manage
// tokens and force is not set, STORE_UNAVAILABLE.
func (k *Keeper) EndToken(ctx context.Context, a Act, force bool) error {
	_, err := k.change(ctx, a.Dry, func(d *Draft) error {
		i, err := d.state.token(a.Seller, a.Name)
		if err != nil {
			return err
		}
		t := &d.state.keys[i]
		if err := d.managed(t.ManagedBy, keyName(&t.SellerKey)); err != nil {
			return err
		}
		if err := versioned(a.Etag, t.Version, keyName(&t.SellerKey)); err != nil {
			return err
		}
		if !force && t.counts(d.now) && t.manages() && !d.state.othersManage(t, d.now) {
			return errs.New(errs.Precondition, errs.StateConflict,
				"no other token or certificate of the seller could manage tokens from then on: create one with the scope tokens first, or delete this one with force")
		}
		d.endKey(i)
		return nil
	}, func(after Declared, err error) error { return told(after, err, a.Seller, nil) })
	return err
}

// manages says whether a token may manage tokens.
func (k *keyed) manages() bool {
	var g grant
	return k.Use == store.KeyToken && json.Unmarshal([]byte(k.Document), &g) == nil && slices.Contains(Token{Scopes: g.Scopes}.Allows(), access.Tokens)
}

// othersManage says whether somebody else than a token may manage its seller's tokens now and for a day, or for as long as the token itself.
func (st *state) othersManage(than *keyed, now time.Time) bool {
	until := now.Add(soon)
	if !than.NotAfter.IsZero() && than.NotAfter.Before(until) {
		until = than.NotAfter
	}
	for _, k := range st.group(than.Seller, "", store.KeyToken) {
		if k.ID != than.ID && k.counts(now) && k.manages() && (k.NotAfter.IsZero() || !k.NotAfter.Before(until)) {
			return true
		}
	}
	s, err := read[Seller](st.settings[settingKey{kind: store.SettingSeller, name: than.Seller}])
	return err == nil && slices.ContainsFunc(s.Certificates, func(c Certificate) bool { return slices.Contains(c.Allows(), access.Tokens) })
}
