// SPDX-License-Identifier: Apache-2.0

package seller

import "time"

// Endpoint is one production address, /produce/{name}.
type Endpoint struct {
	// Position is where the endpoint stands among the seller's in the file: usage is signed with a key of the first.
	Position int `json:"position,omitempty"`

	Name        string             `koanf:"name" json:"-"`
	Seller      string             `koanf:"seller" json:"-"`
	Families    []string           `koanf:"families" json:"families,omitempty"` // protocol families that are served; empty means saas_v2
	Keys        []Secret           `koanf:"keys" json:"-"`                      // access keys of the base interface, tried in order; two during rotation
	KeyFiles    []string           `koanf:"key_files" json:"-"`
	BodySign    bool               `koanf:"body_sign" json:"body_sign,omitempty"` // sign answers with a Body-Sign header
	Skew        time.Duration      `koanf:"skew" json:"skew,omitempty"`           // tolerated clock difference, 1s to 10m; 0 means 60s
	Isolate     bool               `koanf:"isolate" json:"isolate,omitempty"`     // refuses calls about this endpoint's instances at the seller's other endpoints
	Products    map[string]Product `koanf:"products" json:"-"`                    // by product ID; "*" stands for all others
	CheckBudget time.Duration      `koanf:"check_budget" json:"check_budget,omitempty"`
	CheckPolicy string             `koanf:"check_policy" json:"check_policy,omitempty"` // refuse (default) or allow

	CheckReduction string `koanf:"check_reduction" json:"check_reduction,omitempty"` // a smaller quantity that no worker has judged: refuse (default) or allow
	CreateAppInfo  string `koanf:"create_app_info" json:"create_app_info,omitempty"` // whether V2's newInstance answers appInfo.frontEndUrl: debug (default), off or always
	ProductInfo    string `koanf:"product_info" json:"product_info,omitempty"`       // of changeInstanceCheck: any (default; also an array or a text), or object

	Pending    string            `koanf:"pending" json:"pending,omitempty"`         // processing (default) or omit
	Unknown    string            `koanf:"unknown" json:"unknown,omitempty"`         // omit (default) or refuse
	Answers    map[string]string `koanf:"answers" json:"answers,omitempty"`         // by activity: accept (default) or completion
	Retry      string            `koanf:"retry" json:"retry,omitempty"`             // saas (default) or license_online
	AnswerText string            `koanf:"answer_text" json:"answer_text,omitempty"` // of V2 answers beyond memo: unicode (default) or ascii; V1 is ascii
	InstanceID string            `koanf:"instance_id" json:"instance_id,omitempty"` // of new instances: derived from the order line (default), or business
	Codes      string            `koanf:"codes" json:"codes,omitempty"`             // licence codes that were never seen: adopt (default) or refuse
	// UnknownInstances is what is done about calls that are about an instance which no row knows; see the constants of package config.
	UnknownInstances string `koanf:"unknown_instances" json:"unknown_instances,omitempty"`

	// Moving over from an old server.
	OldURL string `koanf:"old_url" json:"old_url,omitempty"` // its production address; empty when there is none
	Route  string `koanf:"route" json:"route,omitempty"`     // who gets new orders: own (default), forward to old_url, or shadow: the same, and Koogate computes its own answer and compares

	// Licence codes.
	CodeExpireZone string `koanf:"code_expire_zone" json:"code_expire_zone,omitempty"` // of their expireTime: utc (default) or beijing
	CodeFreeze     string `koanf:"code_freeze" json:"code_freeze,omitempty"`           // what is shown as frozen: call (default), or expiry, also what has expired

	// The V1.0 generation.
	BodySignRefusals bool `koanf:"body_sign_refusals" json:"body_sign_refusals,omitempty"` // sign also what callers are answered that were not verified

	EncryptType string        `koanf:"encrypt_type" json:"encrypt_type,omitempty"` // aes256 (default) or aes128
	ExpireZone  string        `koanf:"expire_zone" json:"expire_zone,omitempty"`   // of expireTime: beijing (default) or utc
	HoldBudget  time.Duration `koanf:"hold_budget" json:"hold_budget,omitempty"`   // how long a call waits for the provisioner, 1s to 18s; 0 means 15s

	// The Kit.
	KitKeys               []Secret `koanf:"kit_keys" json:"-"` // keys bound to the Kit; empty means the keys above
	KitKeyFiles           []string `koanf:"kit_key_files" json:"-"`
	KitPrivateKeys        []Secret `koanf:"kit_private_keys" json:"-"` // RSA keys of 3072 bits or more in PEM, which decrypt clientSecret
	KitPrivateKeyFiles    []string `koanf:"kit_private_key_files" json:"-"`
	KitSecretCode         string   `koanf:"kit_secret_code" json:"kit_secret_code,omitempty"`                 // answer when none does: "000101" (default) or "000002"
	KitMissingDepartments string   `koanf:"kit_missing_departments" json:"kit_missing_departments,omitempty"` // that a full list does not name: keep (default) or delete
}
