// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/server/fulfil"
)

// The retry profiles: how long the marketplace repeats a failing creation.
const (
	RetrySaas          = "saas"           // 3 h (saas-v2 §8.1, saas-v1 §1)
	RetryLicenseOnline = "license_online" // 2 h (saas-v1 §6)
)

// Endpoint is one production address, /produce/{name}.
type Endpoint struct {
	Name        string             `koanf:"name"`
	Seller      string             `koanf:"seller"`
	Families    []string           `koanf:"families"` // protocol families that are served; empty means saas_v2
	Keys        []Secret           `koanf:"keys"`     // access keys of the base interface, tried in order; two during rotation
	KeyFiles    []string           `koanf:"key_files"`
	BodySign    bool               `koanf:"body_sign"` // sign answers with a Body-Sign header
	Skew        time.Duration      `koanf:"skew"`      // tolerated clock difference, 1s to 10m; 0 means 60s
	Isolate     bool               `koanf:"isolate"`   // refuses calls about this endpoint's instances at the seller's other endpoints
	Products    map[string]Product `koanf:"products"`  // by product ID; "*" stands for all others
	CheckBudget time.Duration      `koanf:"check_budget"`
	CheckPolicy string             `koanf:"check_policy"` // refuse (default) or allow

	CheckReduction string `koanf:"check_reduction"` // a smaller quantity that no worker has judged: refuse (default) or allow
	CreateAppInfo  string `koanf:"create_app_info"` // whether V2's newInstance answers appInfo.frontEndUrl: debug (default), off or always
	ProductInfo    string `koanf:"product_info"`    // of changeInstanceCheck: any (default; also an array or a text), or object

	Pending    string            `koanf:"pending"`     // processing (default) or omit
	Unknown    string            `koanf:"unknown"`     // omit (default) or refuse
	Answers    map[string]string `koanf:"answers"`     // by activity: accept (default) or completion
	Retry      string            `koanf:"retry"`       // saas (default) or license_online
	AnswerText string            `koanf:"answer_text"` // of V2 answers beyond memo: unicode (default) or ascii; V1 is ascii
	InstanceID string            `koanf:"instance_id"` // of new instances: derived from the order line (default), or business
	Codes      string            `koanf:"codes"`       // licence codes that were never seen: adopt (default) or refuse

	// Licence codes.
	CodeExpireZone string `koanf:"code_expire_zone"` // of their expireTime: utc (default) or beijing
	CodeFreeze     string `koanf:"code_freeze"`      // what is shown as frozen: call (default), or expiry, also what has expired

	// The V1.0 generation.
	BodySignRefusals bool `koanf:"body_sign_refusals"` // sign also what callers are answered that were not verified

	EncryptType string        `koanf:"encrypt_type"` // aes256 (default) or aes128
	ExpireZone  string        `koanf:"expire_zone"`  // of expireTime: beijing (default) or utc
	HoldBudget  time.Duration `koanf:"hold_budget"`  // how long a call waits for the provisioner, 1s to 18s; 0 means 15s

	// The Kit.
	KitKeys               []Secret `koanf:"kit_keys"` // keys bound to the Kit; empty means the keys above
	KitKeyFiles           []string `koanf:"kit_key_files"`
	KitPrivateKeys        []Secret `koanf:"kit_private_keys"` // RSA keys of 3072 bits or more in PEM, which decrypt clientSecret
	KitPrivateKeyFiles    []string `koanf:"kit_private_key_files"`
	KitSecretCode         string   `koanf:"kit_secret_code"`         // answer when none does: "000101" (default) or "000002"
	KitMissingDepartments string   `koanf:"kit_missing_departments"` // that a full list does not name: keep (default) or delete
}

// Serves says whether the endpoint serves a family.
func (e *Endpoint) Serves(family string) bool {
	return slices.Contains(e.Families, family) || len(e.Families) == 0 && family == fulfil.FamilySaasV2
}

// The choices of an endpoint's keys; the first is the default.
const (
	EncryptAES256, EncryptAES128             = "aes256", "aes128"
	ZoneBeijing, ZoneUTC                     = "beijing", "utc"
	FreezeCall, FreezeExpiry                 = "call", "expiry"
	MissingKeep, MissingDelete               = "keep", "delete"
	FingerprintOptional, FingerprintRequired = "optional", "required"
)

// The further choices of an endpoint's keys.
const (
	Refuse, Allow                        = "refuse", "allow" // check_policy and check_reduction
	PendingProcessing, PendingOmit       = "processing", "omit"
	UnknownOmit, UnknownRefuse           = "omit", "refuse"
	TextUnicode, TextASCII               = "unicode", "ascii"
	CodesAdopt, CodesRefuse              = "adopt", "refuse"
	AnswerAccept, AnswerCompletion       = "accept", "completion"
	CreateDebug, CreateOff, CreateAlways = "debug", "off", "always"
	ProductInfoAny, ProductInfoObject    = "any", "object"
	InstanceDerived, InstanceBusiness    = "derived", "business"
)

// Bounds of durations.
const (
	minSkew, maxSkew = time.Second, 10 * time.Minute
	maxSyncBudget    = 4500 * time.Millisecond // the marketplace gives up after 5 s (saas-v2 §1)
	minCheckBudget   = 100 * time.Millisecond
	minHold, maxHold = time.Second, 18 * time.Second
)

func (c *Config) checkEndpoints(f *findings) {
	if len(c.Endpoints) == 0 {
		f.add("endpoints", msgNone)
	}
	names := make(map[string]bool)
	for i, e := range c.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		f.name(at+".name", e.Name, names)
		if !slices.ContainsFunc(c.Sellers, func(s Seller) bool { return s.Name == e.Seller }) && f.names("sellers") {
			f.add(at+".seller", msgNoSeller, e.Seller)
		}
		if len(e.Keys) == 0 {
			f.add(at+".keys", msgNone)
		}
		f.ring(at+".keys", e.Keys)
		e.checkFamilies(f, at)
		if e.Skew != 0 {
			f.between(at+".skew", e.Skew, minSkew, maxSkew)
		}
		if e.CheckBudget != 0 {
			f.between(at+".check_budget", e.CheckBudget, minCheckBudget, maxSyncBudget)
		}
		f.choice(at+".check_policy", e.CheckPolicy, Refuse, Allow)
		f.choice(at+".check_reduction", e.CheckReduction, Refuse, Allow)
		f.choice(at+".create_app_info", e.CreateAppInfo, CreateDebug, CreateOff, CreateAlways)
		f.choice(at+".product_info", e.ProductInfo, ProductInfoAny, ProductInfoObject)
		f.choice(at+".instance_id", e.InstanceID, InstanceDerived, InstanceBusiness)
		f.choice(at+".pending", e.Pending, PendingProcessing, PendingOmit)
		f.choice(at+".answer_text", e.AnswerText, TextUnicode, TextASCII)
		f.choice(at+".unknown", e.Unknown, UnknownOmit, UnknownRefuse)
		c.checkProducts(f, at+".products", e)
	}
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

// checkKeyUse holds access keys to what the marketplace allows: a key is bound to one type of interface (second-reading
// C14), so no call of the base interfaces can pass for one of the Kit.
func (c *Config) checkKeyUse(f *findings) {
	base := make(map[Secret]string)
	for i, e := range c.Endpoints {
		for k, key := range e.Keys {
			base[key] = fmt.Sprintf("endpoints[%d].keys[%d]", i, k)
		}
	}
	for i, e := range c.Endpoints {
		for k, key := range e.KitKeys {
			if other, used := base[key]; used && key != "" {
				f.add(fmt.Sprintf("endpoints[%d].kit_keys[%d]", i, k), msgKeyKind, other)
			}
		}
	}
}
