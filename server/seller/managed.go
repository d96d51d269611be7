// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Setting is a row that the API shows, with what it says.
type Setting[T any] struct {
	Seller    string // whose it is; empty for a provisioner that serves all
	Parent    string // the endpoint of a product
	Name      string
	Value     T
	ManagedBy store.ManagedBy
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ID is the setting's place among those of its kind that were created at the same time.
func (s *Setting[T]) ID() string { return s.Parent + "/" + s.Name }

func settingOf[T any](st *state, x store.SellerSetting) (Setting[T], error) {
	v, err := read[T](x)
	switch v := any(&v).(type) {
	case *Provisioner:
		st.hold(v, x.Seller, x.Name)
	case *Seller:
		st.holds(v, x.Name)
	}
	return Setting[T]{x.Seller, x.Parent, x.Name, v, x.ManagedBy, x.Version, x.CreatedAt, x.UpdatedAt}, err
}

// Act is a change of one setting by a seller.
type Act struct {
	Seller string
	Parent string // the endpoint of a product
	Name   string
	Etag   string // of the setting as the caller knows it; empty for whatever it is
	Dry    bool   // judge the change and write nothing
}

// shown says whether a seller sees a setting. A provisioner of the file is everybody's.
func shown(x *store.SellerSetting, seller string) bool {
	return x.Seller == seller || x.Kind == store.SettingProvisioner && x.Seller == ""
}

// list reads a page of a seller's settings of a kind. value tells what one has in a field of a filter.
func list[T any](ctx context.Context, k *Keeper, kind store.SettingKind, q store.ListQuery, value func(s *Setting[T], field string) string) ([]Setting[T], error) {
	st, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	return listed(st, kind, q, func(x *store.SellerSetting) bool { return shown(x, q.Seller) }, value)
}

// listed is a page of the settings of a kind that the caller sees.
func listed[T any](st *state, kind store.SettingKind, q store.ListQuery, sees func(*store.SellerSetting) bool, value func(s *Setting[T], field string) string) ([]Setting[T], error) {
	var found []Setting[T]
	for _, x := range st.of(kind) {
		if !sees(&x) {
			continue
		}
		s, err := settingOf[T](st, x)
		if err != nil {
			return nil, err
		}
		matches := store.Match(q.Filter, func(field string) string {
			if field == "managed_by" {
				return string(s.ManagedBy)
			}
			return value(&s, field)
		})
		if matches {
			found = append(found, s)
		}
	}
	return store.PageOf(found, q, func(s Setting[T]) store.Cursor { return store.Cursor{CreatedAt: s.CreatedAt, ID: s.ID()} }), nil
}

// get reads one setting. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func get[T any](ctx context.Context, k *Keeper, seller string, key settingKey) (s Setting[T], err error) {
	st, err := k.rows(ctx)
	if err != nil {
		return s, err
	}
	x, err := st.setting(seller, key)
	if err != nil {
		return s, err
	}
	return settingOf[T](st, x)
}

// setting finds what a seller sees. Errors: SETTING_NOT_FOUND.
func (st *state) setting(seller string, key settingKey) (store.SellerSetting, error) {
	x, exists := st.settings[key]
	if !exists || !shown(&x, seller) {
		return x, errs.New(errs.NotFound, errs.SettingNotFound, "%s does not exist", key)
	}
	return x, nil
}

// changeable finds what a seller may change now, in the version that it knows. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH.
func (d *Draft) changeable(seller string, key settingKey, etag string) (store.SellerSetting, error) {
	x, err := d.state.setting(seller, key)
	if err != nil {
		return x, err
	}
	if err := d.managed(x.ManagedBy, key.String()); err != nil {
		return x, err
	}
	return x, versioned(etag, x.Version, key.String())
}

// free refuses a name that is taken, by whomever. Errors: STATE_CONFLICT.
func (d *Draft) free(key settingKey) error {
	if _, taken := d.state.settings[key]; taken {
		return errs.New(errs.Precondition, errs.StateConflict, "%s exists already: choose another name, or update it if it is yours", key)
	}
	return nil
}

// alter makes a change of one setting and returns the setting as it is then.
func alter[T any](ctx context.Context, k *Keeper, key settingKey, dry bool, f func(*Draft) error, tell func(Declared, error) error) (s Setting[T], err error) {
	d, err := k.change(ctx, dry, f, tell)
	if err != nil {
		return s, err
	}
	if s, err = settingOf[T](d.state, d.state.settings[key]); err != nil || dry || !slices.ContainsFunc(d.change.Settings, func(x store.SellerSetting) bool {
		return settingKey{x.Kind, x.Parent, x.Name} == key
	}) {
		return s, err
	}
	s.Version = d.state.revision
	// A row that was there before keeps the time of its creation, also when it had ended.
	if st, err := k.rows(ctx); err == nil && st.settings[key].Version == s.Version {
		s.CreatedAt = st.settings[key].CreatedAt
	}
	return s, nil
}

// Fault is a fault that Deps.Check has found: the place, named as in the file, and what is wrong there with its remedy.
type Fault struct{ Path, Text string }

// faults are the errors of Deps.Check.
type faults interface{ Each() []Fault }

// places say what the caller calls the places of its own setting: by the path of the file, with what stands behind it kept.
type places map[string]string

// of is the caller's name of a place; ok is false for one that is not the caller's. The longest path decides.
func (p places) of(path string) (name string, ok bool) {
	longest := ""
	for at := range p {
		if len(at) > len(longest) && strings.HasPrefix(path, at) && (len(path) == len(at) || path[len(at)] == '.' || path[len(at)] == '[') {
			longest, ok = at, true
		}
	}
	return p[longest] + path[len(longest):], ok
}

// told puts the faults of a change into the caller's words. Those of the setting that changes are INVALID_FIELD, all at once. Those of others,
// which would not be valid any more, are STATE_CONFLICT; what another seller has is not named.
func told(after Declared, err error, seller string, own places) error {
	var found faults
	if !errors.As(err, &found) {
		return err
	}
	e := &errs.Error{Kind: errs.Invalid, Reason: errs.InvalidField, Cause: err}
	var texts, others []string
	for _, f := range found.Each() {
		if path, ok := own.of(f.Path); ok {
			text := f.Text
			if strings.HasSuffix(path, "].secret") {
				text = "is no key that the endpoint can have: of purpose KIT_PRIVATE give an RSA private key of 3072 bits or more in PEM; a key of another purpose is bound to one type of interface, so take one that is in use for no other"
			}
			e.Fields = append(e.Fields, errs.Field{Path: path, Msg: text})
			texts = append(texts, path+": "+text)
			continue
		}
		others = append(others, after.called(f.Path, seller)+" "+f.Text)
	}
	if len(e.Fields) == 0 {
		return errs.Wrap(err, errs.Precondition, errs.StateConflict, "others need what is changed; with the change, %s", strings.Join(cut(others), "; "))
	}
	e.Msg = strings.Join(cut(texts), "; ")
	e.Fields = e.Fields[:min(len(e.Fields), maxFaults)]
	return e
}

// maxFaults bounds how many faults one error tells.
const maxFaults = 20

func cut(list []string) []string {
	if len(list) > maxFaults {
		return append(list[:maxFaults:maxFaults], "and more")
	}
	return list
}

// fresh is what of the faults of a change was not there before; nil for nothing.
func fresh(before Declared, was error, after Declared, err error) error {
	var old, now faults
	if !errors.As(was, &old) || !errors.As(err, &now) {
		return err
	}
	known := make(map[string]bool)
	for _, f := range old.Each() {
		_, place := before.place(f.Path)
		known[place+": "+f.Text] = true
	}
	left := slices.DeleteFunc(now.Each(), func(f Fault) bool {
		_, place := after.place(f.Path)
		return known[place+": "+f.Text]
	})
	if len(left) == 0 {
		return nil
	}
	return freshFaults(left)
}

// freshFaults are those that a change would bring.
type freshFaults []Fault

// Error implements error.
func (l freshFaults) Error() string {
	texts := make([]string, len(l))
	for i, f := range l {
		texts[i] = f.Path + ": " + f.Text
	}
	return strings.Join(texts, "; ")
}

// Each are the faults.
func (l freshFaults) Each() []Fault { return l }

// Paths are the places that have a fault.
func (l freshFaults) Paths() []string {
	paths := make([]string, len(l))
	for i, f := range l {
		paths[i] = f.Path
	}
	return paths
}

// called names a place of the file for a seller.
func (d Declared) called(path, seller string) string {
	owner, place := d.place(path)
	if owner != "" && owner != seller {
		return "what another seller has"
	}
	return place
}

// place names a place of the file by names instead of numbers, and tells whose it is; empty for everybody's.
func (d Declared) place(path string) (owner, place string) {
	head, rest, _ := strings.Cut(path, "]")
	of := func(owner, what string) (string, string) {
		if rest = strings.TrimPrefix(rest, "."); rest != "" {
			what = rest + " of " + what
		}
		return owner, what
	}
	var n int
	switch {
	case scan(head, "endpoints[%d", &n) && n < len(d.Endpoints):
		return of(d.Endpoints[n].Seller, "endpoint "+d.Endpoints[n].Name)
	case scan(head, "sellers[%d", &n) && n < len(d.Sellers):
		return of(d.Sellers[n].Name, "seller "+d.Sellers[n].Name)
	case scan(head, "provisioners[%d", &n) && n < len(d.Provisioners):
		return of(d.Provisioners[n].Seller, "provisioner "+d.Provisioners[n].Name)
	}
	return "", path
}

func scan(text, format string, n *int) bool {
	got, err := fmt.Sscanf(text, format, n)
	return err == nil && got == 1 && *n >= 0
}

// at is where a list has an element.
func at[T any](list []T, name string, is func(T) bool) string {
	return fmt.Sprintf("%s[%d]", name, slices.IndexFunc(list, is))
}
