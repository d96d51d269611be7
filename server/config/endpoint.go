// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
)

// The choices of an endpoint's keys; the first is the default.
const (
	encryptAES256, encryptAES128    = "aes256", "aes128"
	zoneBeijing, zoneUTC            = "beijing", "utc"
	freezeCall, freezeExpiry        = "call", "expiry"
	missingKeep, missingDelete      = "keep", "delete"
	fingerprintNot, fingerprintMust = "optional", "required"
	minHold, maxHold                = time.Second, 18 * time.Second
)

// The further choices of an endpoint's keys.
const (
	createDebug, createOff, createAlways = "debug", "off", "always"
	productInfoObject                    = "object"
	instanceDerived, instanceBusiness    = "derived", "business"
)

// checkFamilies covers what an endpoint says about its protocol families.
func (e *Endpoint) checkFamilies(f *findings, at string) {
	all := facade.Families()
	kit, tokens, signed, codes := false, false, false, e.has(fulfil.FamilyLicenseCode)
	for k, name := range e.Families {
		path := fmt.Sprintf("%s.families[%d]", at, k)
		switch {
		case !slices.Contains(all, name):
			f.add(path, msgFamily, name, strings.Join(all, ", "))
		case slices.Contains(e.Families[:k], name):
			f.add(path, msgTwice, name)
		}
		kit = kit || facade.OfKit(name)
		tokens = tokens || facade.Held(name)
		signed = signed || facade.Signed(name)
	}
	f.choice(at+".retry", e.Retry, RetrySaas, RetryLicenseOnline)
	f.choice(at+".codes", e.Codes, "adopt", "refuse")
	f.choice(at+".code_expire_zone", e.CodeExpireZone, zoneUTC, zoneBeijing)
	f.choice(at+".code_freeze", e.CodeFreeze, freezeCall, freezeExpiry)
	f.choice(at+".encrypt_type", e.EncryptType, encryptAES256, encryptAES128)
	f.choice(at+".expire_zone", e.ExpireZone, zoneBeijing, zoneUTC)
	f.choice(at+".kit_secret_code", e.KitSecretCode, string(resultcode.MobileInvalid), string(resultcode.InvalidParam))
	f.choice(at+".kit_missing_departments", e.KitMissingDepartments, missingKeep, missingDelete)
	if e.HoldBudget != 0 {
		f.between(at+".hold_budget", e.HoldBudget, minHold, maxHold)
	}
	for _, activity := range slices.Sorted(maps.Keys(e.Answers)) {
		path := fmt.Sprintf("%s.answers[%s]", at, activity)
		if waits := fulfil.CompletionActivities(); !slices.Contains(waits, activity) {
			f.add(path, msgActivity, activity, strings.Join(waits, ", "))
		}
		f.choice(path, e.Answers[activity], "accept", "completion")
	}
	f.ring(at+".kit_keys", e.KitKeys)
	for k, key := range e.KitPrivateKeys {
		if _, err := secretKey(key); err != nil {
			f.add(fmt.Sprintf("%s.kit_private_keys[%d]", at, k), msgRSA)
		}
	}
	if kit && len(e.KitPrivateKeys) == 0 {
		f.add(at+".kit_private_keys", msgKitKey)
	}
	// A key that no family reads is a mistake: usually the family is missing from families. While an element of families is
	// faulty, it is not known which families are served.
	known := f.sound(at+".families") && !slices.ContainsFunc(f.list, func(p Problem) bool { return strings.HasPrefix(p.Path, at+".families[") })
	only := func(served bool, families string, set map[string]bool) {
		if served || !known {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if set[key] {
				f.add(at+"."+key, msgUnserved, families)
			}
		}
	}
	only(kit, "kit_v1, kit_v2", map[string]bool{
		"kit_keys": len(e.KitKeys) > 0, "kit_private_keys": len(e.KitPrivateKeys) > 0, "kit_secret_code": e.KitSecretCode != "",
		"kit_missing_departments": e.KitMissingDepartments != "",
	})
	only(tokens, "saas_v1, license_v1", map[string]bool{
		"encrypt_type": e.EncryptType != "", "expire_zone": e.ExpireZone != "", "hold_budget": e.HoldBudget != 0,
	})
	only(signed, "saas_v1, license_v1, kit_v1", map[string]bool{"body_sign_refusals": e.BodySignRefusals})
	only(codes, "license_code", map[string]bool{
		"codes": e.Codes != "", "code_expire_zone": e.CodeExpireZone != "", "code_freeze": e.CodeFreeze != "",
	})
}

// ring covers a list of keys of which several are valid at once.
func (f *findings) ring(at string, keys []Secret) {
	for k, key := range keys {
		switch {
		case key == "":
			f.add(fmt.Sprintf("%s[%d]", at, k), msgRequired, "access key")
		case slices.Contains(keys[:k], key):
			f.add(fmt.Sprintf("%s[%d]", at, k), msgKeyTwice)
		}
	}
}

// secretKey reads an RSA key that decrypts clientSecret.
func secretKey(s Secret) (*rsa.PrivateKey, error) {
	key, err := seal.ParsePrivateKey([]byte(s.Reveal()))
	if err != nil {
		return nil, err
	}
	return key, seal.CheckKey(key)
}

// settings are what the handlers need to know of the endpoints. The configuration was checked.
func (c *Config) settings() (map[string]production.Settings, error) {
	all := make(map[string]production.Settings, len(c.Endpoints))
	for _, e := range c.Endpoints {
		s := production.Settings{
			Keys: reveal(e.Keys), EncryptType: seal.AES256, Location: wiretime.Beijing(), SecretCode: resultcode.MobileInvalid,
			DeleteMissingDepartments: e.KitMissingDepartments == missingDelete,
		}
		if e.EncryptType == encryptAES128 {
			s.EncryptType = seal.AES128
		}
		if e.ExpireZone == zoneUTC {
			s.Location = time.UTC
		}
		if e.CodeExpireZone == zoneBeijing {
			s.CodeLocation = wiretime.Beijing()
		}
		switch e.CreateAppInfo {
		case createOff:
			s.CreateAppInfo = production.AppInfoOff
		case createAlways:
			s.CreateAppInfo = production.AppInfoAlways
		}
		if e.KitSecretCode != "" {
			s.SecretCode = resultcode.Code(e.KitSecretCode)
		}
		for _, secret := range e.KitPrivateKeys {
			key, err := secretKey(secret)
			if err != nil {
				return nil, err
			}
			s.Secrets = append(s.Secrets, key)
		}
		all[e.Name] = s
	}
	return all, nil
}
