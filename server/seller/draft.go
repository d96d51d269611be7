// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"strconv"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Draft is a change under way: it sees the rows of one revision and gathers what is to be written. Its methods are the API's: they
// refuse rows that the file manages.
type Draft struct {
	state  *state
	by     store.ManagedBy
	now    time.Time
	sealer Sealer
	newID  func() string

	change store.SellerChange
	steps  []Step
}

// Step is one thing that a change does, for people.
type Step struct {
	Action string // add, change or end
	What   string // names the row; no secrets
}

// The actions of a step.
const (
	StepAdd    = "add"
	StepChange = "change"
	StepEnd    = "end"
)

func (d *Draft) step(action, what string) { d.steps = append(d.steps, Step{action, what}) }

// managed refuses what somebody else manages. Errors: MANAGED_BY_FILE.
func (d *Draft) managed(by store.ManagedBy, what string) error {
	switch {
	case by == d.by:
		return nil
	case by == store.ManagedByFile:
		return errs.New(errs.Precondition, errs.ManagedByFile, "the configuration file manages %s; change it there", what)
	}
	return errs.New(errs.Precondition, errs.StateConflict, "the API manages %s; end it there, or take it out of the configuration file", what)
}

// versioned refuses a change that is based on another version. Errors: ETAG_MISMATCH.
func versioned(etag string, version int64, what string) error {
	if etag != "" && etag != Etag(version) {
		return errs.New(errs.Conflict, errs.EtagMismatch, "%s has changed meanwhile", what)
	}
	return nil
}

// Etag is the etag of a row's version.
func Etag(version int64) string { return strconv.FormatInt(version, 10) }

// put writes a setting when it differs. An etag that is not empty must be that of the present version.
func (d *Draft) put(key settingKey, seller string, v any, etag string) error {
	text, err := document(v)
	if err != nil {
		return err
	}
	have, exists := d.state.settings[key]
	if exists {
		if err := d.managed(have.ManagedBy, key.String()); err != nil {
			return err
		}
	}
	if err := versioned(etag, have.Version, key.String()); err != nil {
		return err
	}
	if exists && have.Seller == seller && have.Document == text {
		return nil
	}
	action := StepChange
	if !exists {
		action = StepAdd
		have = store.SellerSetting{Kind: key.kind, Parent: key.parent, Name: key.name, CreatedAt: d.now}
	}
	have.Seller, have.ManagedBy, have.Document, have.UpdatedAt = seller, d.by, text, d.now
	d.write(have)
	d.step(action, key.String())
	return nil
}

// write puts a setting into the state and into the change, where the last one of a row stands.
func (d *Draft) write(x store.SellerSetting) {
	key := settingKey{x.Kind, x.Parent, x.Name}
	if x.EndedAt.IsZero() {
		d.state.settings[key] = x
	} else {
		delete(d.state.settings, key)
	}
	for i, have := range d.change.Settings {
		if (settingKey{have.Kind, have.Parent, have.Name}) == key {
			d.change.Settings[i] = x
			return
		}
	}
	d.change.Settings = append(d.change.Settings, x)
}

// end ends a setting. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH.
func (d *Draft) end(key settingKey, etag string) error {
	have, exists := d.state.settings[key]
	if !exists {
		return errs.New(errs.NotFound, errs.SettingNotFound, "%s does not exist", key)
	}
	if err := d.managed(have.ManagedBy, key.String()); err != nil {
		return err
	}
	if err := versioned(etag, have.Version, key.String()); err != nil {
		return err
	}
	have.EndedAt, have.UpdatedAt = d.now, d.now
	d.write(have)
	d.step(StepEnd, key.String())
	return nil
}

// PutSeller adds or replaces a seller; its secrets and tokens are keys of their own. Errors: MANAGED_BY_FILE, ETAG_MISMATCH.
func (d *Draft) PutSeller(x Seller, etag string) error {
	return d.put(settingKey{kind: store.SettingSeller, name: x.Name}, x.Name, x, etag)
}

// PutEndpoint adds or replaces an endpoint; its products and keys are rows of their own. Errors: as PutSeller.
func (d *Draft) PutEndpoint(x Endpoint, etag string) error {
	return d.put(settingKey{kind: store.SettingEndpoint, name: x.Name}, x.Seller, x, etag)
}

// PutProduct adds or replaces a product of an endpoint. Errors: as PutSeller, SETTING_NOT_FOUND for the endpoint.
func (d *Draft) PutProduct(endpoint, id string, x Product, etag string) error {
	of := settingKey{kind: store.SettingEndpoint, name: endpoint}
	have, exists := d.state.settings[of]
	if !exists {
		return errs.New(errs.NotFound, errs.SettingNotFound, "%s does not exist", of)
	}
	return d.put(settingKey{store.SettingProduct, endpoint, id}, have.Seller, x, etag)
}

// PutProvisioner adds or replaces a provisioner. Errors: as PutSeller.
func (d *Draft) PutProvisioner(x Provisioner, etag string) error {
	return d.put(settingKey{kind: store.SettingProvisioner, name: x.Name}, x.Seller, x, etag)
}

// EndProduct ends a product. Errors: SETTING_NOT_FOUND, MANAGED_BY_FILE, ETAG_MISMATCH.
func (d *Draft) EndProduct(endpoint, id, etag string) error {
	return d.end(settingKey{store.SettingProduct, endpoint, id}, etag)
}

// EndProvisioner ends a provisioner. Errors: as EndProduct.
func (d *Draft) EndProvisioner(name, etag string) error {
	return d.end(settingKey{kind: store.SettingProvisioner, name: name}, etag)
}

// EndEndpoint ends an endpoint with its products and keys. Errors: as EndProduct.
func (d *Draft) EndEndpoint(name, etag string) error {
	seller := d.state.settings[settingKey{kind: store.SettingEndpoint, name: name}].Seller
	for _, x := range d.state.of(store.SettingProduct) {
		if x.Parent == name {
			if err := d.EndProduct(name, x.Name, ""); err != nil {
				return err
			}
		}
	}
	if err := d.end(settingKey{kind: store.SettingEndpoint, name: name}, etag); err != nil {
		return err
	}
	return d.endKeys(func(k *keyed) bool { return k.Seller == seller && k.ofEndpoint() && k.Owner == name })
}

// EndSeller ends a seller with its endpoints, provisioners, keys and tokens. Errors: as EndProduct.
func (d *Draft) EndSeller(name, etag string) error {
	for _, x := range d.state.of(store.SettingEndpoint) {
		if x.Seller == name {
			if err := d.EndEndpoint(x.Name, ""); err != nil {
				return err
			}
		}
	}
	for _, x := range d.state.of(store.SettingProvisioner) {
		if x.Seller == name {
			if err := d.EndProvisioner(x.Name, ""); err != nil {
				return err
			}
		}
	}
	if err := d.end(settingKey{kind: store.SettingSeller, name: name}, etag); err != nil {
		return err
	}
	return d.endKeys(func(k *keyed) bool { return k.Seller == name })
}
