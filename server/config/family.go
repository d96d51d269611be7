// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
)

// checkFamilies covers what an endpoint says about its protocol families.
func checkFamilies(f *findings, e *Endpoint, at string) {
	all := family.Names()
	kit, tokens, signed, codes := false, false, false, Serves(e, fulfil.FamilyLicenseCode)
	for k, name := range e.Families {
		path := fmt.Sprintf("%s.families[%d]", at, k)
		switch {
		case !slices.Contains(all, name):
			f.add(path, msgFamily, name, strings.Join(all, ", "))
		case slices.Contains(e.Families[:k], name):
			f.add(path, msgTwice, name)
		}
		kit = kit || family.OfKit(name)
		tokens = tokens || family.Held(name)
		signed = signed || family.Signed(name)
	}
	f.choice(at+".retry", e.Retry, RetrySaas, RetryLicenseOnline)
	f.choice(at+".codes", e.Codes, CodesAdopt, CodesRefuse)
	f.choice(at+".code_expire_zone", e.CodeExpireZone, ZoneUTC, ZoneBeijing)
	f.choice(at+".code_freeze", e.CodeFreeze, FreezeCall, FreezeExpiry)
	f.choice(at+".encrypt_type", e.EncryptType, EncryptAES256, EncryptAES128)
	f.choice(at+".expire_zone", e.ExpireZone, ZoneBeijing, ZoneUTC)
	f.choice(at+".kit_secret_code", e.KitSecretCode, string(resultcode.MobileInvalid), string(resultcode.InvalidParam))
	f.choice(at+".kit_missing_departments", e.KitMissingDepartments, MissingKeep, MissingDelete)
	if e.HoldBudget != 0 {
		f.between(at+".hold_budget", e.HoldBudget, minHold, maxHold)
	}
	for _, activity := range slices.Sorted(maps.Keys(e.Answers)) {
		path := fmt.Sprintf("%s.answers[%s]", at, activity)
		if waits := fulfil.CompletionActivities(); !slices.Contains(waits, activity) {
			f.add(path, msgActivity, activity, strings.Join(waits, ", "))
		}
		f.choice(path, e.Answers[activity], AnswerAccept, AnswerCompletion)
	}
	f.ring(at+".kit_keys", e.KitKeys)
	for k, key := range e.KitPrivateKeys {
		if _, err := RSAKey(key); err != nil {
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

// RSAKey reads a key that decrypts clientSecret, an RSA key of 3072 bits or more in PEM.
func RSAKey(s Secret) (*rsa.PrivateKey, error) {
	key, err := seal.ParsePrivateKey([]byte(s.Reveal()))
	if err != nil {
		return nil, err
	}
	return key, seal.CheckKey(key)
}

// Serves says whether an endpoint serves a family.
func Serves(e *Endpoint, family string) bool {
	return slices.Contains(e.Families, family) || len(e.Families) == 0 && family == fulfil.FamilySaasV2
}
